#include "backend/skyeye/machine.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "backend/skyeye/engine.hpp"
#include "base/bytes.hpp"

namespace virserver::backend::skyeye {

std::optional<std::uint64_t> register_in(std::string_view answer, std::string_view name) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); };
  while (!answer.empty()) {
    const auto line = answer.substr(0, answer.find('\n'));
    answer.remove_prefix(std::min(answer.size(), line.size() + 1));
    const auto tab = line.find('\t');
    if (tab != line.npos && std::ranges::equal(line.substr(0, tab), name, same)) return parse_u64(line.substr(tab + 1));
  }
  return std::nullopt;
}

std::string SkyEyeMachine::version() const { return "SkyEye " + engine_.version(); }

// Connecting stops nothing, and a stub whose client left while it waited for a stop does not listen before there is one.
Task<Result<Machine::Stub>> SkyEyeMachine::open_stub() {
  Stub stub;
  auto state = co_await engine_.command("");
  if (!state) co_return pass(state);
  stub.was_running = state->running;
  if (stub.was_running) {
    auto stopped = co_await engine_.command("stop");
    if (!stopped) co_return pass(stopped);
  }
  auto socket = co_await engine_.dial_stub();
  if (!socket) co_return pass(socket);
  stub.socket = std::move(*socket);
  engine_.debugger_came();
  co_return stub;
}

std::vector<gdb::MemoryRange> SkyEyeMachine::mapped() const {
  std::vector<gdb::MemoryRange> ranges;
  if (const auto* banks = engine_.plan().data.if_contains("banks"); banks && banks->is_array())
    for (const auto& bank : banks->get_array()) ranges.push_back({bank.at(0).to_number<std::uint64_t>(), bank.at(1).to_number<std::uint64_t>()});
  return ranges;
}

Task<Result<Bytes>> SkyEyeMachine::read_memory(std::uint64_t, std::size_t) {
  co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "SkyEye's memory is read through its debug stub, while the machine stands; pause it first");
}

Task<Result<std::string>> SkyEyeMachine::monitor(std::string command) {
  auto line = user_command(command);
  if (!line) co_return pass(line);
  auto answer = co_await engine_.command(std::move(*line));
  if (!answer) co_return pass(answer);
  co_return std::move(answer->text);
}

Task<Result<void>> SkyEyeMachine::interrupt() {
  auto answer = co_await engine_.command("stop");
  if (!answer) co_return pass(answer);
  co_return Result<void>{};
}

Task<Result<std::uint64_t>> SkyEyeMachine::read_register(std::string name) {
  auto answer = co_await engine_.command("info registers");
  if (!answer) co_return pass(answer);
  if (const auto value = register_in(answer->text, name)) co_return *value;
  co_return fail(ErrorCode::REGISTER_UNAVAILABLE, "SkyEye does not tell register {}", name);
}

Task<Result<void>> SkyEyeMachine::reset() { co_return co_await engine_.restart(true); }

}  // namespace virserver::backend::skyeye
