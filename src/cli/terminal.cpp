#include "cli/terminal.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace virserver::cli {
namespace {

constexpr char escape_byte = 0x1d;  // Ctrl-]

// For handlers and atexit: plain data, written before `raw_fd`.
termios saved;
std::atomic<int> raw_fd = -1;

void restore_terminal() {
  const int fd = raw_fd.exchange(-1);
  if (fd >= 0) ::tcsetattr(fd, TCSANOW, &saved);
}

void restore_and_die(int signal_number) {
  restore_terminal();
  ::signal(signal_number, SIG_DFL);
  ::raise(signal_number);
}

void watch_fatal_signals() {
  for (const int number : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGHUP, SIGTERM, SIGINT}) {
    struct sigaction current{};
    if (::sigaction(number, nullptr, &current) != 0 || current.sa_handler != SIG_DFL) continue;
    struct sigaction action{};
    action.sa_handler = restore_and_die;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(number, &action, nullptr);
  }
}

}  // namespace

Outcome<RawTerminal> RawTerminal::enter(int fd) {
  static const bool at_exit = std::atexit(restore_terminal) == 0;
  static_cast<void>(at_exit);
  if (raw_fd >= 0) return fail(exit_failed, "TERMINAL", "the terminal is in raw mode already");
  termios raw{};
  if (::tcgetattr(fd, &raw) != 0)
    return fail(exit_failed, "TERMINAL", "cannot read the terminal's settings: {}", std::strerror(errno));
  saved = raw;
  ::cfmakeraw(&raw);
  raw_fd = fd;
  watch_fatal_signals();
  if (::tcsetattr(fd, TCSANOW, &raw) != 0) {
    raw_fd = -1;
    return fail(exit_failed, "TERMINAL", "cannot set the terminal to raw mode: {}", std::strerror(errno));
  }
  RawTerminal guard;
  guard.active_ = true;
  return guard;
}

RawTerminal::RawTerminal(RawTerminal&& other) noexcept : active_(std::exchange(other.active_, false)) {}

RawTerminal::~RawTerminal() {
  if (active_) restore_terminal();
}

Fd open_for_reading(int fd) {
  struct stat status{};
  const bool reopen = ::fstat(fd, &status) == 0 && (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode));
  if (reopen) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    if (Fd opened(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)); opened) return opened;
  }
  return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

bool cut_at_escape(std::string& bytes) {
  const std::size_t at = bytes.find(escape_byte);
  if (at == std::string::npos) return false;
  bytes.resize(at);
  return true;
}

}  // namespace virserver::cli
