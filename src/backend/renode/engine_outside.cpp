// The parts of the engine and its machine that go by machine.py: devices, interrupt lines, time.
#include <boost/json.hpp>

#include "backend/renode/engine.hpp"
#include "backend/renode/outside.hpp"
#include "base/log.hpp"

namespace virserver::backend::renode {

using namespace std::chrono_literals;

namespace {
constexpr auto device_interval = 100ms;
constexpr auto time_interval = 20ms;   // of questions for the time that answers to people ask
constexpr auto time_patience = 1000ms;

// What a command of ours said before it failed is behind the last repetition of the command itself.
std::string python_words(std::string_view message) {
  constexpr std::string_view mark = "' failed";
  const auto at = message.rfind(mark);
  return std::string(at == message.npos ? message : message.substr(at + mark.size())).substr(0, 300);
}
}  // namespace

Task<Result<std::string>> RenodeEngine::ask_machine(Command command) {
  if (!machine_script_read_) {
    auto file = File::parse(machine_script);
    if (!file) co_return pass(file);
    Command include = Command("include").file(*file);
    auto read = co_await execute(std::move(include));
    if (!read) co_return pass(read);
    machine_script_read_ = true;
  }
  auto text = co_await execute(std::move(command));
  if (text && !said_all(*text)) co_return fail(ErrorCode::ENGINE_PROTOCOL, "Renode did not do what it was asked for: {}", text->substr(0, 300));
  co_return text;
}

Task<> RenodeEngine::look_at_time() {
  const auto now = std::chrono::steady_clock::now();
  if (report_ || robot_.busy() || now < time_seen_ + time_interval) co_return;
  time_seen_ = now;
  Command command("emulation GetTimeSourceInfo");
  auto text = co_await robot_.execute(std::move(command), time_patience);
  if (text)
    if (const auto time = parse_elapsed_time(*text)) time_ns_ = *time;
}

// The answer tells of the machine when the command was given.
Task<Result<MachineTime>> RenodeEngine::ask_time(Command command) {
  auto text = co_await ask_machine(std::move(command));
  if (!text) co_return pass(text);
  const auto time = parse_machine_time(*text);
  if (!time) co_return fail(ErrorCode::ENGINE_PROTOCOL, "Renode did not tell its time");
  time_ns_ = time->nanoseconds;
  co_return *time;
}

Task<Result<void>> RenodeEngine::begin_span(std::uint64_t nanoseconds, bool at_full_speed) {
  Command command = Command("vs_span").number(nanoseconds).number(at_full_speed ? 0 : 1);
  auto begun = co_await ask_time(std::move(command));
  if (!begun) co_return pass(begun);
  co_return Result<void>{};
}

Task<Result<bool>> RenodeEngine::span_over() {
  Command command("vs_time");
  auto time = co_await ask_time(std::move(command));
  if (!time) co_return pass(time);
  co_return !time->span;
}

Task<Result<void>> RenodeEngine::end_span() {
  Command command = Command("vs_settle").number(debugged_ ? 1 : 0);
  auto time = co_await ask_time(std::move(command));
  if (!time) co_return pass(time);
  if (debugged_ || paused_ || !time->stands) co_return Result<void>{};
  Command pause("pause");  // the machine stands, the emulation does not yet
  auto paused = co_await execute(std::move(pause));
  if (!paused) co_return pass(paused);
  set_paused(true);
  co_return Result<void>{};
}

void RenodeEngine::watch_devices() {
  if (watching_devices_ || report_) return;
  watching_devices_ = true;
  scope_.spawn(follow_devices());
}

Task<> RenodeEngine::follow_devices() {
  asio::steady_timer timer(executor_);
  while (!scope_.stopping() && !report_) {
    timer.expires_after(device_interval);
    co_await timer.async_wait(tuple_awaitable);
    if (scope_.stopping() || report_) co_return;
    const bool stands = paused_;
    if ((stands && !devices_fresh_) || robot_.busy()) continue;
    devices_fresh_ = false;
    Command command("vs_changes");
    auto text = co_await ask_machine(std::move(command));
    if (!text) {
      log::debug("Renode's devices are not watched any more: {}", text.error().message);
      watching_devices_ = false;
      co_return;
    }
    if (!stands) devices_fresh_ = true;  // once more after it has come to stand
    EngineEvent event{EngineEvent::Kind::device, "", std::nullopt};
    event.changes = parse_changes(*text);
    if (!event.changes.empty()) outbox_.put(std::move(event));
  }
}

Task<Result<void>> RenodeMachine::set_interrupt(unsigned line, bool level) {
  Command command = Command("vs_interrupt").number(line).number(level ? 1 : 0);
  auto text = co_await engine_.ask_machine(std::move(command));
  if (!text && text.error().code == ErrorCode::UNSUPPORTED_BY_BACKEND)
    co_return fail(ErrorCode::INVALID_REQUEST, "the board's interrupt controller has no line {}: {}", line, python_words(text.error().message));
  if (!text) co_return pass(text);
  if (text->contains("vs\tnone"))
    co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "this board has no interrupt controller in Renode whose lines VirServer knows");
  engine_.devices_changed();
  co_return Result<void>{};
}

Task<Result<std::vector<DeviceState>>> RenodeMachine::devices() {
  Command command("vs_devices");
  auto text = co_await engine_.ask_machine(std::move(command));
  if (!text) co_return pass(text);
  engine_.watch_devices();
  co_return parse_devices(*text);
}

Task<Result<void>> RenodeMachine::set_device(std::string device, std::string property, boost::json::value value) {
  auto path = Name::parse("sysbus." + device);  // what stands on the bus is told without its name
  auto what = Name::parse(property);
  if (!path) co_return pass(path);
  if (!what) co_return pass(what);
  const double number = value.is_bool() ? (value.get_bool() ? 1 : 0) : value.is_number() ? value.to_number<double>() : 0;
  Command command = Command("vs_set").quoted(*path).quoted(*what).decimal(number);
  auto text = co_await engine_.ask_machine(std::move(command));
  if (!text && text.error().code == ErrorCode::UNSUPPORTED_BY_BACKEND)
    co_return fail(ErrorCode::INVALID_REQUEST, "{} of {} cannot be {}: {}", property, device, boost::json::serialize(value), python_words(text.error().message));
  if (!text) co_return pass(text);
  engine_.devices_changed();
  co_return Result<void>{};
}

}  // namespace virserver::backend::renode
