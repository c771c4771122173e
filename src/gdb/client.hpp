// The one connection to a stub: requests and their replies, and stops as events.
//
// Written for stubs that send stops nobody asked for, send them twice, or late: a reply is told from a stop by its form,
// and a stop counts only while the machine runs. Everything else that differs is in Quirks.
// Belongs to one executor, all calls on it. Calls may overlap; they are served in order. `stop()` before destruction.
// The peer is hostile: lengths are bounded, a reply that does not fit its request is ENGINE_PROTOCOL.
// Errors of every call: ENGINE_DIED (the connection is over), ENGINE_TIMEOUT (which ends it: a late reply could not be
// told from the next), ENGINE_PROTOCOL, TARGET_RUNNING (the stub does not answer while the machine runs).
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/async_mutex.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/task_scope.hpp"
#include "gdb/breakpoints.hpp"
#include "gdb/packet.hpp"
#include "gdb/quirks.hpp"
#include "gdb/stop_reply.hpp"
#include "gdb/target_description.hpp"

namespace virserver::gdb {

using Documents = std::map<std::string, std::string, std::less<>>;

class Client {
 public:
  // `socket`: a connected stream socket, unix or TCP. `fallback` names the registers when the stub does not.
  Client(asio::any_io_executor executor, Fd socket, const Quirks& quirks, Architecture fallback);
  ~Client();

  // Asks the stub what it can, reads its description, and why the machine stands. It is stopped then.
  Task<Result<StopReply>> negotiate();

  // What the stub says of itself; valid after negotiate().
  const std::string& features() const { return features_; }      // its reply to qSupported
  bool has_feature(std::string_view name) const;                 // "ReverseStep": `ReverseStep+` or `ReverseStep=...`
  const std::string& resume_actions() const { return vcont_; }   // its reply to vCont?, "" if it has none
  const Documents& documents() const { return documents_; }      // target.xml and what it includes; empty without
  const TargetDescription& description() const { return description_; }

  bool running() const { return running_; }
  bool closed() const { return failure_.has_value(); }

  // One packet and its reply, as they are; `thread` is made current first (Hg). OK, E.. and "" are replies too.
  // `output` gets the text of O packets that come before the reply.
  Task<Result<std::string>> request(std::string payload, std::optional<ThreadId> thread = std::nullopt,
                                    std::string* output = nullptr);
  Task<Result<void>> select_thread(ThreadId thread);

  // Sends a resuming packet (vCont..., c, s, bc, bs). The next stop goes to on_stop.
  Task<Result<void>> resume(std::string payload);
  // `vCont;c` and `vCont;s:thread`, or what the stub has instead.
  Task<Result<void>> resume_all();
  Task<Result<void>> step(ThreadId thread);
  // Asks a running machine to stop; does nothing when it does not run. The stop goes to on_stop.
  Result<void> interrupt();
  // Called for each stop of a running machine, once. Set before negotiate().
  std::function<void(const StopReply&)> on_stop;
  // The connection is over; called once, not by stop().
  std::function<void(const Error&)> on_closed;

  // Register bytes in the target's order. An unavailable register (xx) is REGISTER_UNAVAILABLE.
  Task<Result<Bytes>> read_register(const Register& reg, ThreadId thread);
  Task<Result<std::vector<std::optional<Bytes>>>> read_registers(ThreadId thread);  // in the order of the description
  Task<Result<void>> write_register(const Register& reg, std::span<const std::byte> value, ThreadId thread);

  // Any size; in packets that the stub takes. MEMORY_UNMAPPED names the first address that failed.
  Task<Result<Bytes>> read_memory(std::uint64_t address, std::size_t size, ThreadId thread);
  Task<Result<void>> write_memory(std::uint64_t address, std::span<const std::byte> bytes, ThreadId thread);

  // BREAKPOINT_REFUSED when the stub cannot (the limit is reached, or no such type).
  Task<Result<void>> insert(const Breakpoint& breakpoint);
  Task<Result<void>> remove(const Breakpoint& breakpoint);

  struct Thread {
    ThreadId id;
    std::string name;  // "CPU#0 [running]"
  };
  Task<Result<std::vector<Thread>>> threads();

  // A command of the emulator's monitor (qRcmd) and its text.
  Task<Result<std::string>> monitor(std::string_view command);

  Task<> stop();
  // Ends the connection at once; waiting calls get `why`.
  void fail_all(Error why);

 private:
  struct Impl;
  bool running_ = false;
  std::optional<Error> failure_;
  std::string features_, vcont_;
  Documents documents_;
  TargetDescription description_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace virserver::gdb
