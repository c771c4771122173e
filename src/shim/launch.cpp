#include "shim/launch.hpp"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/confine.hpp"

namespace virserver::shim {
namespace {

struct Failure {
  int error;
  int step;
};
constexpr const char* kSteps[] = {"descriptors", "exec"};

[[noreturn]] void report(int fd, int step) {
  const Failure failure{errno, step};
  [[maybe_unused]] const ssize_t n = write(fd, &failure, sizeof failure);
  _exit(127);
}

[[noreturn]] void run_child(char** argv, char** env, const Options& options, const std::vector<ChildFd>& child_fds,
                            int output, bool terminal, int report_fd, pid_t shim) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // without a pid namespace nothing else ends the emulator when the shim is killed
  if (getppid() != shim) _exit(127);
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int s : {SIGPIPE, SIGTERM, SIGINT, SIGHUP}) signal(s, SIG_DFL);

  // First out of the way of every wanted number, then onto it.
  int high = 3;
  for (const auto& c : child_fds)
    if (c.number >= high) high = c.number + 1;
  report_fd = fcntl(report_fd, F_DUPFD_CLOEXEC, high);
  output = fcntl(output, F_DUPFD_CLOEXEC, high);
  std::vector<int> moved;
  for (const auto& c : child_fds) moved.push_back(fcntl(c.fd, F_DUPFD_CLOEXEC, high));
  const int input = terminal ? output : open("/dev/null", O_RDONLY);
  if (input < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) report(report_fd, 0);
  if (!terminal && input > 2) close(input);
  for (std::size_t i = 0; i < moved.size(); ++i)
    if (dup2(moved[i], child_fds[i].number) < 0) report(report_fd, 0);
  // Everything of the shim's own is close-on-exec; what else lies between is not expected, but must not leak either.
  for (int fd = 3; fd < high; ++fd) {
    bool wanted = false;
    for (const auto& c : child_fds) wanted = wanted || c.number == fd;
    if (!wanted) close(fd);
  }
  apply_rlimits(options);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  execve(argv[0], argv, env);
  report(report_fd, 1);
}

}  // namespace

LaunchResult launch(const Launch& what, const Options& options, const std::vector<ChildFd>& child_fds, int output) {
  LaunchResult result;
  std::vector<std::string> env;
  for (const auto& e : what.env)
    if (e.rfind("HOME=", 0) != 0 && e.rfind("TMPDIR=", 0) != 0) env.push_back(e);
  const std::string temporary = options.engine_dir + "/tmp";
  mkdir(temporary.c_str(), 0700);
  env.push_back("HOME=" + options.engine_dir);
  env.push_back("TMPDIR=" + temporary);
  std::vector<char*> argv_pointers, env_pointers;
  for (const auto& a : what.argv) argv_pointers.push_back(const_cast<char*>(a.c_str()));
  for (const auto& e : env) env_pointers.push_back(const_cast<char*>(e.c_str()));
  argv_pointers.push_back(nullptr);
  env_pointers.push_back(nullptr);

  int report_pipe[2];
  if (pipe2(report_pipe, O_CLOEXEC) != 0) return {-1, errno, "pipe"};
  const pid_t shim = getpid();
  result.pid = fork();
  if (result.pid == 0)
    run_child(argv_pointers.data(), env_pointers.data(), options, child_fds, output, what.terminal, report_pipe[1], shim);
  const int fork_error = errno;
  close(report_pipe[1]);
  if (result.pid < 0) {
    close(report_pipe[0]);
    return {-1, fork_error, "fork"};
  }
  Failure failure{};
  ssize_t n;
  while ((n = read(report_pipe[0], &failure, sizeof failure)) < 0 && errno == EINTR) {}
  close(report_pipe[0]);
  if (n == sizeof failure) {
    waitpid(result.pid, nullptr, 0);
    return {-1, failure.error ? failure.error : EINVAL, kSteps[failure.step & 1]};
  }
  return result;
}

}  // namespace virserver::shim
