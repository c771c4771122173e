#include "process/control_channel.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "process/safe_open.hpp"
#include "shim/protocol.hpp"

namespace virserver::process {
namespace {

// 1 sent, 0 no room, -1 over
int send_packet(int socket, const ControlChannel::Packet& packet) {
  iovec part{const_cast<char*>(packet.data.data()), packet.data.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (packet.fd) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = packet.fd.get();
    std::memcpy(CMSG_DATA(c), &fd, sizeof fd);
  }
  for (;;) {
    if (sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return 1;
    if (errno != EINTR) return errno == EAGAIN || errno == ENOBUFS ? 0 : -1;
  }
}

}  // namespace

Result<void> ControlChannel::connect(int engine_dir) {
  // Looked at first: a link planted here must not lead us to another service's socket.
  const Fd at = open_beneath(engine_dir, std::string(shim::kControlName), O_PATH | O_NOFOLLOW);
  struct stat st {};
  if (!at || fstat(at.get(), &st) != 0 || !S_ISSOCK(st.st_mode))
    return fail(ErrorCode::NOT_FOUND, "the engine has no control socket");
  Fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  fmt::format_to_n(address.sun_path, sizeof address.sun_path - 1, "/proc/self/fd/{}", at.get());
  if (!fd || ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return fail(ErrorCode::NOT_FOUND, "nobody listens on the engine's control socket: {}", strerror(errno));
  ucred peer{};
  socklen_t size = sizeof peer;
  getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
  peer_ = peer.pid;
  socket_.assign(fd.release());
  return {};
}

void ControlChannel::close() {
  error_code ignored;
  socket_.close(ignored);
  queue_.clear();
}

Result<std::optional<ControlChannel::Packet>> ControlChannel::try_receive() {
  if (!socket_.is_open()) return fail(ErrorCode::ENGINE_DIED, "the connection to the engine is closed");
  Packet packet;
  packet.data.resize(shim::kMaxMessage);
  iovec part{packet.data.data(), packet.data.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t n = recvmsg(socket_.native_handle(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return std::optional<Packet>();
  if (n > 0) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
      for (std::size_t at = 0; CMSG_LEN(at + sizeof(int)) <= c->cmsg_len; at += sizeof(int)) {
        int fd;
        std::memcpy(&fd, CMSG_DATA(c) + at, sizeof fd);
        packet.fd.reset(fd);  // more than one is not ours to keep
      }
    }
  }
  if (n <= 0) return fail(ErrorCode::ENGINE_DIED, "the engine closed its control connection");
  packet.data.resize(static_cast<std::size_t>(n));
  return std::optional<Packet>(std::move(packet));
}

Task<error_code> ControlChannel::wait_readable() {
  auto [ec] = co_await socket_.async_wait(asio::posix::stream_descriptor::wait_read, tuple_awaitable);
  co_return ec;
}

bool ControlChannel::send(std::string data, Fd fd) {
  if (!socket_.is_open()) return false;
  Packet packet{std::move(data), std::move(fd)};
  if (queue_.empty()) {
    const int sent = send_packet(socket_.native_handle(), packet);
    if (sent != 0) return sent > 0;
  }
  queue_.push_back(std::move(packet));
  wait_for_room();
  return true;
}

void ControlChannel::wait_for_room() {
  if (waiting_) return;
  waiting_ = true;
  auto ready = [this, alive = alive_](error_code ec) {
    if (!*alive) return;
    waiting_ = false;
    if (!ec) flush();
  };
  socket_.async_wait(asio::posix::stream_descriptor::wait_write, std::move(ready));
}

void ControlChannel::flush() {
  while (!queue_.empty()) {
    const int sent = send_packet(socket_.native_handle(), queue_.front());
    if (sent == 0) return wait_for_room();
    queue_.pop_front();
  }
}

}  // namespace virserver::process
