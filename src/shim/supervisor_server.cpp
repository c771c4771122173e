// The supervisor's side of the control socket, and the end of the engine.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <csignal>

#include "shim/supervisor.hpp"

namespace virserver::shim {
namespace {

bool send_packet(int socket, const std::string& data, int fd) {
  iovec part{const_cast<char*>(data.data()), data.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

Writer output_notice(const Console& console) {
  return Writer(Type::output, 0).string(console.name()).put(console.end());
}

// Without a pid namespace: whether `pid` is a child, grandchild, ... of ours.
bool descends_from_us(pid_t pid) {
  for (int depth = 0; depth < 64 && pid > 1; ++depth) {
    if (pid == getpid()) return true;
    char path[64], line[512] = {};
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd >= 0 ? read(fd, line, sizeof line - 1) : -1;
    if (fd >= 0) close(fd);
    const char* after_name = n > 0 ? strrchr(line, ')') : nullptr;  // the name may hold anything
    char state;
    if (!after_name || sscanf(after_name, ") %c %d", &state, &pid) != 2) return false;
  }
  return false;
}

}  // namespace

void Supervisor::accept_server() {
  const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  // The emulator can reach this socket too. A server is outside our pid namespace (0), or at least not below us.
  ucred peer{};
  socklen_t size = sizeof peer;
  getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  if (options_.reduced ? descends_from_us(peer.pid) : peer.pid != 0) {
    close(fd);
    return;
  }
  if (server_ >= 0) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, server_, nullptr);
    close(server_);
  }
  for (auto& q : queued_)
    if (q.fd >= 0) close(q.fd);
  queued_.clear();
  server_blocked_ = false;
  server_ = fd;
  watch(server_, Source::server, 0, EPOLLIN);
  if (starter_watched_) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, 1, nullptr);
    starter_watched_ = false;
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int target : {0, 1, 2}) dup2(null, target);
    if (null > 2) close(null);
  }
  std::uint32_t flags = 0;
  if (executed_) flags |= flag_executed;
  if (options_.reduced) flags |= flag_reduced;
  if (landlocked_) flags |= flag_landlock;
  if (options_.die_with_server) flags |= flag_die_with_server;
  send_message(Writer(Type::hello, 0).put(kMagic).put(kVersion).put(std::uint32_t{feature_consoles | feature_dial}).put(flags));
  for (auto& c : consoles_) c->dirty = true;
  notify();
}

void Supervisor::server_gone() {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, server_, nullptr);
  close(server_);
  server_ = -1;
  server_blocked_ = false;
  for (auto& q : queued_)
    if (q.fd >= 0) close(q.fd);
  queued_.clear();
  if (!executed_ || options_.die_with_server) die();
}

void Supervisor::receive() {
  static char buffer[kMaxMessage];
  for (int budget = 16; budget > 0 && server_ >= 0 && !ended_; --budget) {
    iovec part{buffer, sizeof buffer};
    alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t n = recvmsg(server_, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    int fd = -1;
    if (n > 0) {
      for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        for (std::size_t at = 0; CMSG_LEN(at + sizeof(int)) <= c->cmsg_len; at += sizeof(int)) {
          if (fd >= 0) close(fd);
          memcpy(&fd, CMSG_DATA(c) + at, sizeof fd);
        }
      }
    }
    if (n <= 0) return server_gone();
    handle({buffer, static_cast<std::size_t>(n)}, fd);
    if (fd >= 0) close(fd);
  }
}

void Supervisor::handle(std::string_view message, int fd) {
  Reader r(message);
  const auto header = r.get<Header>();
  if (!r.ok()) return;
  switch (static_cast<Type>(header.type)) {
    case Type::exec: return exec(header.id, fd);
    case Type::input: {
      const auto name = r.string();
      const auto bytes = r.string();
      if (r.ok()) input(header.id, name, bytes);
      return;
    }
    case Type::dial: {
      const auto name = r.string();
      const auto port = r.get<std::uint16_t>();
      if (r.ok()) dial(header.id, name, port);
      return;
    }
    case Type::signal:
      if (emulator_ > 0) ::kill(emulator_, r.get<std::int32_t>());
      return;
    case Type::kill: die();
    default: return;
  }
}

// Takes `fd` over. Results wait for room; whoever asks slowly bounds them by the requests it has open.
bool Supervisor::send_message(const Writer& message, int fd) {
  bool sent = false;
  if (server_ >= 0 && queued_.empty()) sent = send_packet(server_, message.data(), fd);
  const bool wait = !sent && server_ >= 0 && (!queued_.empty() || errno == EAGAIN);
  if (wait) {
    queued_.push_back({message.data(), fd});
    server_blocked_ = true;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT;
    event.data.u64 = static_cast<std::uint64_t>(Source::server) << 32;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, server_, &event);
  } else if (fd >= 0) {
    close(fd);
  }
  return sent;
}

void Supervisor::flush_messages() {
  while (!queued_.empty()) {
    if (!send_packet(server_, queued_.front().data, queued_.front().fd) && errno == EAGAIN) return;
    if (queued_.front().fd >= 0) close(queued_.front().fd);
    queued_.pop_front();
  }
  server_blocked_ = false;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = static_cast<std::uint64_t>(Source::server) << 32;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, server_, &event);
  notify();
}

void Supervisor::notify() {
  if (server_ < 0 || server_blocked_) return;  // told when a server comes, or when there is room
  any_dirty_ = false;
  for (auto& c : consoles_) {
    if (!c->dirty) continue;
    c->dirty = false;
    send_message(output_notice(*c));  // one that must wait stops the rest until there is room
    if (server_blocked_) {
      for (auto& other : consoles_) any_dirty_ = any_dirty_ || other->dirty;
      break;
    }
  }
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  last_notice_ns_ = t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

// Ends every other process of the engine: all of the namespace, or all that descend from us.
void Supervisor::kill_descendants() {
  if (!options_.reduced && getpid() == 1) ::kill(-1, SIGKILL);
  for (;;) {
    if (options_.reduced || getpid() != 1) {
      if (emulator_ > 0) ::kill(-emulator_, SIGKILL);
      char path[64];
      snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
      if (FILE* children = fopen(path, "re")) {  // orphans come to us as the subreaper, level by level
        for (int pid; fscanf(children, "%d", &pid) == 1;) ::kill(pid, SIGKILL);
        fclose(children);
      }
    }
    if (waitpid(-1, nullptr, 0) < 0 && errno == ECHILD) return;
  }
}

void Supervisor::die() {
  kill_descendants();
  _exit(0);
}

void Supervisor::emulator_ended(int status) {
  ended_ = true;
  kill_descendants();
  for (auto& c : consoles_) {
    bool grew = false;
    // A pty hands bytes over asynchronously, a TCP connection ends with its FIN: give both a moment.
    do {
      while (c->drain(64, grew)) {}
      if (c->closed() || c->writable_fd() < 0 || c->drained_at_once()) break;
      pollfd p{c->fd(), POLLIN, 0};
      if (poll(&p, 1, 20) <= 0) break;
    } while (true);
  }

  const bool signaled = WIFSIGNALED(status);
  const int value = signaled ? WTERMSIG(status) : WEXITSTATUS(status);
  char text[128];
  const int size = snprintf(text, sizeof text, "{\"version\":1,\"%s\":%d}\n", signaled ? "signal" : "code", value);
  unlinkat(engine_dir_, "exit.json.tmp", 0);
  const int fd = openat(engine_dir_, "exit.json.tmp", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd >= 0 && write(fd, text, static_cast<std::size_t>(size)) == size)
    renameat(engine_dir_, "exit.json.tmp", engine_dir_, kExitName.data());
  if (fd >= 0) close(fd);

  if (server_ < 0) return;
  if (!server_blocked_) notify();
  for (std::uint32_t i = 0; i < consoles_.size(); ++i) console_closed(i);
  for (auto& c : consoles_)
    if (c->dirty) send_message(output_notice(*c));
  send_message(Writer(Type::exited, 0).put(std::uint8_t{signaled}).put(std::int32_t{value}));
  for (int i = 0; i < 20 && !queued_.empty(); ++i) {  // a server that does not read finds everything on disk
    pollfd p{server_, POLLOUT, 0};
    if (poll(&p, 1, 50) > 0) {
      if (p.revents & (POLLHUP | POLLERR)) return;
      flush_messages();
    }
  }
}

}  // namespace virserver::shim
