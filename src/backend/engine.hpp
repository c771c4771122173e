// A running engine: one emulator process and its machines.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/guest_access.hpp"
#include "backend/machine.hpp"
#include "backend/processor_sample.hpp"
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
  enum class Kind { running, paused, reset, exited, warning, access, device } kind;
  std::string message;               // warning
  std::optional<ExitReport> report;  // exited
  std::vector<GuestAccess> accesses = {};  // access: kinds that had not been seen before
  std::vector<DeviceChange> changes = {};  // device: what the board itself changed
};

// Where the guest is and what it touches in vain, for the question why it hangs.
struct Observation {
  std::vector<ProcessorSample> samples;   // of all processors, oldest first; one each when the guest stands still
  std::vector<GuestAccess> accesses;      // since the start of the engine (or its adoption)
  std::uint64_t further_accesses = 0;     // of kinds beyond the bound, left out
  bool watched = false;                   // accesses are looked for
  std::string why_not_watched;
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

  // The guest's time, as it was known last; look_at_time() asks, without waiting for a call that is under way.
  virtual std::optional<std::uint64_t> virtual_time_ns() const { return std::nullopt; }
  virtual Task<> look_at_time() { co_return; }

  // An exact span of the guest's time, in three steps. begin_span: the machine, which stands, will stand again after so many
  // nanoseconds once it is resumed; at_full_speed: meanwhile time is not paced to the host's clock. span_over: whether it
  // has. end_span, in any case and whatever stopped the machine: what is left of the span is forgotten, and the machine,
  // which stands or runs on, is paced and ordinary again. Errors: UNSUPPORTED_BY_BACKEND and those of the engine.
  virtual Task<Result<void>> begin_span(std::uint64_t nanoseconds, bool at_full_speed) {
    (void)nanoseconds, (void)at_full_speed;
    co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "this backend cannot stop its guest at a given time");
  }
  virtual Task<Result<bool>> span_over() { co_return true; }
  virtual Task<Result<void>> end_span() { co_return Result<void>(); }

  // What a process may use that the engine starts later, for one that was taken over and resets by a new process.
  virtual void set_limits(const process::Limits& limits) { (void)limits; }

  // Ends the emulator: politely, after `grace` by force. Completes when it is gone. Then one `exited` event has come.
  virtual Task<> power_off(std::chrono::milliseconds grace) = 0;

  // Every change the guest or emulator makes by itself or by our calls, in order; reset storms are merged (at most 10 a second).
  std::function<void(const EngineEvent&)> on_event;

  // At once at every reset, before the guest's next access can be heard of through its stub.
  std::function<void()> on_reset;

  // Looks for accesses to devices that are not emulated from now on, in a way that costs the guest less than 3 %.
  virtual void watch_guest() {}
  // Looks for some 50 ms while the guest runs on. A paused guest is not resumed.
  virtual Task<Result<Observation>> observe() {
    co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "this backend does not tell where its guest is");
  }

  virtual Task<> stop() = 0;  // lets go without ending the emulator (server shutdown)
};

}  // namespace virserver::backend
