// The server's end of a shim's control socket: packets with at most one descriptor.
#pragma once
#include <sys/types.h>

#include <deque>
#include <optional>
#include <string>

#include "base/asio.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"

namespace virserver::process {

class ControlChannel {
 public:
  explicit ControlChannel(asio::any_io_executor executor) : socket_(executor) {}

  // Connects to `control` in the engine directory; NOT_FOUND when nobody listens there.
  Result<void> connect(int engine_dir);
  pid_t peer() const { return peer_; }
  bool open() const { return socket_.is_open(); }
  void close();

  struct Packet {
    std::string data;
    Fd fd;
  };
  // A packet that is there; an empty one when there is none now. An error when the connection is over.
  Result<std::optional<Packet>> try_receive();
  Task<error_code> wait_readable();

  // Sends, or keeps the packet until there is room (flush when wait_writable says so). False when the connection is over.
  bool send(std::string data, Fd fd);

 private:
  void flush();
  void wait_for_room();

  asio::posix::stream_descriptor socket_;
  pid_t peer_ = -1;
  std::deque<Packet> queue_;
  bool waiting_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

 public:
  ~ControlChannel() { *alive_ = false; }
};

}  // namespace virserver::process
