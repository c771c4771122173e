// What server_connection.cpp (the wire) and server_packets*.cpp (the words) share; private to this folder.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/task_scope.hpp"
#include "gdb/packet.hpp"
#include "gdb/server_connection.hpp"

namespace virserver::gdb {

class ServerConnection::Impl final : public Subscriber {
 public:
  Impl(Bridge& bridge, std::unique_ptr<ByteStream> stream);

  Task<> run();
  void close();

  void on_stopped(const StopReply& stop, bool waiting) override;
  void on_reset() override;
  void on_lost(const Error& why, bool waiting) override;
  void on_attached() override;

 private:
  // The wire.
  Task<> serve(PacketReader::Item item);
  void send(std::string_view payload);
  void send_bytes(std::string_view bytes);
  Task<> write_loop();
  Task<> drained();
  void print(std::string_view text);  // on gdb's console; only while gdb waits

  // The words. A handler answers with a payload, or with nothing when the answer comes later or never.
  using Answer = std::optional<std::string>;
  using Handler = Task<Answer> (Impl::*)(std::string_view rest);
  struct Word {
    std::string_view prefix;
    Handler handler;
  };
  static const Word words[];
  Task<Answer> answer(std::string_view packet);
  Task<> enter();

#define VIRSERVER_GDB_HANDLER(name) Task<Answer> name(std::string_view rest)
  VIRSERVER_GDB_HANDLER(supported);
  VIRSERVER_GDB_HANDLER(no_ack);
  VIRSERVER_GDB_HANDLER(extended);
  VIRSERVER_GDB_HANDLER(attached);
  VIRSERVER_GDB_HANDLER(okay);
  VIRSERVER_GDB_HANDLER(unknown);
  VIRSERVER_GDB_HANDLER(features);
  VIRSERVER_GDB_HANDLER(status);
  VIRSERVER_GDB_HANDLER(monitor);
  VIRSERVER_GDB_HANDLER(detach);
  VIRSERVER_GDB_HANDLER(kill);
  VIRSERVER_GDB_HANDLER(kill_process);
  VIRSERVER_GDB_HANDLER(restart);
  VIRSERVER_GDB_HANDLER(restart_and_tell);

  VIRSERVER_GDB_HANDLER(vcont_actions);
  VIRSERVER_GDB_HANDLER(vcont);
  VIRSERVER_GDB_HANDLER(resume_at);
  VIRSERVER_GDB_HANDLER(step_at);
  VIRSERVER_GDB_HANDLER(resume_with_signal);
  VIRSERVER_GDB_HANDLER(step_with_signal);
  VIRSERVER_GDB_HANDLER(reverse_continue);
  VIRSERVER_GDB_HANDLER(reverse_step);

  VIRSERVER_GDB_HANDLER(insert);
  VIRSERVER_GDB_HANDLER(remove);
  VIRSERVER_GDB_HANDLER(select_general);
  VIRSERVER_GDB_HANDLER(select_control);
  VIRSERVER_GDB_HANDLER(thread_alive);
  VIRSERVER_GDB_HANDLER(thread_name);
  VIRSERVER_GDB_HANDLER(first_threads);
  VIRSERVER_GDB_HANDLER(more_threads);
  VIRSERVER_GDB_HANDLER(current_thread);

  VIRSERVER_GDB_HANDLER(read_memory);
  VIRSERVER_GDB_HANDLER(write_memory);
  VIRSERVER_GDB_HANDLER(write_binary);
  VIRSERVER_GDB_HANDLER(flash_erase);
  VIRSERVER_GDB_HANDLER(flash_write);
#undef VIRSERVER_GDB_HANDLER

  Task<Answer> leave(bool stay_connected);
  Task<std::string> run_monitor(std::string command, Result<void>& result);
  Task<Answer> resume(Bridge::Resume how);
  Task<Answer> legacy(std::string_view address, bool steps);
  Task<> interrupt();
  Task<Answer> store(std::uint64_t address, std::string bytes);
  Task<Answer> forward(std::string_view packet);

  std::string stop_packet(const StopReply& stop);
  // Ids as this gdb writes them: without a process when it does not know processes.
  std::string thread_out(ThreadId id);
  std::optional<ThreadId> thread_in(std::string_view text) const;

  Bridge& bridge_;
  std::unique_ptr<ByteStream> stream_;
  TaskScope scope_;
  PacketReader reader_;
  Owner owner_ = 0;  // 0: not joined, or left by a detach
  bool entered_ = false;

  bool no_ack_ = false, no_ack_next_ = false, extended_ = false, closing_ = false;
  bool waiting_ = false;  // for a stop: gdb resumed the machine
  StopReplyForm form_{false, false, false};
  std::optional<ThreadId> general_, control_;
  std::map<std::int64_t, std::int64_t> process_of_;  // thread to process, for a gdb that knows no processes

  std::string outgoing_, last_frame_;
  bool writing_ = false;
  asio::steady_timer drained_;
};

// What a client may send in one packet, and what replies are cut to.
inline constexpr std::size_t kServerPacket = 0x10000;

std::string error_reply(const Error& error);   // "E.text", for gdb to show
std::string failure_code(const Error& error);  // "E14", where gdb takes text for data

}  // namespace virserver::gdb
