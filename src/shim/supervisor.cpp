#include "shim/supervisor.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <csignal>

namespace virserver::shim {
namespace {

constexpr std::int64_t kCoalesceNs = 1'000'000;
constexpr std::int64_t kConnectEveryNs = 2'000'000;

std::int64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

bool complain(const char* what, const char* object) {
  dprintf(2, "virserver-shim: cannot %s %s: %s\n", what, object, strerror(errno));
  return false;
}

}  // namespace

Supervisor::Supervisor(Options options, bool landlocked) : options_(std::move(options)), landlocked_(landlocked) {}

bool Supervisor::watch(int fd, Source source, std::uint32_t index, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = static_cast<std::uint64_t>(source) << 32 | index;
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool Supervisor::start() {
  engine_dir_ = open(options_.engine_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (engine_dir_ < 0 || fchdir(engine_dir_) != 0) return complain("open", options_.engine_dir.c_str());
  console_dir_ = open(options_.console_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (console_dir_ < 0) return complain("open", options_.console_dir.c_str());

  lock_ = open(kLockName.data(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (lock_ < 0) return complain("open", "lock");
  for (int attempt = 0; flock(lock_, LOCK_EX | LOCK_NB) != 0; ++attempt) {  // a server may be probing it for a moment
    if (attempt == 100) return complain("lock", "lock (another engine lives in this directory)");
    usleep(2000);
  }
  unlink(kExitName.data());
  unlink(kControlName.data());
  listener_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, kControlName.data(), kControlName.size());
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 8) != 0)
    return complain("listen on", "control");

  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, nullptr);
  child_signal_ = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (!watch(listener_, Source::listener, 0, EPOLLIN) || !watch(child_signal_, Source::child_signal, 0, EPOLLIN))
    return complain("create", "epoll");
  // EPOLLERR on a pipe whose reader is gone: the server died before it connected.
  starter_watched_ = watch(1, Source::starter, 0, 0);
  [[maybe_unused]] const ssize_t n = write(1, kReadyLine.data(), kReadyLine.size());
  return true;
}

int Supervisor::wait_timeout() const {
  if (any_ready_) return 0;
  if (any_dirty_ && !server_blocked_ && server_ >= 0) return 1;
  if (executed_)
    for (const auto& c : consoles_)
      if (c->wants_connect()) return 2;
  return -1;
}

int Supervisor::run() {
  epoll_event events[32];
  while (!ended_) {
    const int n = epoll_wait(epoll_, events, 32, wait_timeout());
    if (any_ready_) {
      any_ready_ = false;
      for (std::uint32_t i = 0; i < consoles_.size(); ++i)
        if (consoles_[i]->ready) drain(i, 4);
    }
    for (int i = 0; i < n && !ended_; ++i) {
      const auto index = static_cast<std::uint32_t>(events[i].data.u64);
      switch (static_cast<Source>(events[i].data.u64 >> 32)) {
        case Source::listener: accept_server(); break;
        case Source::server:
          if (events[i].events & EPOLLOUT) flush_messages();
          if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive();
          break;
        case Source::child_signal: reap(); break;
        case Source::starter:
          if (server_ < 0 && !executed_) return 0;
          epoll_ctl(epoll_, EPOLL_CTL_DEL, 1, nullptr);
          break;
        case Source::console: drain(index, 4); break;
        case Source::console_room: flush_input(index); break;
      }
    }
    if (ended_) break;
    connect_consoles();
    if (any_dirty_ && now_ns() - last_notice_ns_ >= kCoalesceNs) notify();
  }
  return 0;
}

void Supervisor::drain(std::uint32_t index, int chunks) {
  Console& console = *consoles_[index];
  const int fd = console.fd();
  if (fd < 0) return;
  console.ready = console.drain(chunks, any_dirty_);
  any_ready_ = any_ready_ || console.ready;
  if (console.closed()) console_closed(index);
}

void Supervisor::console_closed(std::uint32_t index) {
  std::vector<std::uint32_t> done, failed;
  consoles_[index]->end_input(done, failed);
  for (auto id : done) send_message(Writer(Type::input_result, id).put(InputCode::ok));
  for (auto id : failed) send_message(Writer(Type::input_result, id).put(InputCode::closed));
}

void Supervisor::flush_input(std::uint32_t index) {
  std::vector<std::uint32_t> done;
  consoles_[index]->flush_input(done);
  for (auto id : done) send_message(Writer(Type::input_result, id).put(InputCode::ok));
}

void Supervisor::connect_consoles() {
  if (!executed_) return;
  std::int64_t now = 0;
  for (std::uint32_t i = 0; i < consoles_.size(); ++i) {
    Console& console = *consoles_[i];
    if (!console.wants_connect()) continue;
    if (!now) now = now_ns();
    if (now < next_connect_ns_ || !console.try_connect()) continue;
    watch(console.fd(), Source::console, i, EPOLLIN);
    watch(console.writable_fd(), Source::console_room, i, EPOLLOUT | EPOLLET);
  }
  if (now >= next_connect_ns_ && now) next_connect_ns_ = now + kConnectEveryNs;
}

void Supervisor::exec(std::uint32_t id, int memfd) {
  const auto answer = [&](int error, std::string_view what) {
    send_message(Writer(Type::exec_result, id).put(std::int32_t{error}).string(what).put(std::int32_t{emulator_}));
  };
  if (executed_) return answer(EBUSY, "the engine has run already");
  std::string data;
  char buffer[4096];
  for (off_t at = 0; data.size() <= kMaxLaunch;) {
    const ssize_t n = pread(memfd, buffer, sizeof buffer, at);
    if (n <= 0) break;
    data.append(buffer, static_cast<std::size_t>(n));
    at += n;
  }
  Launch launch_data;
  if (!decode(data, launch_data)) return answer(EPROTO, "launch data");
  for (const auto& c : launch_data.consoles) {
    const bool bad_fd = c.kind == Kind::socketpair && (c.child_fd < 3 || c.child_fd > 500);
    if (!valid_console_name(c.name) || bad_fd) return answer(EINVAL, "console " + c.name);
  }

  std::vector<ChildFd> children;
  int error = 0;
  for (const auto& c : launch_data.consoles) {
    consoles_.push_back(std::make_unique<Console>(console_dir_, c, launch_data.log_bound));
    if (!error) error = consoles_.back()->open(options_.engine_dir, children);
  }
  LaunchConsole output_spec;
  output_spec.name = kEmulatorConsole;
  output_spec.first_offset = launch_data.emulator_first_offset;
  if (launch_data.terminal) output_spec.kind = Kind::pty;
  consoles_.push_back(std::make_unique<Console>(console_dir_, output_spec, launch_data.log_bound));
  int output = -1;
  if (!error) error = consoles_.back()->open_output(options_.engine_dir, output);
  LaunchResult result{-1, error, "consoles"};
  if (!error) result = launch(launch_data, options_, children, output);
  for (const auto& c : children) close(c.fd);
  if (output >= 0) close(output);
  if (result.pid < 0) {
    consoles_.clear();
    return answer(result.error, result.failed);
  }
  emulator_ = result.pid;
  executed_ = true;
  for (std::uint32_t i = 0; i < consoles_.size(); ++i) {
    Console& console = *consoles_[i];
    if (console.fd() >= 0) watch(console.fd(), Source::console, i, EPOLLIN);
    if (console.writable_fd() >= 0) watch(console.writable_fd(), Source::console_room, i, EPOLLOUT | EPOLLET);
  }
  answer(0, "");
}

void Supervisor::input(std::uint32_t id, std::string_view name, std::string_view bytes) {
  auto code = InputCode::no_such_console;
  for (std::uint32_t i = 0; i < consoles_.size(); ++i) {
    if (consoles_[i]->name() != name) continue;
    code = consoles_[i]->queue_input(id, bytes);
    if (code == InputCode::ok) return flush_input(i);
    break;
  }
  if (consoles_.empty()) code = InputCode::closed;
  send_message(Writer(Type::input_result, id).put(code));
}

void Supervisor::dial(std::uint32_t id, std::string_view name, std::uint16_t port) {
  int fd = -1;
  if (name.empty()) {
    fd = connect_loopback(port);
  } else {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    errno = EINVAL;
    if (name.size() < sizeof address.sun_path && name.find('/') == name.npos && name != kControlName) {
      memcpy(address.sun_path, name.data(), name.size());  // relative: the engine directory is the working directory
      fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      if (fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        const int error = errno;
        close(fd);
        fd = -1;
        errno = error;
      }
    }
  }
  send_message(Writer(Type::dial_result, id).put(std::int32_t{fd >= 0 ? 0 : errno}), fd);
}

void Supervisor::reap() {
  signalfd_siginfo info;
  while (read(child_signal_, &info, sizeof info) > 0) {}
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
    if (pid == emulator_) return emulator_ended(status);
}

}  // namespace virserver::shim
