// What is said to a running engine: exec, dial, input, signals; and what it reports.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/log.hpp"
#include "process/engine_process_impl.hpp"
#include "process/sandbox.hpp"

namespace virserver::process {
namespace {

using namespace std::chrono_literals;

std::unexpected<Error> engine_gone() { return fail(ErrorCode::ENGINE_DIED, "the emulator has ended"); }

shim::Kind wire_kind(ConsoleKind kind) {
  switch (kind) {
    case ConsoleKind::socketpair: break;
    case ConsoleKind::pty: return shim::Kind::pty;
    case ConsoleKind::tcp: return shim::Kind::tcp;
    case ConsoleKind::fifo: return shim::Kind::fifo;
  }
  return shim::Kind::socketpair;
}

Result<Fd> launch_data(const ExecSpec& spec) {
  shim::Launch launch;
  launch.argv = spec.argv;
  launch.env = spec.env;
  launch.log_bound = spec.log_bound;
  launch.emulator_first_offset = spec.emulator_first_offset;
  launch.terminal = spec.terminal;
  for (const auto& c : spec.consoles) {
    const auto kind = wire_kind(c.kind);
    launch.consoles.push_back({c.name, kind, c.child_fd, c.port, c.first_offset});
  }
  const auto data = shim::encode(launch);
  if (data.size() > shim::kMaxLaunch)
    return fail(ErrorCode::ENGINE_START_FAILED, "the emulator's command line has {} bytes, more than the {} that can be passed",
                data.size(), shim::kMaxLaunch);
  Fd fd(memfd_create("virserver-launch", MFD_CLOEXEC));
  if (!fd || ::write(fd.get(), data.data(), data.size()) != static_cast<ssize_t>(data.size()))
    return fail(system_error(ErrorCode::ENGINE_START_FAILED, errno, "cannot pass the emulator's command line"));
  return fd;
}

Result<void> check(const ExecSpec& spec) {
  if (spec.argv.empty() || !spec.argv[0].starts_with('/'))
    return fail(ErrorCode::ENGINE_START_FAILED, "the emulator's path must be absolute: {}", spec.argv.empty() ? "" : spec.argv[0]);
  for (std::size_t i = 0; i < spec.consoles.size(); ++i) {
    const auto& c = spec.consoles[i];
    bool unique = c.name != shim::kEmulatorConsole;
    for (std::size_t j = 0; j < i; ++j) {
      const auto& other = spec.consoles[j];
      unique = unique && other.name != c.name;
      const bool both_inherited = c.kind == ConsoleKind::socketpair && other.kind == c.kind;
      if (both_inherited && other.child_fd == c.child_fd)
        return fail(ErrorCode::ENGINE_START_FAILED, "consoles {} and {} ask for the same descriptor {}", other.name, c.name, c.child_fd);
    }
    if (!unique || !shim::valid_console_name(c.name))
      return fail(ErrorCode::ENGINE_START_FAILED, "`{}` cannot name a console here: [a-z0-9_-]+, unique, not `emulator`", c.name);
  }
  return {};
}

}  // namespace

Task<bool> EngineProcessImpl::ask(Request& request, shim::Type type, std::string fields, Fd fd) {
  if (exit_ || stopped_ || !control_.open()) co_return false;
  const auto id = next_request_++;
  struct Registered {
    std::map<std::uint32_t, Request*>& map;
    std::uint32_t id;
    ~Registered() { map.erase(id); }
  } registered{requests_, id};
  requests_[id] = &request;
  if (!control_.send(shim::Writer(type, id).data() + fields, std::move(fd))) co_return false;
  while (!request.done) co_await request.wake.async_wait(tuple_awaitable);
  co_return !request.lost;
}

void EngineProcessImpl::connection_lost() {
  control_.close();
  for (auto& [id, request] : requests_) {
    if (request->done) continue;
    request->done = request->lost = true;
    request->wake.cancel();
  }
}

bool EngineProcessImpl::receive_all() {
  for (;;) {
    auto packet = control_.try_receive();
    if (!packet) return false;
    if (!*packet) return true;
    handle(std::move(**packet));
  }
}

void EngineProcessImpl::handle(ControlChannel::Packet packet) {
  shim::Reader r(packet.data);
  const auto header = r.get<shim::Header>();
  if (!r.ok()) return;
  switch (static_cast<shim::Type>(header.type)) {
    case shim::Type::output: {
      const auto console = r.string();
      const auto end = r.get<std::uint64_t>();
      if (r.ok() && console == shim::kEmulatorConsole && on_emulator_output) on_emulator_output();
      if (r.ok() && shim::valid_console_name(console) && on_output) on_output(console, end);
      return;
    }
    case shim::Type::exec_result:
    case shim::Type::input_result:
    case shim::Type::dial_result: {
      const auto it = requests_.find(header.id);
      if (it == requests_.end() || it->second->done) return;
      Request& request = *it->second;
      request.answer = packet.data.substr(sizeof(shim::Header));
      request.fd = std::move(packet.fd);
      request.done = true;
      request.wake.cancel();
      return;
    }
    default: return;  // `exited` is followed by the end of the process, which is what counts
  }
}

Task<Result<void>> EngineProcessImpl::exec(ExecSpec spec) {
  const InUse in_use(*this);
  if (auto ok = check(spec); !ok) co_return ok;
  if (exec_started_) co_return fail(ErrorCode::ENGINE_START_FAILED, "an engine starts its emulator once; prepare another one");
  auto data = launch_data(spec);
  if (!data) co_return fail(data.error());
  hand_over_files(support_, engine_dir_);
  exec_started_ = true;
  Request request(executor_);
  if (!co_await ask(request, shim::Type::exec, {}, std::move(*data))) {
    exec_started_ = false;
    co_return engine_gone();
  }
  shim::Reader r(request.answer);
  const auto error = r.get<std::int32_t>();
  const auto step = r.string();
  if (!r.ok()) co_return fail(ErrorCode::ENGINE_PROTOCOL, "the supervisor's answer to exec is malformed");
  if (error != 0) {
    exec_started_ = false;
    co_return fail(ErrorCode::ENGINE_START_FAILED, "cannot start {} ({}): {}", spec.argv[0], step, std::strerror(error));
  }
  executed_ = true;
  co_return Result<void>{};
}

Task<Result<Fd>> EngineProcessImpl::dial(std::string name, std::chrono::milliseconds timeout) {
  if (name.empty() || name.size() > 100 || name.contains('/'))
    co_return fail(ErrorCode::INTERNAL, "`{}` is not the name of a socket in the engine's directory", name);
  co_return co_await dial_either(std::move(name), 0, timeout);
}

Task<Result<Fd>> EngineProcessImpl::dial(std::uint16_t port, std::chrono::milliseconds timeout) {
  co_return co_await dial_either({}, port, timeout);
}

Task<Result<Fd>> EngineProcessImpl::dial_either(std::string name, std::uint16_t port, std::chrono::milliseconds timeout) {
  const InUse in_use(*this);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto fields = shim::Writer().string(name).put(port).data();
  asio::steady_timer pause(executor_);
  for (std::chrono::microseconds wait = 500us;; wait = std::min<std::chrono::microseconds>(wait * 3 / 2, 10ms)) {
    Request request(executor_);
    if (!co_await ask(request, shim::Type::dial, fields, Fd())) co_return engine_gone();
    shim::Reader r(request.answer);
    const auto error = r.get<std::int32_t>();
    struct stat st {};
    if (r.ok() && error == 0 && request.fd && fstat(request.fd.get(), &st) == 0 && S_ISSOCK(st.st_mode))
      co_return std::move(request.fd);
    if (!r.ok() || error == 0) co_return fail(ErrorCode::ENGINE_PROTOCOL, "the supervisor's answer to dial is malformed");
    const bool not_yet = error == ENOENT || error == ECONNREFUSED || error == EAGAIN || error == ETIMEDOUT;
    const auto what = name.empty() ? fmt::format("port {}", port) : fmt::format("socket `{}`", name);
    if (!not_yet) co_return fail(ErrorCode::ENGINE_PROTOCOL, "cannot connect to the emulator's {}: {}", what, std::strerror(error));
    if (std::chrono::steady_clock::now() + wait >= deadline)
      co_return fail(ErrorCode::ENGINE_TIMEOUT, "the emulator did not listen on its {} within {} ms", what, timeout.count());
    pause.expires_after(wait);
    co_await pause.async_wait(tuple_awaitable);
  }
}

Task<Result<void>> EngineProcessImpl::write(std::string console, Bytes bytes) {
  const InUse in_use(*this);
  const std::string_view text = as_text(bytes);
  for (std::size_t at = 0; at < text.size() || at == 0; at += shim::kMaxInput) {
    const auto part = text.substr(at, shim::kMaxInput);
    Request request(executor_);
    const auto fields = shim::Writer().string(console).string(part).data();
    if (!co_await ask(request, shim::Type::input, fields, Fd()))
      co_return fail(ErrorCode::CONSOLE_CLOSED, "console {} takes no input: the board is off", console);
    switch (static_cast<shim::InputCode>(shim::Reader(request.answer).get<std::uint16_t>())) {
      case shim::InputCode::ok: break;
      case shim::InputCode::no_such_console: co_return fail(ErrorCode::CONSOLE_NOT_FOUND, "there is no console {}", console);
      case shim::InputCode::busy:
        co_return fail(ErrorCode::TOO_MANY_REQUESTS, "console {} has {} bytes of input that the guest has not read yet; try again later",
                       console, shim::kInputQueue);
      default: co_return fail(ErrorCode::CONSOLE_CLOSED, "console {} takes no input", console);
    }
  }
  co_return Result<void>{};
}

Task<ExitStatus> EngineProcessImpl::wait_exit() {
  const InUse in_use(*this);
  while (!exit_ && !stopped_) co_await ended_.async_wait(tuple_awaitable);
  ExitStatus unknown;
  unknown.unknown = true;
  co_return exit_.value_or(unknown);
}

void EngineProcessImpl::terminate() {
  control_.send(shim::Writer(shim::Type::signal, 0).put(std::int32_t{SIGTERM}).data(), Fd());
}

}  // namespace virserver::process
