#include "backend/skyeye/machine.hpp"

#include "backend/skyeye/engine.hpp"

namespace virserver::backend::skyeye {

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

Task<Result<Bytes>> SkyEyeMachine::read_memory(std::uint64_t, std::size_t) {
  co_return fail(ErrorCode::TARGET_RUNNING, "SkyEye's memory can only be read while the machine stands; pause it first");
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

Task<Result<void>> SkyEyeMachine::reset() { co_return co_await engine_.restart(true); }

}  // namespace virserver::backend::skyeye
