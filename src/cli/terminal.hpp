// The terminal in raw mode, and back.
#pragma once
#include <termios.h>

#include <optional>

#include "base/fd.hpp"
#include "cli/failure.hpp"

namespace virserver::cli {

// Raw mode for as long as it lives. Also restored when the process exits or dies of a fatal signal (SIGSEGV, SIGABRT,
// SIGBUS, SIGFPE, SIGILL, and SIGQUIT, SIGHUP, SIGTERM, SIGINT where nobody else handles them). One at a time.
class RawTerminal {
 public:
  static Outcome<RawTerminal> enter(int fd);
  RawTerminal(RawTerminal&& other) noexcept;
  RawTerminal& operator=(RawTerminal&&) = delete;
  ~RawTerminal();

 private:
  RawTerminal() = default;
  bool active_ = false;
};

// A descriptor for non-blocking reads of `fd` that leaves the description shared with the shell alone where that is
// possible (terminals and pipes are opened anew); regular files read at once. Owned by the caller.
Fd open_for_reading(int fd);

// Where Ctrl-] leaves: true when the bytes hold it; `bytes` keeps what came before.
bool cut_at_escape(std::string& bytes);

}  // namespace virserver::cli
