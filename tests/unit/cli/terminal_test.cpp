#include <gtest/gtest.h>

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/terminal.hpp"

namespace virserver::cli {
namespace {

struct Pty {
  Fd master, slave;
  Pty() {
    int a = -1, b = -1;
    if (::openpty(&a, &b, nullptr, nullptr, nullptr) != 0) throw std::runtime_error("openpty");
    master.reset(a);
    slave.reset(b);
  }
  bool cooked() const {
    termios now{};
    return ::tcgetattr(slave.get(), &now) == 0 && (now.c_lflag & ICANON) != 0 && (now.c_lflag & ISIG) != 0;
  }
};

TEST(RawTerminal, IsRestoredAtTheEndOfScope) {
  Pty pty;
  {
    auto raw = RawTerminal::enter(pty.slave.get());
    ASSERT_TRUE(raw);
    EXPECT_FALSE(pty.cooked());
    EXPECT_FALSE(RawTerminal::enter(pty.slave.get())) << "only one at a time";
  }
  EXPECT_TRUE(pty.cooked());
}

TEST(RawTerminal, IsRefusedOnWhatIsNoTerminal) {
  Fd null(::open("/dev/null", O_RDWR));
  EXPECT_FALSE(RawTerminal::enter(null.get()));
}

// Ends a child in raw mode in a way and looks at the terminal afterwards.
void expect_restored(void (*end)()) {
  Pty pty;
  const pid_t child = ::fork();
  if (child == 0) {
    auto raw = RawTerminal::enter(pty.slave.get());
    if (!raw || pty.cooked()) ::_exit(99);
    end();
    ::_exit(98);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) >= 98) << status;
  EXPECT_TRUE(pty.cooked());
}

TEST(RawTerminal, IsRestoredByExit) { expect_restored([] { std::exit(0); }); }
TEST(RawTerminal, IsRestoredByTerm) { expect_restored([] { ::raise(SIGTERM); }); }
TEST(RawTerminal, IsRestoredByHangup) { expect_restored([] { ::raise(SIGHUP); }); }
TEST(RawTerminal, IsRestoredByAbort) { expect_restored([] { ::raise(SIGABRT); }); }

TEST(Input, ThePipeOfOthersStaysBlocking) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Fd read_end(ends[0]), write_end(ends[1]);
  const Fd own = open_for_reading(read_end.get());
  ASSERT_TRUE(own);
  EXPECT_TRUE(::fcntl(own.get(), F_GETFL) & O_NONBLOCK);
  EXPECT_FALSE(::fcntl(read_end.get(), F_GETFL) & O_NONBLOCK);
}

TEST(Input, EscapeEndsWhatIsTyped) {
  std::string bytes = "abc\x1d" "def";
  EXPECT_TRUE(cut_at_escape(bytes));
  EXPECT_EQ(bytes, "abc");
  EXPECT_FALSE(cut_at_escape(bytes));
}

}  // namespace
}  // namespace virserver::cli
