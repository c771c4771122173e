// Why a machine stopped: the packets S, T, W and X.
// Source: gdb's manual, "Stop Reply Packets". Hostile input: what is not well formed gives nothing.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace virserver::gdb {

// `p1.2`, or `2` outside the multiprocess extension. -1 means all, 0 any.
struct ThreadId {
  std::optional<std::int64_t> process;
  std::int64_t thread = 0;

  friend bool operator==(const ThreadId&, const ThreadId&) = default;
};
std::optional<ThreadId> parse_thread_id(std::string_view text);
std::string to_string(const ThreadId& id);

// Signal numbers of the protocol, not of the host.
inline constexpr int kSignalInt = 2, kSignalTrap = 5;

struct StopReply {
  enum class Kind { stopped, exited, terminated };  // S/T, W, X
  enum class Reason { signal, software_breakpoint, hardware_breakpoint, watch, read_watch, access_watch, replay_end, other };

  Kind kind = Kind::stopped;
  int signal = 0;  // the exit status when exited
  Reason reason = Reason::signal;
  std::optional<std::uint64_t> watch_address;  // base of the watched range with QEMU, not the address accessed
  std::optional<ThreadId> thread;
  std::optional<int> core;
  std::vector<std::pair<int, std::string>> registers;  // number, bytes in target order
  std::string note;  // why, in words, of a stop that no stub sent

  bool interrupted() const { return kind == Kind::stopped && signal == kSignalInt; }
};

// Tells a stop from the reply to a request: QEMU and Renode send stops that no one asked for, between replies.
bool is_stop_reply(std::string_view payload);
std::optional<StopReply> parse_stop_reply(std::string_view payload);

struct StopReplyForm {  // what a client has said in qSupported
  bool multiprocess = true;
  bool swbreak = true;
  bool hwbreak = true;
};
std::string format_stop_reply(const StopReply& stop, const StopReplyForm& form);

}  // namespace virserver::gdb
