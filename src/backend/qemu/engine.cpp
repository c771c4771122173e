#include "backend/qemu/engine.hpp"

#include <boost/json.hpp>

#include "backend/emulator_output.hpp"
#include "base/log.hpp"
#include "process/console_log.hpp"

namespace virserver::backend::qemu {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {
constexpr auto reset_interval = 100ms;  // reset loops make thousands of events a second
constexpr std::chrono::milliseconds stir_after[] = {0ms, 5ms, 20ms, 80ms, 250ms};
constexpr auto stir_every = 500ms;
constexpr auto stir_for = 30s;  // after the last input
constexpr auto shutdown_grace = 1s;
}  // namespace

QemuEngine::QemuEngine(asio::any_io_executor executor, std::unique_ptr<process::EngineProcess> process, Options options)
    : executor_(executor), process_(std::move(process)), options_(std::move(options)), scope_(executor, "qemu engine"),
      reset_seen_(executor), stir_(executor) {
  reset_seen_.expires_at(asio::steady_timer::time_point::max());
  witness_.semihosting = options_.semihosting;
}

std::string QemuEngine::read_output() const { return emulator_output(options_.console_dir, options_.output_offset); }

Task<Result<void>> QemuEngine::connect(std::chrono::milliseconds timeout) {
  watching_ = true;
  scope_.spawn(watch_exit());
  std::optional<Error> failure;
  auto socket = co_await process_->dial(std::string("qmp"), timeout);
  if (!socket) {
    failure = std::move(socket.error());
  } else {
    qmp_ = std::make_unique<QmpClient>(executor_, std::move(*socket));
    qmp_->on_event = [this](std::string_view name, const json::object& data) { on_qmp(name, data); };
    auto ready = co_await qmp_->handshake(timeout);
    if (ready) {
      auto state = co_await command("query-status");
      if (state) {
        const auto* object = state->if_object();
        const auto* running = object ? object->if_contains("running") : nullptr;
        if (running && running->is_bool() && !paused_) paused_ = !running->get_bool();
      } else {
        failure = std::move(state.error());
      }
    } else {
      failure = std::move(ready.error());
    }
  }
  if (!failure) {
    if (options_.guest_log) {
      watch_ = std::make_unique<GuestWatch>(executor_, *qmp_, process::ConsoleLog(options_.console_dir, GuestWatch::console), options_.watch);
      watch_->running = [this] { return !paused_ && !report_ && !witness_.shutdown; };
      watch_->on_new = [this](std::vector<GuestAccess> fresh) {
        EngineEvent event{EngineEvent::Kind::access, "", std::nullopt, std::move(fresh)};
        outbox_.put(std::move(event));
      };
    }
    co_return Result<void>{};
  }

  // It may simply be over: a guest can end within a millisecond. The exit status tells.
  const bool ended = co_await wait_ended(failure->code == ErrorCode::ENGINE_TIMEOUT ? 0ms : 2000ms);
  if (!ended) {
    Error error = *failure;
    error.details["output"] = read_output();
    co_return std::unexpected(std::move(error));
  }
  const bool by_guest = report_->cause == ExitCause::guest_exit || report_->cause == ExitCause::guest_shutdown ||
                        report_->cause == ExitCause::lockup || report_->cause == ExitCause::guest_panic;
  if (by_guest) co_return Result<void>{};
  Error error{ErrorCode::ENGINE_START_FAILED, fmt::format("the emulator did not start: {}", report_->message), {{"output", report_->output}}};
  if (report_->signal) error.details["signal"] = *report_->signal;
  co_return std::unexpected(std::move(error));
}

Task<bool> QemuEngine::wait_ended(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto watch = ended_.watch(executor_);
  while (!report_ && !scope_.stopping()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left <= 0ms) break;
    co_await watch->wait(left);
  }
  co_return report_.has_value();
}

Task<> QemuEngine::watch_exit() {
  status_ = co_await process_->wait_exit();
  if (scope_.stopping()) co_return;
  // Its last events may still be on their way through the socket.
  if (qmp_ && !qmp_->closed()) {
    json::object none;
    co_await qmp_->execute("query-status", std::move(none), 200ms);
  }
  report_ = explain_exit(status_, witness_, read_output());
  paused_ = false;
  EngineEvent event{EngineEvent::Kind::exited, report_->message, report_};
  outbox_.put(std::move(event));
  ended_.notify();
  reset_seen_.cancel();
}

void QemuEngine::warn(std::string message) {
  EngineEvent event{EngineEvent::Kind::warning, std::move(message), std::nullopt};
  outbox_.put(std::move(event));
}

void QemuEngine::set_paused(bool paused) {
  if (paused_ == paused || report_) return;
  paused_ = paused;
  EngineEvent event{paused ? EngineEvent::Kind::paused : EngineEvent::Kind::running, "", std::nullopt};
  outbox_.put(std::move(event));
}

void QemuEngine::on_qmp(std::string_view name, const json::object& data) {
  auto word = [&data](std::string_view key) {
    const auto* value = data.if_contains(key);
    return value && value->is_string() ? std::string(std::string_view(value->get_string()).substr(0, 100)) : std::string();
  };
  if (name == "STOP") {
    if (hiding_ == Hiding::stop) hiding_ = Hiding::resume;
    else if (!witness_.shutdown) set_paused(true);
  } else if (name == "RESUME") {
    hiding_ = Hiding::nothing;
    set_paused(false);
  } else if (name == "RESET") {
    ++resets_;
    if (on_reset) on_reset();
    reset_seen_.cancel();
    if (!reset_pending_) {
      reset_pending_ = true;
      scope_.spawn(announce_reset());
    }
  } else if (name == "SHUTDOWN") {
    witness_.shutdown = word("reason");
    stir_.cancel();
    scope_.spawn(finish_shutdown());
  } else if (name == "GUEST_PANICKED") {
    witness_.panicked = true;
    warn("the guest reported a panic");
  }
}

// QEMU 7.2 can wait for itself for ever when a QMP command arrives while it shuts down (in monitor_cleanup). The guest
// is over by then, and all it wrote is in the logs.
Task<> QemuEngine::finish_shutdown() {
  const bool ended = co_await wait_ended(shutdown_grace);
  if (!ended && !scope_.stopping()) co_await process_->kill();
}

Task<> QemuEngine::announce_reset() {
  const auto next = last_reset_event_ + reset_interval;
  if (std::chrono::steady_clock::now() < next) {
    asio::steady_timer timer(executor_, next);
    co_await timer.async_wait(tuple_awaitable);
  }
  reset_pending_ = false;
  if (scope_.stopping() || report_) co_return;
  last_reset_event_ = std::chrono::steady_clock::now();
  EngineEvent event{EngineEvent::Kind::reset, "", std::nullopt};
  outbox_.put(std::move(event));
}

Error QemuEngine::ended_error() const {
  return Error{ErrorCode::ENGINE_DIED, fmt::format("the emulator has ended: {}", report_ ? report_->message : "its connection is gone")};
}

// A QEMU that does not answer is of no use to anybody: it is killed, and its exit says why.
Task<Result<json::value>> QemuEngine::command(std::string name) {
  json::object none;
  co_return co_await execute(std::move(name), std::move(none));
}

Task<Result<json::value>> QemuEngine::execute(std::string name, json::object arguments) {
  if (report_ || !qmp_) {
    Error error = ended_error();
    co_return std::unexpected(std::move(error));
  }
  auto answer = co_await qmp_->execute(name, std::move(arguments), options_.command_timeout);
  if (answer) co_return answer;
  if (report_) {
    Error error = ended_error();
    co_return std::unexpected(std::move(error));
  }
  const auto code = answer.error().code;
  if (code == ErrorCode::ENGINE_TIMEOUT || code == ErrorCode::ENGINE_PROTOCOL) {
    witness_.why_killed = fmt::format("the emulator was ended because it could not be controlled any more: {}", answer.error().message);
    co_await process_->kill();
  }
  co_return answer;
}

Task<Result<void>> QemuEngine::type(std::string console, Bytes bytes) {
  ++typing_;
  stir();
  auto written = co_await process_->write(std::move(console), std::move(bytes));
  --typing_;
  stir();
  co_return written;
}

// QEMU asks a UART whether it takes input only when its main loop turns. On some UARTs (CMSDK, nRF51) a guest that
// enables its receiver does not turn the loop, and what was typed waits for ever. Any command turns it.
void QemuEngine::stir() {
  last_input_ = std::chrono::steady_clock::now();
  stirred_ = 0;
  stir_.cancel();
  if (stirring_ || report_ || scope_.stopping()) return;
  stirring_ = true;
  scope_.spawn(keep_stirring());
}

Task<> QemuEngine::keep_stirring() {
  while (!report_ && !scope_.stopping() && qmp_ && !qmp_->closed()) {
    if (typing_ == 0 && std::chrono::steady_clock::now() > last_input_ + stir_for) break;
    stir_.expires_after(stirred_ < std::size(stir_after) ? stir_after[stirred_] : stir_every);
    co_await stir_.async_wait(tuple_awaitable);
    ++stirred_;
    if (report_ || scope_.stopping() || witness_.shutdown) break;
    json::object none;
    co_await qmp_->execute("query-status", std::move(none), options_.command_timeout);
  }
  stirring_ = false;
}

Task<Result<void>> QemuEngine::pause() {
  if (paused_ && !report_) co_return Result<void>{};
  auto answer = co_await command("stop");
  if (!answer) co_return pass(answer);
  set_paused(true);
  co_return Result<void>{};
}

Task<Result<void>> QemuEngine::resume() {
  if (!paused_ && !report_) co_return Result<void>{};
  auto answer = co_await command("cont");
  if (!answer) co_return pass(answer);
  set_paused(false);
  co_return Result<void>{};
}

Task<Result<void>> QemuEngine::reset() {
  auto done = co_await reset_only();
  if (!done) co_return done;
  co_return co_await resume();
}

Task<Result<void>> QemuEngine::reset_only() {
  const auto before = resets_;
  auto answer = co_await command("system_reset");
  if (!answer) co_return pass(answer);
  const auto deadline = std::chrono::steady_clock::now() + options_.command_timeout;
  while (resets_ == before && !report_) {
    if (std::chrono::steady_clock::now() >= deadline)
      co_return fail(ErrorCode::ENGINE_TIMEOUT, "the emulator did not reset the machine within {} ms", options_.command_timeout.count());
    reset_seen_.expires_at(deadline);
    co_await reset_seen_.async_wait(tuple_awaitable);
  }
  if (report_) {
    Error error = ended_error();
    co_return std::unexpected(std::move(error));
  }
  co_return Result<void>{};
}

Task<Result<std::string>> QemuEngine::monitor(std::string line) {
  json::object arguments{{"command-line", std::move(line)}};
  auto answer = co_await execute("human-monitor-command", std::move(arguments));
  if (!answer) co_return pass(answer);
  co_return answer->is_string() ? std::string(answer->get_string()) : std::string();
}

unsigned QemuEngine::version_major() const {
  return static_cast<unsigned>(parse_u64(options_.version.substr(0, options_.version.find('.'))).value_or(0));
}

Task<> QemuEngine::power_off(std::chrono::milliseconds grace) {
  if (!report_) {
    witness_.we_ended_it = true;
    bool asked = false;
    if (qmp_ && !qmp_->closed()) {
      json::object none;
      auto answer = co_await qmp_->execute("quit", std::move(none), std::max(grace, 1ms));
      asked = answer.has_value();
    }
    bool gone = co_await wait_ended(asked ? std::max(grace, 1ms) : 0ms);
    if (!gone) {
      process_->terminate();
      gone = co_await wait_ended(std::min(std::max(grace, 1ms), std::chrono::milliseconds(500)));
    }
    if (!gone) co_await process_->kill();
    co_await wait_ended(std::chrono::milliseconds(10'000));
  }
  outbox_.flush();
}

Task<> QemuEngine::stop() {
  if (watch_) {
    watch_->stop();
    if (!report_) co_await watch_->close();  // the guest lives on, at its full speed
  }
  if (qmp_) co_await qmp_->stop();
  co_await scope_.stop();
  co_await process_->stop();
}

}  // namespace virserver::backend::qemu
