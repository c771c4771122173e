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
#include "gdb/downloads.hpp"
#include "gdb/packet.hpp"
#include "gdb/quirks.hpp"
#include "gdb/spin.hpp"
#include "gdb/stop_reply.hpp"
#include "gdb/target_description.hpp"

namespace virserver::gdb {

using Documents = std::map<std::string, std::string, std::less<>>;

class Client {
 public:
  // `socket`: a connected stream socket, unix or TCP. `fallback` names the registers when the stub does not.
  Client(asio::any_io_executor executor, Fd socket, const Quirks& quirks, Architecture fallback);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Asks the stub what it can, reads its description, and why the machine stands. It is stopped then, without breakpoints,
  // and every cluster of processors is attached.
  Task<Result<StopReply>> negotiate();

  // What the stub says of itself; valid after negotiate().
  const std::string& features() const { return features_; }     // its reply to qSupported
  bool has_feature(std::string_view name) const;                // "ReverseStep" for `ReverseStep+` or `ReverseStep=...`
  const std::string& resume_actions() const { return vcont_; }  // its reply to vCont?, "" if it has none
  const Documents& documents() const { return documents_; }     // target.xml and what it includes; empty without
  const TargetDescription& description() const { return description_; }
  std::size_t packet_size() const { return packet_size_; }

  bool running() const { return running_; }
  bool closed() const { return failure_.has_value(); }

  // One packet and its reply, as they are; `thread` is made current first. OK, E.. and "" are replies too.
  // `output` gets the text of O packets that come before the reply.
  Task<Result<std::string>> request(std::string payload, std::optional<ThreadId> thread = std::nullopt,
                                    std::string* output = nullptr);

  // Sends a resuming packet (vCont..., c, s, bc, bs). The next stop goes to on_stop, also a refusal: nothing moved then.
  // `writes` to registers of the current thread come first, in the same write where the stub takes that: one that it
  // refuses ends the connection.
  struct RegisterValue {
    Register reg;
    Bytes value;
  };
  Task<Result<void>> resume(std::string payload, std::vector<RegisterValue> writes = {});
  // The packets for `vCont;c` and `vCont;s:thread`, or what the stub has instead.
  std::string resume_packet() const;
  std::string step_packet(ThreadId thread) const;
  // Asks a running machine to stop; does nothing when it does not run. The stop goes to on_stop.
  Result<void> interrupt();
  // Called for each stop of a running machine, once. Must not destroy the client. Set before negotiate().
  std::function<void(const StopReply&)> on_stop;
  // The connection is over; called once, not by stop(). Must not destroy the client.
  std::function<void(const Error&)> on_closed;

  // Register bytes in the target's order. One that the stub does not give is REGISTER_UNAVAILABLE, or nothing in the list.
  Task<Result<Bytes>> read_register(Register reg, ThreadId thread);
  Task<Result<std::vector<std::optional<Bytes>>>> read_registers(std::vector<Register> which, ThreadId thread);
  Task<Result<void>> write_register(Register reg, Bytes value, ThreadId thread);

  // Registers that the stub answers wrongly (Quirks::outside_registers), asked elsewhere; values of at most 32 bits. Set before
  // negotiate(). They are asked for once between two resumes.
  std::function<Task<Result<std::uint64_t>>(std::string name)> read_outside;

  // Memory outside of these ranges is none, whatever the stub says (Quirks::tells_unmapped); none given: the stub is believed.
  void keep_to(std::vector<MemoryRange> mapped) { mapped_ = std::move(mapped); }

  // Any size; in packets that the stub takes. MEMORY_UNMAPPED names the first address that failed; a write may have
  // changed what is before it.
  Task<Result<Bytes>> read_memory(std::uint64_t address, std::size_t size, ThreadId thread);
  Task<Result<void>> write_memory(std::uint64_t address, Bytes bytes, ThreadId thread);

  // How many breakpoints the stub takes yet.
  std::vector<MemoryRange> mapped_;
  int insertions_left() const;
  // BREAKPOINT_REFUSED when the stub cannot (its limit is reached), UNSUPPORTED_BY_BACKEND when it has no such type.
  Task<Result<void>> insert(Breakpoint breakpoint);
  Task<Result<void>> remove(Breakpoint breakpoint);

  struct Thread {
    ThreadId id;
    std::string name;  // "CPU#0 [running]"; may be empty
  };
  Task<Result<std::vector<Thread>>> threads();
  Task<Result<std::vector<ThreadId>>> thread_ids();  // at least one
  // The one that stopped, or the first.
  ThreadId current_thread() const { return current_thread_; }

  // A command of the emulator's monitor (qRcmd) and its text.
  Task<Result<std::string>> monitor(std::string command);

  Task<> stop();

 private:
  using Replies = std::vector<std::string>;

  Task<> read_loop();
  bool take_input();
  Task<> spin_for_stop();
  void accept(PacketReader::Item item);
  void accept_stop(StopReply stop);
  void close_with(Error why);
  // Sends packets and waits for as many replies; the lock is held. Not interrupted by cancellation: replies would be lost.
  Task<Result<Replies>> exchange(std::span<const std::string> payloads, std::string* output = nullptr);
  Task<Result<std::string>> ask(std::string payload, std::string* output = nullptr);
  Task<Result<void>> write(std::string bytes);
  Task<Result<void>> make_current(ThreadId thread);
  Task<> wait_out_stop_copies();
  Result<void> usable() const;
  Result<void> check_mapped(std::uint64_t address, std::size_t size) const;

  Task<Result<void>> read_description();
  Task<Result<std::string>> read_document(std::string name);
  Task<Result<std::vector<ThreadId>>> list_threads();
  Task<Result<void>> attach_processes();
  Task<Result<void>> write_all_registers(Register reg, Bytes value);
  // `g` or `p` of the stub, with what it answers wrongly put right, and "x" for what nobody knows.
  Task<Result<std::string>> ask_registers(std::string payload);
  enum class Source { stub, outside, nowhere };
  Source source_of(const Register& reg) const;
  Task<Result<std::string>> outside_text(const Register& reg);
  Task<std::uint64_t> first_unreadable(std::uint64_t address, std::size_t size);

  asio::any_io_executor executor_;
  asio::generic::stream_protocol::socket socket_;
  const Quirks quirks_;
  const Architecture fallback_;
  TaskScope scope_;
  AsyncMutex lock_;
  PacketReader reader_{PacketReader::From::stub};
  std::vector<char> buffer_;
  Spin reply_spin_, stop_spin_;

  std::map<std::string, std::string> outside_;  // their text, since the last resume
  bool running_ = false;
  bool no_ack_ = false, owes_ack_ = false;
  std::optional<Error> failure_;

  // the exchange that is under way
  std::size_t expected_ = 0;
  bool stop_is_reply_ = false;
  Replies replies_;
  std::string* output_ = nullptr;
  asio::steady_timer reply_timer_;

  std::size_t writes_owed_ = 0;  // replies to registers written ahead of a resume

  int stops_seen_ = 0;  // replies to the last stop
  std::chrono::steady_clock::time_point resumed_at_{}, last_stop_at_{};

  std::string features_, vcont_;
  std::size_t packet_size_ = 400;
  Documents documents_;
  TargetDescription description_;
  ThreadId current_thread_;
  std::optional<ThreadId> selected_;  // Hg; nothing when the stub may have changed it
  bool single_thread_ = false;        // Hg is needless
  std::size_t general_size_ = 0;      // bytes in the reply to `g`
  bool writes_single_registers_ = true;
  int insertions_ = 0;
};

}  // namespace virserver::gdb
