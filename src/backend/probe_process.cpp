#include "backend/probe_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace virserver::backend {

namespace {

constexpr std::size_t max_errors = 16 * 1024;

// Detached, but ends with the pipe: the child's end closes at its death.
Task<> drain(std::shared_ptr<asio::posix::stream_descriptor> pipe, std::shared_ptr<std::string> into) {
  std::array<char, 4096> chunk;
  for (;;) {
    auto [ec, n] = co_await pipe->async_read_some(asio::buffer(chunk), tuple_awaitable);
    if (ec) co_return;
    into->append(chunk.data(), std::min(n, max_errors - std::min(max_errors, into->size())));
  }
}

}  // namespace

ProbeProcess::ProbeProcess(asio::any_io_executor executor, pid_t pid, Fd io, Fd errors)
    : executor_(executor), pid_(pid), io_(std::move(io)), exit_(executor) {
  exit_.assign(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  auto pipe = std::make_shared<asio::posix::stream_descriptor>(executor, errors.release());
  asio::co_spawn(executor, drain(pipe, errors_), asio::detached);
}

ProbeProcess::~ProbeProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);  // only when its coroutine was thrown away
  ::waitpid(pid_, nullptr, 0);
}

Result<std::unique_ptr<ProbeProcess>> ProbeProcess::start(asio::any_io_executor executor, const std::vector<std::string>& argv, const Bytes& file,
                                                           const ProbeSettings& settings) {
  int io[2], errors[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, io) != 0)
    return fail(system_error(ErrorCode::ENGINE_START_FAILED, errno, "making a socket"));
  Fd ours(io[0]), theirs(io[1]);
  if (::pipe2(errors, O_CLOEXEC) != 0) return fail(system_error(ErrorCode::ENGINE_START_FAILED, errno, "making a pipe"));
  Fd errors_out(errors[0]), errors_in(errors[1]);
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(errors_out.get(), F_SETFL, O_NONBLOCK);

  Fd content;
  if (!file.empty()) {
    content = Fd(::memfd_create("file", MFD_CLOEXEC));
    if (!content || ::write(content.get(), file.data(), file.size()) != static_cast<ssize_t>(file.size()))
      return fail(system_error(ErrorCode::ENGINE_START_FAILED, errno, "making a file for the emulator"));
  }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), 0);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions, errors_in.get(), 2);
  if (content) ::posix_spawn_file_actions_adddup2(&actions, content.get(), 3);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, content ? 4 : 3);
  ::posix_spawn_file_actions_addchdir_np(&actions, settings.directory.c_str());
  sigset_t all, none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  // A server that is killed must not leave it behind: QEMU does not end with its standard input.
  std::vector<char*> arguments;
  static const bool tied = ::access("/usr/bin/setpriv", X_OK) == 0;
  if (tied)
    for (const char* word : {"/usr/bin/setpriv", "--pdeathsig", "KILL", "--"}) arguments.push_back(const_cast<char*>(word));
  for (const auto& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::vector<std::string> variables{"PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=" + settings.home};
  variables.insert(variables.end(), settings.environment.begin(), settings.environment.end());
  std::vector<char*> environment;
  for (auto& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, arguments.at(0), &actions, &attributes, arguments.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error) return fail(system_error(ErrorCode::ENGINE_START_FAILED, error, fmt::format("starting {}", argv[0])));
  return std::unique_ptr<ProbeProcess>(new ProbeProcess(executor, pid, std::move(ours), std::move(errors_out)));
}

Task<bool> ProbeProcess::end(std::chrono::milliseconds patience) {
  struct Watch {  // outlives this frame: the timer's handler may already be queued when the process ends
    pid_t pid;
    bool late = false;
  };
  auto watch = std::make_shared<Watch>(pid_);
  asio::steady_timer timer(executor_, patience);
  auto force = [watch](error_code ec) {
    if (ec || watch->pid <= 0) return;
    watch->late = true;
    ::kill(-watch->pid, SIGKILL);
    ::kill(watch->pid, SIGKILL);
  };
  timer.async_wait(force);
  co_await exit_.async_wait(asio::posix::stream_descriptor::wait_read, tuple_awaitable);
  watch->pid = -1;
  timer.cancel();
  int status = 0;
  const pid_t reaped = ::waitpid(pid_, &status, WNOHANG);
  if (reaped != pid_) {  // cancelled while waiting
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, &status, 0);
  }
  pid_ = -1;
  co_await asio::post(executor_, asio::use_awaitable);  // the last of its error output
  co_return !watch->late && reaped > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Task<Result<std::string>> run_text(std::vector<std::string> argv, std::chrono::milliseconds timeout, std::size_t max_output, ProbeSettings settings) {
  auto executor = co_await asio::this_coro::executor;
  auto process = ProbeProcess::start(executor, argv, {}, settings);
  if (!process) co_return pass(process);
  Fd io = (*process)->take_io();
  ::shutdown(io.get(), SHUT_WR);  // one that waits for more after a command that failed would wait for ever
  auto output = std::make_shared<asio::posix::stream_descriptor>(executor, io.release());
  asio::steady_timer timer(executor, timeout);
  auto give_up = [output](error_code ec) {
    if (!ec) output->cancel();
  };
  timer.async_wait(give_up);
  std::string text;
  std::vector<char> chunk(16 * 1024);
  bool complete = false;
  while (text.size() < max_output) {
    auto [ec, n] = co_await output->async_read_some(asio::buffer(chunk), tuple_awaitable);
    complete = ec == asio::error::eof || ec == asio::error::connection_reset;
    if (ec) break;
    text.append(chunk.data(), n);
  }
  timer.cancel();
  const bool ended = co_await (*process)->end(complete ? std::chrono::milliseconds(1000) : std::chrono::milliseconds(0));
  if (!complete) co_return fail(ErrorCode::ENGINE_TIMEOUT, "{} did not answer within {} ms", argv[0], timeout.count());
  if (!ended) co_return fail(ErrorCode::ENGINE_START_FAILED, "{} failed: {}", argv[0], (*process)->errors().substr(0, 500));
  co_return text;
}

}  // namespace virserver::backend
