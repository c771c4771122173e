#include "backend/skyeye/engine.hpp"

#include <boost/json.hpp>

#include "backend/emulator_output.hpp"
#include "backend/engine_files.hpp"
#include "backend/skyeye/slow_input.hpp"
#include "base/log.hpp"

namespace virserver::backend::skyeye {

using namespace std::chrono_literals;

namespace {
constexpr std::size_t output_piece = 64 * 1024;
constexpr auto dial_timeout = 5s;
constexpr auto end_grace = 500ms;  // it ends 2 ms after SIGTERM
}  // namespace

SkyEyeEngine::SkyEyeEngine(asio::any_io_executor executor, std::unique_ptr<process::EngineProcess> process, Options options)
    : executor_(executor), options_(std::move(options)), scope_(executor, "skyeye engine"),
      cli_(executor, [this](std::string bytes) {
        const auto view = as_bytes(bytes);
        return process_->write("emulator", Bytes(view.begin(), view.end()));
      }),
      output_(options_.sandbox.console_dir, "emulator"), output_at_(options_.run.output_offset) {
  adopt_process(std::move(process));
}

void SkyEyeEngine::adopt_process(std::unique_ptr<process::EngineProcess> process) {
  if (process_) process->on_output = std::move(process_->on_output);
  process_ = std::move(process);
  process_->on_emulator_output = [this] { read_output(); };
  scope_.spawn(watch_exit());
  read_output();
}

void SkyEyeEngine::read_output() {
  for (;;) {
    auto chunk = output_.read(output_at_, output_piece);
    if (!chunk || chunk->bytes.empty()) return;
    output_at_ = chunk->offset + chunk->bytes.size();
    cli_.heard(as_text(chunk->bytes));
  }
}

std::string SkyEyeEngine::all_output() const { return emulator_output(options_.sandbox.console_dir, options_.run.output_offset); }

Task<bool> SkyEyeEngine::wait_ended(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto watch = ended_.watch(executor_);
  while (!gone_ && !scope_.stopping()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left <= 0ms) break;
    co_await watch->wait(left);
  }
  co_return gone_;
}

Task<> SkyEyeEngine::watch_exit() {
  gone_ = false;
  const auto status = co_await process_->wait_exit();
  if (scope_.stopping()) co_return;
  read_output();
  cli_.close();
  gone_ = true;
  if (!restarting_) over(explain_exit(status, witness_, all_output()));
  ended_.notify();
}

void SkyEyeEngine::over(ExitReport report) {
  report_ = std::move(report);
  paused_ = false;
  EngineEvent event{EngineEvent::Kind::exited, report_->message, report_};
  outbox_.put(std::move(event));
}

Error SkyEyeEngine::ended_error() const {
  return Error{ErrorCode::ENGINE_DIED, fmt::format("the emulator has ended: {}", report_ ? report_->message : "it did not say why")};
}

Result<void> SkyEyeEngine::keep_state() { return write_engine_file(options_.sandbox.engine_dir / state_file, as_bytes(to_text(options_.run))); }

Task<Result<void>> SkyEyeEngine::start() {
  // In one go: an exchange of its own for each is a twentieth of the time that a start takes.
  auto answer = co_await cli_.execute(options_.debugger ? "start\nremote-gdb" : "start", options_.start_timeout);
  if (const std::string wrong = answer ? start_complaint(answer->text) : answer.error().message; !wrong.empty()) {
    Error error{ErrorCode::ENGINE_START_FAILED, fmt::format("SkyEye did not start the board: {}", wrong), {}};
    if (!answer && answer.error().code == ErrorCode::ENGINE_TIMEOUT) error.code = ErrorCode::ENGINE_TIMEOUT;
    if (!answer && co_await wait_ended(2000ms) && report_) error.message = fmt::format("SkyEye did not start the board: {}", report_->message);
    error.details["output"] = shown_output(all_output());
    if (report_ && report_->signal) error.details["signal"] = *report_->signal;
    co_return fail(std::move(error));
  }
  options_.run.stub = options_.debugger;
  paused_ = true;
  started_ = false;
  co_return keep_state();
}

Task<Result<void>> SkyEyeEngine::take_over() {
  auto state = co_await command("");
  if (!state) co_return pass(state);
  started_ = true;
  paused_ = !state->running;
  co_return Result<void>{};
}

// A SkyEye that does not answer is of no use to anybody: it is killed, and its exit says why.
Task<Result<Cli::Answer>> SkyEyeEngine::command(std::string line) {
  if (report_) co_return fail(ended_error());
  auto answer = co_await cli_.execute(std::move(line), options_.command_timeout);
  if (answer || restarting_) co_return answer;
  if (answer.error().code == ErrorCode::ENGINE_TIMEOUT) {
    witness_.why_killed = fmt::format("the emulator was ended because it could not be controlled any more: {}", answer.error().message);
    co_await process_->kill();
  }
  if (co_await wait_ended(1000ms)) co_return fail(ended_error());
  co_return answer;
}

Task<Result<void>> SkyEyeEngine::type(std::string console, Bytes bytes) {
  const auto work = input_gap(options_.plan);
  if (work == 0ms) co_return co_await process_->write(std::move(console), std::move(bytes));
  const auto lock = co_await typing_.lock();
  co_return co_await type_slowly(*process_, options_.sandbox.engine_dir, std::move(console), std::move(bytes), work);
}

Task<Result<Fd>> SkyEyeEngine::dial_stub() { co_return co_await process_->dial(stub_port, dial_timeout); }

void SkyEyeEngine::set_paused(bool paused) {
  if (paused_ == paused || report_) return;
  paused_ = paused;
  EngineEvent event{paused ? EngineEvent::Kind::paused : EngineEvent::Kind::running, "", std::nullopt};
  outbox_.put(std::move(event));
}

Task<Result<void>> SkyEyeEngine::pause() {
  if (paused_ && !report_) co_return Result<void>{};
  auto answer = co_await command("stop");
  if (!answer) co_return pass(answer);
  set_paused(true);
  co_return Result<void>{};
}

Task<Result<void>> SkyEyeEngine::resume() {
  if (!paused_ && !report_) co_return Result<void>{};
  auto answer = co_await command(started_ ? "continue" : "run");
  if (!answer) co_return pass(answer);
  started_ = true;
  set_paused(false);
  co_return Result<void>{};
}

Task<Result<void>> SkyEyeEngine::reset() { co_return co_await restart(false); }

// Of what is kept, only the files and the offsets of the consoles are the same.
Task<Result<void>> SkyEyeEngine::restart(bool stand) {
  if (report_) co_return fail(ended_error());
  if (restarting_) co_return fail(ErrorCode::CONFLICT, "the board is being reset already");
  restarting_ = true;
  auto done = co_await next_process();
  restarting_ = false;
  if (done && !stand) {
    auto answer = co_await command("run");
    if (!answer) done = pass(answer);
    else started_ = true;
  }
  if (!done) {
    if (report_) co_return done;  // ended while it was started, and told so
    co_await process_->kill();
    ExitReport report;
    report.message = fmt::format("the board could not be reset: {}", done.error().message);
    report.output = shown_output(all_output());
    if (!report_) over(std::move(report));
    co_return done;
  }
  if (on_reset) on_reset();
  EngineEvent event{EngineEvent::Kind::reset, "", std::nullopt};
  outbox_.put(std::move(event));
  if (!stand) set_paused(false);
  co_return Result<void>{};
}

Task<Result<void>> SkyEyeEngine::next_process() {
  process_->terminate();
  bool gone = co_await wait_ended(end_grace);
  if (!gone) co_await process_->kill();
  gone = co_await wait_ended(5000ms);
  if (!gone) co_return fail(ErrorCode::ENGINE_TIMEOUT, "the emulator does not end");
  process_->on_emulator_output = nullptr;
  co_await process_->stop();
  std::vector<std::pair<std::string, std::uint64_t>> offsets{{"emulator", output_.end()}};
  for (const auto& console : options_.plan.consoles) offsets.emplace_back(console.name, process::ConsoleLog(options_.sandbox.console_dir, console.name).end());
  options_.run = {output_.end(), false};
  auto prepared = co_await options_.prepare(options_.sandbox);
  if (!prepared) co_return pass(prepared);
  output_at_ = options_.run.output_offset;
  cli_.open();
  gone_ = false;
  adopt_process(std::move(*prepared));
  auto exec = exec_spec(options_.plan, offsets);
  auto started = co_await process_->exec(std::move(exec));
  if (!started) co_return started;
  co_return co_await start();
}

Task<> SkyEyeEngine::power_off(std::chrono::milliseconds grace) {
  if (!report_) {
    witness_.we_ended_it = true;
    process_->terminate();
    const bool gone = co_await wait_ended(std::max(grace, 1ms));
    if (!gone) co_await process_->kill();
    co_await wait_ended(10'000ms);
  }
  outbox_.flush();
}

Task<> SkyEyeEngine::stop() {
  process_->on_emulator_output = nullptr;
  cli_.close();
  co_await scope_.stop();
  co_await process_->stop();
}

}  // namespace virserver::backend::skyeye
