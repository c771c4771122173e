// Everyone who debugs a machine, at once, over the one connection that its stub has.
//
// One bridge a machine, on its session's executor; all calls there. It lives as long as the session, over power cycles: the
// machine comes and goes below it. Subscribers are the gdbs and the session's own debugger.
//  - Breakpoints belong to who set them and are counted: the machine has one as long as anyone wants it, also in the next
//    engine. They can be set and removed while the machine runs: where the stub needs it, the machine is stopped for that
//    moment and no subscriber hears of it.
//  - Run control: whoever resumes a stopped machine runs it for all. A continue of another one while it runs joins: it is
//    told of the next stop too. A step while it runs is TARGET_RUNNING. An interrupt works for everyone, always.
//  - Continue steps off a breakpoint under the pc first, as gdb itself does.
// Errors of calls that need the machine: TARGET_OFF (no engine now), TARGET_RUNNING (pause first), and Client's.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/asio.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"
#include "gdb/breakpoints.hpp"
#include "gdb/client.hpp"
#include "gdb/quirks.hpp"
#include "gdb/stop_reply.hpp"
#include "gdb/target_description.hpp"

namespace virserver::gdb {

// What the bridge needs of the machine. Called on the bridge's executor; only `dial` must be there.
struct Target {
  struct Connection {
    Fd socket;
    bool was_running = false;  // before this connection stopped it
  };
  // Connects to the stub of the present engine; TARGET_OFF when there is none.
  std::function<Task<Result<Connection>>()> dial;
  // Resets the machine; stopped stays stopped, running stays running. Empty: `monitor reset` is refused.
  std::function<Task<Result<void>>()> reset;
  // A command of the emulator's monitor. Empty: qRcmd.
  std::function<Task<Result<std::string>>(std::string command)> monitor;
  // Memory of a running machine. Empty: only while stopped, unless the stub answers then.
  std::function<Task<Result<Bytes>>(std::uint64_t address, std::size_t size)> read_memory_running;
  // Stops a running machine whose stub does not listen then (Quirks::Interrupt::outside).
  std::function<Task<Result<void>>()> interrupt;

  Quirks quirks;
  Architecture architecture = Architecture::other;  // names the registers where the stub does not
  std::string version;                              // for `monitor version`: "QEMU 7.2.22"
};

enum class TargetState { detached, stopped, running };  // detached: not connected to a stub; the machine may well run

// Told of what happens; on the bridge's executor, in order, must not block and not destroy the bridge. Calls back into the
// bridge only from a coroutine of its own.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // `waiting`: this subscriber resumed the machine, or joined.
  virtual void on_stopped(const StopReply& stop, bool waiting) = 0;
  virtual void on_resumed() {}
  virtual void on_reset() {}
  // The engine, or the connection to its stub, is gone. Who waited goes on waiting: the next engine may come.
  virtual void on_lost(const Error& why, bool waiting) = 0;
  // Connected (again), breakpoints are back.
  virtual void on_attached() {}
};

class Bridge {
 public:
  Bridge(asio::any_io_executor executor, Target target);
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  asio::any_io_executor executor() const;
  const Target& target() const;
  // Another engine may have other quirks and another processor; while detached.
  void set_target(Target target);

  // A gdb keeps a machine stopped that it stopped, and lets it run when it detaches; others never do so by leaving.
  enum class Role { gdb, other };
  Owner join(Subscriber& subscriber, Role role);
  enum class Leave {
    detach,  // in order (D): a machine that only this gdb held runs on
    vanish,  // the connection broke: it stays as it is
  };
  // Removes its breakpoints. No call reaches the subscriber after this was called.
  Task<> leave(Owner owner, Leave how);
  std::size_t subscribers(Role role) const;

  // Connects if that has not happened, puts breakpoints in, and leaves the machine running if it ran.
  Task<Result<void>> attach();
  // Lets go of the stub, the machine runs on or stands as it is. Breakpoints are taken out of the machine and kept here.
  Task<> detach();
  TargetState state() const;
  const std::optional<StopReply>& last_stop() const;  // of a stopped machine
  const TargetDescription& description() const;       // empty before the first attach
  const Client* client() const;                       // what the stub can; null while detached

  // Run control. `resume` completes when the packet is out, or the machine was running already.
  struct Resume {
    enum class Kind { resume, step, packet };
    Kind kind = Kind::resume;
    std::optional<ThreadId> thread;  // of a step; the current one without
    std::string packet;              // vCont;..., bc, bs: as it is
    bool steps = false;              // the packet steps or reverses: it cannot join
  };
  Task<Result<void>> resume(Owner owner, Resume how);
  // Stops a running machine; the stop it ended with, its own or a breakpoint that was faster. Of a stopped one the last stop.
  Task<Result<StopReply>> interrupt(Owner owner);
  // The next stop; at once when stopped. ENGINE_TIMEOUT when it does not come.
  Task<Result<StopReply>> wait_stopped(std::chrono::milliseconds timeout);

  // Kept for the next engine when there is none now. Errors: BREAKPOINT_REFUSED; remove also BREAKPOINT_NOT_FOUND.
  Task<Result<void>> insert(Owner owner, Breakpoint breakpoint);
  Task<Result<void>> remove(Owner owner, Breakpoint breakpoint);
  const BreakpointTable& breakpoints() const;

  // While stopped, or while running where it can be; see Client for the rest.
  Task<Result<Bytes>> read_memory(std::uint64_t address, std::size_t size, std::optional<ThreadId> thread = std::nullopt);
  Task<Result<void>> write_memory(std::uint64_t address, std::span<const std::byte> bytes,
                                  std::optional<ThreadId> thread = std::nullopt);
  Task<Result<std::vector<std::optional<Bytes>>>> read_registers(std::optional<ThreadId> thread = std::nullopt);
  Task<Result<Bytes>> read_register(const Register& reg, std::optional<ThreadId> thread = std::nullopt);
  Task<Result<void>> write_register(const Register& reg, std::span<const std::byte> value,
                                    std::optional<ThreadId> thread = std::nullopt);
  Task<Result<std::vector<Client::Thread>>> threads();
  Task<Result<std::string>> request(std::string payload, std::optional<ThreadId> thread = std::nullopt,
                                    std::string* output = nullptr);
  Task<Result<std::string>> monitor(std::string command);

  enum class Reset { keep, halt, run };  // afterwards: as it was, stopped at the first instruction, running
  Task<Result<void>> reset(Owner owner, Reset after);

  // The machine was reset by someone else (the API, the guest): subscribers are told, breakpoints put back if need be.
  void machine_was_reset();
  // The engine ended. Subscribers are told with `why`; breakpoints are kept.
  void engine_ended(std::string why);

  Task<> stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace virserver::gdb
