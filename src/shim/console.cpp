#include "shim/console.hpp"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

namespace virserver::shim {
namespace {
constexpr int kSocketBuffer = 1 << 20;
constexpr int kFifoSizes[] = {1 << 20, 256 << 10, 128 << 10};  // the host bounds what one user's pipes take together
constexpr int kFifoInput = 4096;  // input waits in our queue, not in the pipe
char chunk[256 * 1024];  // untouched pages cost nothing while the shim waits
}  // namespace

int connect_loopback(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int error = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {  // a full backlog; loopback otherwise connects at once
    pollfd p{fd, POLLOUT, 0};
    socklen_t size = sizeof error;
    error = poll(&p, 1, 20) == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : EAGAIN;
  }
  // A connect to an unused ephemeral port can meet itself.
  sockaddr_in self{};
  socklen_t size = sizeof self;
  if (!error && getsockname(fd, reinterpret_cast<sockaddr*>(&self), &size) == 0 && self.sin_port == address.sin_port)
    error = ECONNREFUSED;
  if (error) {
    close(fd);
    errno = error;
    return -1;
  }
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

Console::Console(int log_dir, const LaunchConsole& spec, std::uint64_t log_bound)
    : name_(spec.name), kind_(spec.kind), child_number_(spec.child_fd), port_(spec.port),
      log_(log_dir, spec.name, spec.first_offset, log_bound) {}

int Console::open(const std::string& engine_dir, std::vector<ChildFd>& children) {
  if (kind_ == Kind::tcp) return 0;  // connected once the emulator listens
  if (kind_ == Kind::fifo) return open_fifos();
  if (kind_ == Kind::socketpair) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
    setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &kSocketBuffer, sizeof kSocketBuffer);
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    fd_ = pair[0];
    children.push_back({pair[1], child_number_});
  } else {
    fd_ = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    char path[64];
    if (fd_ < 0 || grantpt(fd_) != 0 || unlockpt(fd_) != 0 || ptsname_r(fd_, path, sizeof path) != 0) return errno;
    slave_ = ::open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    termios mode{};
    if (slave_ < 0 || tcgetattr(slave_, &mode) != 0) return errno;
    cfmakeraw(&mode);
    tcsetattr(slave_, TCSANOW, &mode);
    mkdir((engine_dir + "/pty").c_str(), 0700);
    const std::string link = engine_dir + "/pty/" + name_;
    unlink(link.c_str());
    if (symlink(path, link.c_str()) != 0) return errno;
  }
  write_fd_ = fcntl(fd_, F_DUPFD_CLOEXEC, 3);
  return write_fd_ < 0 ? errno : 0;
}

// Opened for both ways, so that no open waits for the emulator and its reopening is no end of file.
int Console::open_fifos() {
  const std::string names[] = {name_ + ".out", name_ + ".in"};  // the engine directory is the working directory
  int* const fds[] = {&fd_, &write_fd_};
  for (int i = 0; i < 2; ++i) {
    unlink(names[i].c_str());
    if (mkfifo(names[i].c_str(), 0600) != 0) return errno;
    *fds[i] = ::open(names[i].c_str(), O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (*fds[i] < 0) return errno;
  }
  for (int size : kFifoSizes)
    if (fcntl(fd_, F_SETPIPE_SZ, size) >= 0) break;
  fcntl(write_fd_, F_SETPIPE_SZ, kFifoInput);
  return 0;
}

int Console::open_output(const std::string& engine_dir, int& child_end) {
  if (kind_ == Kind::pty) {
    std::vector<ChildFd> none;
    if (const int error = open(engine_dir, none)) return error;
    child_end = fcntl(slave_, F_DUPFD_CLOEXEC, 3);
    return child_end < 0 ? errno : 0;
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  fd_ = ends[0];
  child_end = ends[1];
  accepts_input_ = false;
  return 0;
}

bool Console::try_connect() {
  fd_ = connect_loopback(port_);
  if (fd_ < 0) return false;
  write_fd_ = fcntl(fd_, F_DUPFD_CLOEXEC, 3);
  return true;
}

bool Console::drain(int chunks, bool& log_grew) {
  for (; fd_ >= 0 && chunks > 0; --chunks) {
    const ssize_t n = read(fd_, chunk, sizeof chunk);
    if (n > 0) {
      log_.append(chunk, static_cast<std::size_t>(n));
      dirty = log_grew = true;
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else if (n < 0 && errno == EAGAIN) {
      return false;
    } else {
      close_all();
      return false;
    }
  }
  return fd_ >= 0;
}

InputCode Console::queue_input(std::uint32_t request, std::string_view bytes) {
  if (!accepts_input_ || (fd_ < 0 && kind_ != Kind::tcp)) return InputCode::closed;
  if (input_.size() - input_at_ + bytes.size() > kInputQueue) return InputCode::busy;
  input_.erase(0, input_at_);
  input_at_ = 0;
  input_.append(bytes);
  queued_ += bytes.size();
  pending_.push_back({request, queued_});
  return InputCode::ok;
}

// A unix socket tells how much its peer has not read yet; the last byte of the count goes after the wake-up.
bool Console::taken_completely() const {
  int unread = 0;
  return kind_ != Kind::socketpair || ioctl(write_fd_, SIOCOUTQ, &unread) != 0 || unread <= 1;
}

void Console::flush_input(std::vector<std::uint32_t>& done) {
  if (write_fd_ < 0) return;
  while (input_at_ < input_.size()) {
    const bool socket = kind_ == Kind::socketpair || kind_ == Kind::tcp;
    const ssize_t n = !socket ? write(write_fd_, input_.data() + input_at_, input_.size() - input_at_)
                              : send(write_fd_, input_.data() + input_at_, input_.size() - input_at_, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    input_at_ += static_cast<std::size_t>(n);
    written_ += static_cast<std::uint64_t>(n);
  }
  if (input_at_ == input_.size() && input_at_ > 0) {
    std::string().swap(input_);
    input_at_ = 0;
  }
  if (pending_.empty() || (kind_ == Kind::socketpair && (!input_.empty() || !taken_completely()))) return;
  while (!pending_.empty() && pending_.front().until <= written_) {
    done.push_back(pending_.front().request);
    pending_.pop_front();
  }
}

void Console::end_input(std::vector<std::uint32_t>& done, std::vector<std::uint32_t>& failed) {
  for (const auto& p : pending_) (p.until <= written_ ? done : failed).push_back(p.request);
  pending_.clear();
  input_.clear();
  input_at_ = 0;
  written_ = queued_;
}

void Console::close_all() {
  for (int* fd : {&fd_, &write_fd_, &slave_}) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
  }
}

}  // namespace virserver::shim
