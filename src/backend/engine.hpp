// A running engine: one emulator process and its machines.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/machine.hpp"
#include "base/asio.hpp"
#include "base/error.hpp"
#include "process/engine_process.hpp"

namespace virserver::backend {

// Why an engine ended, in the user's terms.
enum class ExitCause {
  powered_off,      // we ended it
  guest_shutdown,   // the guest switched itself off
  guest_exit,       // the guest asked for an exit status (semihosting, test finisher)
  guest_panic,
  lockup,           // the processor cannot go on (Cortex-M lockup, double fault)
  crashed,          // the emulator failed: abort, segmentation fault, internal error
  killed,           // somebody else ended it
};
std::string_view to_string(ExitCause cause);

struct ExitReport {
  ExitCause cause = ExitCause::crashed;
  std::optional<int> exit_code;  // of the guest where it set one
  std::optional<int> signal;
  std::string message;           // one readable sentence
  std::string registers;         // as the emulator printed them, may be empty
  std::string output;            // the last lines of the emulator's own output
};

struct EngineEvent {
  enum class Kind { running, paused, reset, exited, warning } kind;
  std::string message;               // warning
  std::optional<ExitReport> report;  // exited
};

// Belongs to one executor, all calls on it. Await stop() before destruction.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual process::EngineProcess& process() = 0;

  // Its node, for a debugger; null where the backend has no stub.
  virtual Machine* machine() { return nullptr; }

  // Types on a console; completes and fails as process().write() does. A backend whose emulator must be stirred to
  // take input does it here.
  virtual Task<Result<void>> type(std::string console, Bytes bytes) {
    co_return co_await process().write(std::move(console), std::move(bytes));
  }

  virtual Task<Result<void>> pause() = 0;    // idempotent; completes when the guest stands still
  virtual Task<Result<void>> resume() = 0;   // idempotent
  virtual Task<Result<void>> reset() = 0;    // a hardware reset; the loaded images are put back; runs afterwards
  virtual bool paused() const = 0;
  virtual std::optional<std::uint64_t> virtual_time_ns() const { return std::nullopt; }

  // Ends the emulator: politely, after `grace` by force. Completes when it is gone. Then one `exited` event has come.
  virtual Task<> power_off(std::chrono::milliseconds grace) = 0;

  // Every change the guest or emulator makes by itself or by our calls, in order; reset storms are merged (at most 10 a second).
  std::function<void(const EngineEvent&)> on_event;

  virtual Task<> stop() = 0;  // lets go without ending the emulator (server shutdown)
};

}  // namespace virserver::backend
