#include "backend/renode/engine.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "backend/emulator_output.hpp"
#include "base/log.hpp"

namespace virserver::backend::renode {

using namespace std::chrono_literals;

namespace {
constexpr auto log_interval = 100ms;              // a guest can make thousands of lines a second
constexpr std::size_t log_piece = 256 * 1024;     // looked at each time; what came beyond it is left out
}  // namespace

RenodeEngine::RenodeEngine(asio::any_io_executor executor, std::unique_ptr<process::EngineProcess> process, Options options)
    : executor_(executor), process_(std::move(process)), options_(std::move(options)), scope_(executor, "renode engine"),
      robot_(executor, [this](std::chrono::milliseconds timeout) { return process_->dial(options_.run.ports.robot, timeout); }),
      output_(options_.console_dir, "emulator"), log_at_(options_.run.output_offset), log_grew_(executor) {
  process_->on_emulator_output = [this] {
    log_fresh_ = true;
    log_grew_.cancel();
  };
}

std::string RenodeEngine::read_output() const { return emulator_output(options_.console_dir, options_.run.output_offset); }

Task<Result<void>> RenodeEngine::connect(std::chrono::milliseconds timeout) {
  watching_ = true;
  scope_.spawn(watch_exit());
  scope_.spawn(follow_log());
  Command first("version");
  auto answer = co_await robot_.execute(std::move(first), timeout);
  if (answer) co_return Result<void>{};
  const bool ended = co_await wait_ended(answer.error().code == ErrorCode::ENGINE_TIMEOUT ? 0ms : 2000ms);
  Error error = std::move(answer.error());
  if (ended) error = Error{ErrorCode::ENGINE_START_FAILED, fmt::format("Renode did not start: {}", report_->message)};
  else if (error.code == ErrorCode::ENGINE_TIMEOUT) error.message = fmt::format("Renode did not start within {} ms", timeout.count());
  error.details["output"] = read_output();
  if (ended && report_->signal) error.details["signal"] = *report_->signal;
  co_return fail(std::move(error));
}

Task<Result<void>> RenodeEngine::perform(std::vector<Step> steps, std::chrono::milliseconds timeout) {
  for (auto& step : steps) {
    const std::string line = step.command.line();
    auto answer = co_await robot_.execute(std::move(step.command), timeout);
    if (!answer && step.may_lack_download && answer.error().code == ErrorCode::UNSUPPORTED_BY_BACKEND && answer.error().message.contains("Failed to download")) continue;
    std::string wrong;
    if (!answer) wrong = answer.error().message;
    else if (step.expect && *answer != *step.expect) wrong = fmt::format("it was to answer {} and said {}", *step.expect, answer->substr(0, 100));
    if (wrong.empty()) continue;
    const bool over = !answer && answer.error().code != ErrorCode::UNSUPPORTED_BY_BACKEND;
    Error error{over ? answer.error().code : ErrorCode::ENGINE_START_FAILED, fmt::format("Renode could not set the board up, at `{}`: {}", line, wrong), {{"output", read_output()}}};
    co_return fail(std::move(error));
  }
  time_ns_ = 0;  // nothing has run yet
  co_return Result<void>{};
}

Task<Result<void>> RenodeEngine::ask_state() {
  Command command("emulation IsStarted");
  auto answer = co_await execute(std::move(command));
  if (!answer) co_return pass(answer);
  started_ = true;
  paused_ = *answer != "True";
  co_await end_span();  // that nobody waits for any more; an engine of an older server has no such thing
  co_return Result<void>{};
}

std::uint64_t RenodeEngine::memory_behind(std::uint64_t address) const {
  for (const auto& region : options_.memory)
    if (address >= region.address && address - region.address < region.size) return region.size - (address - region.address);
  return 0;
}
bool RenodeEngine::is_device(std::uint64_t address, std::size_t size) const {
  return std::ranges::any_of(options_.devices, [&](const DeviceRegion& r) { return address >= r.address && address - r.address < r.size && size <= r.size - (address - r.address); });
}

void RenodeEngine::debugger_came() {
  debugged_ = started_ = true;
  paused_ = false;
}

Task<bool> RenodeEngine::wait_ended(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto watch = ended_.watch(executor_);
  while (!report_ && !scope_.stopping()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left <= 0ms) break;
    co_await watch->wait(left);
  }
  co_return report_.has_value();
}

Task<> RenodeEngine::watch_exit() {
  const auto status = co_await process_->wait_exit();
  if (scope_.stopping()) co_return;
  read_log();
  report_ = explain_exit(status, witness_, read_output());
  paused_ = false;
  EngineEvent event{EngineEvent::Kind::exited, report_->message, report_};
  outbox_.put(std::move(event));
  ended_.notify();
}

Task<> RenodeEngine::follow_log() {
  while (!scope_.stopping() && !report_) {
    log_grew_.expires_at(log_fresh_ ? std::chrono::steady_clock::now() : asio::steady_timer::time_point::max());
    if (!log_fresh_) co_await log_grew_.async_wait(tuple_awaitable);
    if (scope_.stopping() || report_) co_return;
    log_fresh_ = false;
    read_log();
    asio::steady_timer rest(executor_, log_interval);
    co_await rest.async_wait(tuple_awaitable);
  }
}

void RenodeEngine::read_log() {
  const auto end = output_.end();
  if (end > log_at_ + log_piece) {
    log_at_ = end - log_piece;
    log_.forget_partial();
  }
  auto chunk = output_.read(log_at_, log_piece);
  if (!chunk || chunk->bytes.empty()) return;
  if (chunk->offset != log_at_) log_.forget_partial();
  log_at_ = chunk->offset + chunk->bytes.size();
  auto news = log_.add(as_text(chunk->bytes));
  if (!started_) return;  // what a platform says while it is loaded is not the guest's doing
  if (!news.accesses.empty()) {
    EngineEvent event{EngineEvent::Kind::access, "", std::nullopt, std::move(news.accesses)};
    outbox_.put(std::move(event));
  }
  // Our own were told when they were done.
  if (std::chrono::steady_clock::now() > own_resets_until_) own_resets_ = 0;
  const unsigned own = std::min(own_resets_, news.resets);
  own_resets_ -= own;
  if (news.resets > own) {
    EngineEvent event{EngineEvent::Kind::reset, "", std::nullopt};
    outbox_.put(std::move(event));
  }
  if (news.abort && !ending_aborted_ && !report_) {
    if (debugged_) {
      warn(fmt::format("the processor cannot go on: {}", news.abort->text));
    } else {
      ending_aborted_ = true;
      scope_.spawn(end_aborted(std::move(*news.abort)));
    }
  }
}

// Time stands still for a processor that was aborted, and nothing but a reset brings it back. As on other emulators that is
// the end of the run, with its registers.
Task<> RenodeEngine::end_aborted(Abort abort) {
  witness_.abort = abort.text;
  if (!options_.cpus.empty()) {
    Command command = Command(options_.cpus.front()).word("GetRegistersValues");
    auto text = co_await robot_.execute(std::move(command), options_.command_timeout);
    if (text) witness_.registers = text->substr(0, 8192);
  }
  if (!report_) co_await process_->kill();
}

void RenodeEngine::warn(std::string message) {
  EngineEvent event{EngineEvent::Kind::warning, std::move(message), std::nullopt};
  outbox_.put(std::move(event));
}

void RenodeEngine::set_paused(bool paused) {
  if (paused_ == paused || report_) return;
  paused_ = paused;
  EngineEvent event{paused ? EngineEvent::Kind::paused : EngineEvent::Kind::running, "", std::nullopt};
  outbox_.put(std::move(event));
}

Error RenodeEngine::ended_error() const {
  return Error{ErrorCode::ENGINE_DIED, fmt::format("the emulator has ended: {}", report_ ? report_->message : "its connection is gone")};
}

// A Renode that does not answer is of no use to anybody: it is killed, and its exit says why.
Task<Result<std::string>> RenodeEngine::answered(Result<std::string> answer) {
  if (answer) co_return answer;
  const auto code = answer.error().code;
  if (report_ || code == ErrorCode::ENGINE_DIED) {
    co_await wait_ended(500ms);
    Error error = ended_error();
    co_return fail(std::move(error));
  }
  if (code == ErrorCode::ENGINE_TIMEOUT || code == ErrorCode::ENGINE_PROTOCOL) {
    witness_.why_killed = fmt::format("the emulator was ended because it could not be controlled any more: {}", answer.error().message);
    co_await process_->kill();
  }
  co_return answer;
}

Task<Result<std::string>> RenodeEngine::execute(Command command) {
  if (report_) co_return fail(ended_error());
  auto answer = co_await robot_.execute(std::move(command), options_.command_timeout);
  co_return co_await answered(std::move(answer));
}

Task<Result<std::string>> RenodeEngine::monitor(std::string line) {
  if (report_) co_return fail(ended_error());
  auto answer = co_await robot_.execute_line(std::move(line), options_.command_timeout);
  co_return co_await answered(std::move(answer));
}

Task<Result<void>> RenodeEngine::pause() {
  if (paused_ && !report_) co_return Result<void>{};
  Command command("pause");
  auto answer = co_await execute(std::move(command));
  if (!answer) co_return pass(answer);
  set_paused(true);
  co_return Result<void>{};
}

Task<Result<void>> RenodeEngine::resume() {
  if (!paused_ && !report_) co_return Result<void>{};
  started_ = true;
  Command command("start");
  auto answer = co_await execute(std::move(command));
  if (!answer) co_return pass(answer);
  devices_changed();  // maybe, even if it stands again before anybody looks
  set_paused(false);
  co_return Result<void>{};
}

Task<Result<void>> RenodeEngine::reset() {
  auto done = co_await reset_only();
  if (!done) co_return done;
  co_return co_await resume();
}

Task<Result<void>> RenodeEngine::reset_only() {
  Command command("machine Reset");
  ++own_resets_;
  own_resets_until_ = std::chrono::steady_clock::now() + options_.command_timeout;
  auto answer = co_await execute(std::move(command));
  if (!answer) {
    own_resets_ -= std::min(own_resets_, 1u);
    co_return pass(answer);
  }
  EngineEvent event{EngineEvent::Kind::reset, "", std::nullopt};
  outbox_.put(std::move(event));
  co_return Result<void>{};
}

Task<Result<Observation>> RenodeEngine::observe() {
  Observation observation;
  const int rounds = paused_ ? 1 : 8;
  asio::steady_timer timer(executor_);
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < options_.cpus.size(); ++i) {
      Command command = Command(options_.cpus[i]).word("PC");
      auto text = co_await execute(std::move(command));
      if (!text) co_return pass(text);
      ProcessorSample sample;
      sample.index = static_cast<unsigned>(i);
      sample.pc = parse_u64(*text);
      if (sample.pc) sample.registers["pc"] = *sample.pc;
      observation.samples.push_back(std::move(sample));
    }
    timer.expires_after(6ms);
    if (round + 1 < rounds) co_await timer.async_wait(tuple_awaitable);
  }
  read_log();
  observation.watched = true;
  observation.accesses = log_.accesses();
  observation.further_accesses = log_.left_out();
  co_return observation;
}

Task<> RenodeEngine::power_off(std::chrono::milliseconds grace) {
  if (!report_) {
    witness_.we_ended_it = true;
    process_->terminate();
    bool gone = co_await wait_ended(std::max(grace, 1ms));
    if (!gone) co_await process_->kill();
    co_await wait_ended(10'000ms);
  }
  outbox_.flush();
}

Task<> RenodeEngine::stop() {
  process_->on_emulator_output = nullptr;
  co_await robot_.stop();
  co_await scope_.stop();
  co_await process_->stop();
}

}  // namespace virserver::backend::renode
