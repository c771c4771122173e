// One console of the emulator: where its bytes come from, its log, and the input that waits for it.
#pragma once
#include <deque>
#include <string>
#include <vector>

#include "shim/launch.hpp"
#include "shim/log_writer.hpp"
#include "shim/protocol.hpp"

namespace virserver::shim {

class Console {
 public:
  Console(int log_dir, const LaunchConsole& spec, std::uint64_t log_bound);
  Console(const Console&) = delete;

  // Makes our end and, for a socketpair, the emulator's (added to `children`). Returns errno.
  int open(const std::string& engine_dir, std::vector<ChildFd>& children);
  // The pseudo-console of stdout and stderr: a pipe, or the terminal that `spec` asks for by its kind.
  int open_output(const std::string& engine_dir, int& child_end);
  // tcp: one attempt to reach the emulator. True when a descriptor is new and must be watched.
  bool try_connect();
  bool wants_connect() const { return kind_ == Kind::tcp && fd_ < 0; }

  // Moves what is there into the log, at most `chunks` reads. True while more may come at once. `log_grew` is or-ed.
  bool drain(int chunks, bool& log_grew);

  // Both ends of the connection are held here or in the log: nothing comes after what is there now.
  bool drained_at_once() const { return kind_ == Kind::fifo; }

  InputCode queue_input(std::uint32_t request, std::string_view bytes);
  // Writes what the emulator takes now; ids of requests it has taken completely are appended to `done`.
  void flush_input(std::vector<std::uint32_t>& done);
  // The emulator takes no more: requests it was handed completely are done (a guest may end by what it read), others failed.
  void end_input(std::vector<std::uint32_t>& done, std::vector<std::uint32_t>& failed);

  const std::string& name() const { return name_; }
  int fd() const { return fd_; }
  int writable_fd() const { return write_fd_; }  // the same file, watched for room only
  bool closed() const { return fd_ < 0; }
  std::uint64_t end() const { return log_.end(); }
  void close_all();

  bool dirty = false;  // the log has grown since the server was told
  bool ready = false;  // drain() stopped before the end

 private:
  struct Pending {
    std::uint32_t request;
    std::uint64_t until;  // count of queued bytes at its end
  };
  int open_fifos();
  bool taken_completely() const;

  std::string name_;
  Kind kind_;
  int child_number_;
  std::uint16_t port_;
  LogWriter log_;
  int fd_ = -1;
  int write_fd_ = -1;
  int slave_ = -1;  // pty: kept open, so that the emulator may open and close it
  bool accepts_input_ = true;
  std::string input_;
  std::size_t input_at_ = 0;
  std::uint64_t queued_ = 0, written_ = 0;
  std::deque<Pending> pending_;
};

// A connected, non-blocking socket to 127.0.0.1:port, or -1 with errno.
int connect_loopback(std::uint16_t port);

}  // namespace virserver::shim
