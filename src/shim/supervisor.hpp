// The shim's one loop: the server's connection, the emulator, its consoles.
#pragma once
#include <memory>
#include <vector>

#include "shim/console.hpp"
#include "shim/options.hpp"
#include "shim/protocol.hpp"

namespace virserver::shim {

class Supervisor {
 public:
  Supervisor(Options options, bool landlocked);

  // Takes the lock, listens, says that it is ready on stdout. False with a message on stderr.
  bool start();
  // Returns the process's exit status when the engine is over.
  int run();

 private:
  enum class Source : std::uint32_t { listener, server, child_signal, starter, console, console_room };

  bool watch(int fd, Source source, std::uint32_t index, std::uint32_t events);
  int wait_timeout() const;
  void accept_server();
  void server_gone();
  void receive();
  void handle(std::string_view message, int fd);

  void exec(std::uint32_t id, int memfd);
  void input(std::uint32_t id, std::string_view name, std::string_view bytes);
  void dial(std::uint32_t id, std::string_view name, std::uint16_t port);

  void drain(std::uint32_t index, int chunks);
  void flush_input(std::uint32_t index);
  void console_closed(std::uint32_t index);
  void connect_consoles();
  void notify();
  bool send_message(const Writer& message, int fd = -1);
  void flush_messages();

  void reap();
  void kill_descendants();
  void emulator_ended(int status);
  [[noreturn]] void die();

  Options options_;
  bool landlocked_;
  int engine_dir_ = -1, console_dir_ = -1, lock_ = -1;
  int epoll_ = -1, listener_ = -1, server_ = -1, child_signal_ = -1;
  bool starter_watched_ = false;  // stdout leads to the server until it connects
  bool server_blocked_ = false;   // its socket is full
  struct Queued {
    std::string data;
    int fd;
  };
  std::deque<Queued> queued_;     // results that did not fit; notices are never queued
  std::vector<std::unique_ptr<Console>> consoles_;  // the last is the emulator's stdout and stderr
  pid_t emulator_ = -1;
  bool executed_ = false, ended_ = false;
  std::int64_t last_notice_ns_ = 0, next_connect_ns_ = 0;
  bool any_dirty_ = false, any_ready_ = false;
};

}  // namespace virserver::shim
