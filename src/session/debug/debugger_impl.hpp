// What the debugger_*.cpp files share; private to this folder.
#pragma once
#include "base/blocking.hpp"
#include "session/debug/debugger.hpp"

namespace virserver::session {

struct Debugger::Step {
  explicit Step(asio::any_io_executor executor, StepRequest what) : request(std::move(what)), finished(executor, asio::steady_timer::time_point::max()) {}

  StepRequest request;
  std::optional<gdb::ThreadId> thread;
  bool done = false, abandoned = false;  // abandoned: someone paused, it ends at its next stop
  Result<Progress> outcome = Progress::stepped;
  asio::steady_timer finished;           // cancelled when done
};

// `function(symbols)` on the pool, with the symbols of what is loaded.
template <class Function>
auto Debugger::with_symbols(Function function) -> Task<std::invoke_result_t<Function, const Symbols&>> {
  auto loaded = co_await symbols();
  auto call = [loaded = std::move(loaded), function = std::move(function)] { return function(*loaded); };
  co_return co_await blocking(host_.pool, std::move(call));
}

}  // namespace virserver::session
