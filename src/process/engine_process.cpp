// Starting, adopting and ending an engine; what is said to a running one is in engine_requests.cpp.
#include "process/engine_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <boost/json.hpp>
#include <cerrno>
#include <fstream>

#include "base/log.hpp"
#include "process/engine_process_impl.hpp"
#include "process/safe_open.hpp"
#include "process/sandbox.hpp"

namespace virserver::process {
namespace {

using namespace std::chrono_literals;
constexpr auto kStartTimeout = 15s;

int open_pidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

// Ends a started sandbox that never came to anything.
struct ChildGuard {
  pid_t pid;
  ~ChildGuard() {
    if (pid < 0) return;
    ::kill(pid, SIGKILL);  // bubblewrap's death does not end the shim, but its closed stdout does
    if (waitpid(pid, nullptr, WNOHANG) == 0) abandon_child(pid);
  }
};

// What the child prints until it says that it is ready; nothing else means failure.
Task<Result<void>> wait_ready(asio::any_io_executor executor, Fd output) {
  const auto stream = std::make_shared<asio::posix::stream_descriptor>(executor, output.release());
  asio::steady_timer timer(executor, kStartTimeout);
  auto expire = [stream](error_code ec) {
    if (!ec) stream->close();
  };
  timer.async_wait(std::move(expire));
  std::string text;
  char buffer[1024];
  for (;;) {
    const auto target = asio::buffer(buffer);
    auto [ec, n] = co_await stream->async_read_some(target, tuple_awaitable);
    if (text.size() < 8192) text.append(buffer, n);
    if (text.ends_with(shim::kReadyLine)) co_return Result<void>{};
    if (!ec) continue;
    const bool late = ec != asio::error::eof;
    auto error = fail(ErrorCode::ENGINE_START_FAILED, "the sandbox {}: {}", late ? "did not come up in time" : "ended at once",
                      text.empty() ? "it printed nothing" : text);
    error.error().details["output"] = text;
    co_return error;
  }
}

// An emulator may put its own socket in the supervisor's place; it cannot be pid 1 of the namespace.
bool is_first_of_namespace(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("NSpid:")) return line.ends_with("\t1");
  return false;
}

// Whether some process holds the engine's lock.
bool lock_is_held(int engine_dir) {
  const Fd lock = open_beneath(engine_dir, std::string(shim::kLockName), O_RDONLY);
  return lock && flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace

Task<Result<std::unique_ptr<EngineProcess>>> EngineProcess::prepare(asio::any_io_executor executor, const HostConfig& config,
                                                                    const SandboxSupport& support, PrepareSpec spec) {
  using Answer = Result<std::unique_ptr<EngineProcess>>;
  reap_abandoned();
  for (const auto& dir : {spec.engine_dir, spec.console_dir})
    if (!dir.is_absolute()) co_return fail(ErrorCode::INTERNAL, "an engine's directory must be absolute: {}", dir.string());
  auto engine = std::make_unique<EngineProcessImpl>(executor, spec.engine_dir, spec.console_dir);
  engine->set_support(support);
  Fd shim_file(open(config.shim.c_str(), O_RDONLY | O_CLOEXEC));
  if (!shim_file)
    co_return fail(system_error(ErrorCode::ENGINE_START_FAILED, errno, fmt::format("cannot open {}", config.shim.string())));
  if (auto ok = hand_over_directories(support, spec); !ok) co_return fail(ok.error());

  auto cgroup = Cgroup::create(spec.limits);
  if (spec.limits.cpu_cores && !cgroup.limits_cpu())
    log::warn("the CPU limit of an engine is not enforced: no writable cgroup with a cpu controller on this host");
  const auto command = shim_command(config, support, spec, !cgroup.limits_memory());
  auto child = spawn(command, shim_file.get());
  if (!child) {
    cgroup.remove();
    co_return fail(child.error());
  }
  ChildGuard guard{child->pid};
  auto result = co_await wait_ready(executor, std::move(child->output));
  if (result) result = co_await engine->attach(child->pid);
  if (!result) {
    cgroup.remove();
    co_return fail(result.error());
  }
  guard.pid = -1;
  cgroup.add(engine->pid());
  engine->set_cgroup(std::move(cgroup));
  co_return Answer(std::move(engine));
}

Task<Result<std::unique_ptr<EngineProcess>>> EngineProcess::adopt(asio::any_io_executor executor,
                                                                  std::filesystem::path engine_dir,
                                                                  std::filesystem::path console_dir) {
  using Answer = Result<std::unique_ptr<EngineProcess>>;
  reap_abandoned();
  auto dir = open_directory(engine_dir);
  if (!dir) co_return fail(ErrorCode::NOT_FOUND, "the engine's directory is gone: {}", dir.error().message);
  asio::steady_timer pause(executor);
  Error last{ErrorCode::NOT_FOUND, "no process holds the engine's lock"};
  for (int attempt = 0; attempt < 40 && lock_is_held(dir->get()); ++attempt) {
    auto engine = std::make_unique<EngineProcessImpl>(executor, engine_dir, console_dir);
    auto attached = co_await engine->attach(-1);
    if (attached) {
      engine->set_cgroup(Cgroup::of_process(engine->pid()));
      co_return Answer(std::move(engine));
    }
    last = attached.error();
    if (last.code == ErrorCode::NOT_FOUND) last.code = ErrorCode::ENGINE_PROTOCOL;  // alive, but not talking
    pause.expires_after(25ms);  // it may just be starting or ending
    co_await pause.async_wait(tuple_awaitable);
  }
  if (!lock_is_held(dir->get())) co_return fail(ErrorCode::NOT_FOUND, "no process holds the engine's lock");
  co_return fail(std::move(last));
}

ExitStatus EngineProcess::read_exit(const std::filesystem::path& engine_dir) {
  ExitStatus status;
  status.unknown = true;
  auto dir = open_directory(engine_dir);
  if (!dir) return status;
  const auto text = read_small_file(dir->get(), std::string(shim::kExitName), 4096);
  if (!text) return status;
  error_code ec;
  const auto value = boost::json::parse(*text, ec);
  if (ec || !value.is_object()) return status;
  const auto number = [&](const char* key) -> std::optional<int> {
    const auto* v = value.get_object().if_contains(key);
    if (!v || !v->is_int64() || v->get_int64() < 0 || v->get_int64() > 255) return std::nullopt;
    return static_cast<int>(v->get_int64());
  };
  status.code = number("code");
  if (!status.code) status.signal = number("signal");
  status.unknown = !status.code && !status.signal;
  return status;
}

EngineProcessImpl::EngineProcessImpl(asio::any_io_executor executor, std::filesystem::path engine_dir,
                                     std::filesystem::path console_dir)
    : executor_(executor), engine_dir_(std::move(engine_dir)), console_dir_(std::move(console_dir)), control_(executor),
      pidfd_(executor), ended_(executor, asio::steady_timer::time_point::max()),
      idle_(executor, asio::steady_timer::time_point::max()), scope_(executor, "engine process") {}

EngineProcessImpl::~EngineProcessImpl() {
  if (child_ >= 0) abandon_child(child_);
}

void EngineProcessImpl::set_support(const SandboxSupport& support) {
  support_ = support;
  info_ = {support.full ? "full" : "reduced", support.full ? "" : support.cause};
}

Task<Result<void>> EngineProcessImpl::attach(pid_t spawned) {
  auto dir = open_directory(engine_dir_);
  if (!dir) co_return fail(dir.error());
  engine_dir_fd_ = std::move(*dir);
  if (auto ok = control_.connect(engine_dir_fd_.get()); !ok) co_return ok;
  pid_ = control_.peer();
  // Opened before the hello is read: whoever says hello was alive then, so the number was not reused.
  const int pidfd = open_pidfd(pid_);
  if (pid_ <= 0 || pidfd < 0) co_return fail(ErrorCode::ENGINE_PROTOCOL, "the engine's supervisor is gone");
  pidfd_.assign(pidfd);

  asio::steady_timer timer(executor_, kStartTimeout);
  const auto waiting = std::make_shared<bool>(true);
  auto expire = [this, waiting](error_code ec) {
    if (!ec && *waiting) control_.close();
  };
  timer.async_wait(std::move(expire));
  Result<std::optional<ControlChannel::Packet>> first = std::optional<ControlChannel::Packet>();
  while (true) {
    first = control_.try_receive();
    if (!first || *first) break;
    co_await control_.wait_readable();
  }
  *waiting = false;
  timer.cancel();
  if (!first) co_return fail(ErrorCode::ENGINE_PROTOCOL, "the engine's supervisor said nothing: {}", first.error().message);
  shim::Reader r((*first)->data);
  const auto header = r.get<shim::Header>();
  const auto magic = r.get<std::uint32_t>();
  const auto version = r.get<std::uint16_t>();
  r.get<std::uint32_t>();  // features: version 1 has them all
  const auto flags = r.get<std::uint32_t>();
  if (!r.ok() || header.type != static_cast<std::uint16_t>(shim::Type::hello) || magic != shim::kMagic || version == 0)
    co_return fail(ErrorCode::ENGINE_PROTOCOL, "the engine's control socket does not speak the supervisor's protocol");
  executed_ = exec_started_ = flags & shim::flag_executed;
  const bool reduced = flags & shim::flag_reduced;
  if (spawned < 0)
    info_ = {reduced ? "reduced" : "full", reduced ? "namespaces were not available when the engine was started" : ""};
  support_.full = !reduced;
  if (!reduced && !is_first_of_namespace(pid_))
    co_return fail(ErrorCode::ENGINE_PROTOCOL, "the process behind the engine's control socket is not its supervisor");
  control_.send(shim::Writer(shim::Type::hello, 0).put(shim::kMagic).put(shim::kVersion).put(std::uint32_t{0}).put(std::uint32_t{0}).data(), Fd());
  child_ = spawned;
  scope_.spawn(read_control());
  scope_.spawn(watch_process());
  co_return Result<void>{};
}

Task<> EngineProcessImpl::read_control() {
  do {
    if (const auto ec = co_await control_.wait_readable()) break;
  } while (receive_all());
  connection_lost();
}

Task<> EngineProcessImpl::watch_process() {
  auto [ec] = co_await pidfd_.async_wait(asio::posix::stream_descriptor::wait_read, tuple_awaitable);
  if (ec) co_return;
  receive_all();  // its last words
  connection_lost();
  co_await reap_child();
  cgroup_.remove();
  exit_ = read_exit(engine_dir_);
  ended_.cancel();
}

// Bubblewrap follows the shim within a millisecond.
Task<> EngineProcessImpl::reap_child() {
  if (child_ < 0) {
    waitpid(pid_, nullptr, WNOHANG);  // reduced, and adopted by the process that started it
    reap_abandoned();
    co_return;
  }
  const int fd = open_pidfd(child_);
  if (fd >= 0) {
    asio::posix::stream_descriptor gone(executor_, fd);
    co_await gone.async_wait(asio::posix::stream_descriptor::wait_read, tuple_awaitable);
  }
  if (waitpid(child_, nullptr, WNOHANG) != 0) child_ = -1;
}

Task<> EngineProcessImpl::kill() {
  const InUse in_use(*this);
  if (exit_ || stopped_) co_return;
  const auto end_by_pidfd = [this] { syscall(SYS_pidfd_send_signal, pidfd_.native_handle(), SIGKILL, nullptr, 0); };
  if (support_.full) {
    end_by_pidfd();  // pid 1 of its namespace: the kernel ends the rest
  } else {
    const bool asked = control_.send(shim::Writer(shim::Type::kill, 0).data(), Fd());
    if (asked) {  // it knows its descendants; if it does not obey, the emulator dies by its parent-death signal
      asio::steady_timer patience(executor_, 2s);
      auto lose = [fd = std::make_shared<Fd>(dup(pidfd_.native_handle()))](error_code ec) {
        if (!ec) syscall(SYS_pidfd_send_signal, fd->get(), SIGKILL, nullptr, 0);
      };
      patience.async_wait(std::move(lose));
      while (!exit_ && !stopped_) co_await ended_.async_wait(tuple_awaitable);
      co_return;
    }
    end_by_pidfd();
  }
  while (!exit_ && !stopped_) co_await ended_.async_wait(tuple_awaitable);
}

Task<> EngineProcessImpl::stop() {
  if (stopped_) co_return;
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  if (!executed_ && !exit_ && pid_ > 0) {
    control_.close();  // a waiting shim ends with its connection
    connection_lost();
    asio::steady_timer patience(executor_, 2s);
    auto lose = [fd = std::make_shared<Fd>(dup(pidfd_.native_handle()))](error_code ec) {
      if (!ec) syscall(SYS_pidfd_send_signal, fd->get(), SIGKILL, nullptr, 0);
    };
    patience.async_wait(std::move(lose));
    while (!exit_) co_await ended_.async_wait(tuple_awaitable);
  }
  stopped_ = true;
  control_.close();
  connection_lost();
  ended_.cancel();
  co_await scope_.stop();
  while (in_use_ > 0) co_await idle_.async_wait(tuple_awaitable);
  error_code ignored;
  pidfd_.close(ignored);
}

}  // namespace virserver::process
