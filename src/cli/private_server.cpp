#include "cli/private_server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "cli/text.hpp"

extern char** environ;

namespace virserver::cli {
namespace {
namespace fs = std::filesystem;

constexpr auto start_patience = std::chrono::seconds(30);
constexpr std::string_view ready_line = "listening on ";

bool is_program(const fs::path& path) {
  std::error_code ec;
  return fs::is_regular_file(path, ec) && ::access(path.c_str(), X_OK) == 0;
}

// True when the process ended within `patience_ms`.
bool wait_for_end(pid_t pid, int patience_ms) {
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd waiting{pidfd.get(), POLLIN, 0};
  if (pidfd)
    while (::poll(&waiting, 1, patience_ms) < 0 && errno == EINTR) {
    }
  return ::waitpid(pid, nullptr, WNOHANG) == pid;
}

}  // namespace

std::string find_virserver(const fs::path& self, const char* path_variable) {
  if (const fs::path beside = self.parent_path() / "virserver"; is_program(beside)) return beside;
  std::string_view path = path_variable != nullptr ? path_variable : "";
  while (!path.empty()) {
    const std::size_t colon = path.find(':');
    const fs::path candidate = fs::path(path.substr(0, colon)) / "virserver";
    if (colon != 0 && is_program(candidate)) return candidate;
    path = colon == std::string_view::npos ? std::string_view{} : path.substr(colon + 1);
  }
  return {};
}

Outcome<> PrivateServer::spawn(const std::string& program, Fd& output) {
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0) return fail(exit_failed, "PRIVATE_SERVER", "no pipe: {}", std::strerror(errno));
  Fd in_read(in[0]);
  input_.reset(in[1]);
  if (::pipe2(out, O_CLOEXEC) != 0) return fail(exit_failed, "PRIVATE_SERVER", "no pipe: {}", std::strerror(errno));
  output.reset(out[0]);
  Fd out_write(out[1]);
  const std::string log = (directory_ / "virserver.log").string();
  const std::string data = (directory_ / "data").string();
  if (::mkdir(data.c_str(), 0711) != 0 || ::chmod(data.c_str(), 0711) != 0)
    return fail(exit_failed, "PRIVATE_SERVER", "cannot make {}: {}", data, std::strerror(errno));

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in_read.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out_write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  // A group of its own: Ctrl-C is for virctl, which ends its session before the server.
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none, defaults;
  ::sigemptyset(&none);
  ::sigemptyset(&defaults);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::sigaddset(&defaults, number);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> words{program, "--listen", "127.0.0.1:0", "--data", data, "--private", "--platform-models"};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int error = ::posix_spawn(&pid_, program.c_str(), &actions, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    pid_ = -1;
    return fail(exit_failed, "PRIVATE_SERVER", "cannot start {}: {}", program, std::strerror(error));
  }
  return {};
}

Task<Outcome<std::unique_ptr<PrivateServer>>> PrivateServer::start() {
  std::error_code ec;
  const std::string program = find_virserver(fs::read_symlink("/proc/self/exe", ec), std::getenv("PATH"));
  if (program.empty()) {
    Failure failure{exit_unreachable, fmt::format("no server is running and no virserver program was found"), "SERVER_UNREACHABLE"};
    failure.hint = "install virserver beside virctl or into PATH, or name a server with --server URL or VIRSERVER_URL";
    co_return fail(std::move(failure));
  }
  std::unique_ptr<PrivateServer> server(new PrivateServer);
  const char* tmp = std::getenv("TMPDIR");
  std::string directory = std::string(tmp != nullptr && *tmp != '\0' ? tmp : "/tmp") + "/virctl-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr || ::chmod(directory.c_str(), 0711) != 0)
    co_return fail(exit_failed, "PRIVATE_SERVER", "cannot make a directory {}: {}", directory, std::strerror(errno));
  server->directory_ = directory;
  Fd output;
  if (auto spawned = server->spawn(program, output); !spawned) co_return pass(spawned);

  const auto executor = co_await asio::this_coro::executor;
  asio::posix::stream_descriptor pipe(executor, output.release());
  asio::steady_timer deadline(executor, start_patience);
  const auto on_deadline = [&pipe](const error_code& timer_ec) {
    if (!timer_ec) pipe.close();
  };
  deadline.async_wait(on_deadline);
  std::string text;
  auto [read_ec, n] = co_await asio::async_read_until(pipe, asio::dynamic_buffer(text, 4096), '\n', tuple_awaitable);
  const bool slow = deadline.cancel() == 0;
  const std::string line = text.substr(0, text.find('\n'));
  if (read_ec || !line.starts_with(ready_line)) {
    Failure failure{exit_failed, {}, "PRIVATE_SERVER"};
    failure.message = slow ? fmt::format("{} did not begin to listen within 30 s", program)
                           : fmt::format("{} ended before it listened", program);
    failure.message += server->last_log_lines();
    co_return fail(std::move(failure));
  }
  server->url_ = line.substr(ready_line.size());
  co_return std::move(server);
}

std::string PrivateServer::last_log_lines() const {
  std::ifstream file(directory_ / "virserver.log", std::ios::binary);
  std::string all((std::istreambuf_iterator<char>(file)), {});
  while (all.ends_with('\n')) all.pop_back();
  std::size_t begin = all.size();
  for (int lines = 0; begin > 0 && lines < 10 && all.size() - begin < 4096; ++lines)
    begin = begin < 2 ? 0 : all.rfind('\n', begin - 2) + 1;
  std::string out;
  for (std::size_t at = begin; at < all.size();) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    out += "\n  " + printable(all.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

PrivateServer::~PrivateServer() {
  input_.reset();
  if (pid_ > 0 && !wait_for_end(pid_, 10'000)) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ec;
  if (!directory_.empty()) fs::remove_all(directory_, ec);
}

}  // namespace virserver::cli
