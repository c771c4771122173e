// A peer that speaks QMP from a script, and an engine process around it. Test only.
#pragma once
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <deque>
#include <optional>

#include "base/asio.hpp"
#include "base/fd.hpp"
#include "process/engine_process.hpp"

namespace virserver::testing {

inline std::pair<Fd, Fd> socket_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) throw std::runtime_error("socketpair");
  return {Fd(fds[0]), Fd(fds[1])};
}

// Runs a coroutine to its end on a context of its own; fails the test when that takes ten seconds.
template <class T>
T run(asio::io_context& io, Task<T> task) {
  std::optional<T> result;
  auto wrap = [](Task<T> inner, std::optional<T>* out) -> Task<> { out->emplace(co_await std::move(inner)); };
  asio::co_spawn(io, wrap(std::move(task), &result), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!result && std::chrono::steady_clock::now() < deadline) {
    io.restart();
    io.run_for(std::chrono::milliseconds(100));
  }
  if (!result) throw std::runtime_error("the coroutine did not end within ten seconds");
  return std::move(*result);
}

inline void run(asio::io_context& io, Task<> task) {
  auto wrap = [](Task<> inner) -> Task<bool> {
    co_await std::move(inner);
    co_return true;
  };
  run(io, wrap(std::move(task)));
}

inline constexpr std::string_view greeting =
    R"({"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"}, "capabilities": ["oob"]}})" "\n";

// The emulator's side of the connection: says what the test says, hears lines.
class Peer {
 public:
  Peer(asio::io_context& io, Fd fd) : socket_(io, asio::local::stream_protocol(), fd.release()) {}
  Task<> say(std::string text) { co_await asio::async_write(socket_, asio::buffer(text), tuple_awaitable); }
  Task<std::string> hear() {
    auto [ec, n] = co_await asio::async_read_until(socket_, asio::dynamic_buffer(buffer_), '\n', tuple_awaitable);
    if (ec) co_return std::string();
    std::string line = buffer_.substr(0, n);
    buffer_.erase(0, n);
    co_return line;
  }
  void close() { socket_.close(); }

 private:
  asio::local::stream_protocol::socket socket_;
  std::string buffer_;
};

// An engine process without a process: the test plays the emulator.
class FakeProcess final : public process::EngineProcess {
 public:
  explicit FakeProcess(asio::io_context& io) : ended_(io, asio::steady_timer::time_point::max()) {}

  process::SandboxInfo sandbox() const override { return {"full", ""}; }
  pid_t pid() const override { return 1; }
  bool executed() const override { return true; }
  Task<Result<void>> exec(process::ExecSpec) override { co_return Result<void>{}; }
  Task<Result<Fd>> dial(std::string, std::chrono::milliseconds) override {
    if (!socket) co_return fail(ErrorCode::ENGINE_DIED, "the emulator has ended");
    co_return std::move(socket);
  }
  Task<Result<Fd>> dial(std::uint16_t port, std::chrono::milliseconds timeout) override {
    if (!dial_port) co_return fail(ErrorCode::ENGINE_DIED, "no network");
    co_return co_await dial_port(port, timeout);
  }
  Task<Result<void>> write(std::string, Bytes) override { co_return Result<void>{}; }
  Task<process::ExitStatus> wait_exit() override {
    while (!status) co_await ended_.async_wait(tuple_awaitable);
    co_return *status;
  }
  void terminate() override {
    ++terminated;
    if (on_terminate) on_terminate();
  }
  Task<> kill() override {
    ++killed;
    if (!status) end({std::nullopt, SIGKILL, false});
    co_return;
  }
  Task<> stop() override {
    if (!status) end({std::nullopt, std::nullopt, true});
    co_return;
  }
  void end(process::ExitStatus how) {
    status = how;
    ended_.cancel();
  }

  Fd socket;
  std::function<Task<Result<Fd>>(std::uint16_t, std::chrono::milliseconds)> dial_port;
  std::optional<process::ExitStatus> status;
  int terminated = 0, killed = 0;
  std::function<void()> on_terminate;

 private:
  asio::steady_timer ended_;
};

}  // namespace virserver::testing
