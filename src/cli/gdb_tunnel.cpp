#include "cli/gdb_tunnel.hpp"

#include "base/task_scope.hpp"
#include "cli/api.hpp"
#include "cli/websocket.hpp"

namespace virserver::cli {
namespace {

struct Shared {
  explicit Shared(const asio::any_io_executor& executor) : over(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer over;
  bool done = false;
  std::optional<Failure> failure;

  void end(std::optional<Failure> why = std::nullopt) {
    if (std::exchange(done, true)) return;
    failure = std::move(why);
    over.cancel();
  }
};

Task<> upward(WebSocket& socket, const LocalEnd& local, Shared& shared) {
  for (;;) {
    std::string bytes = co_await local.read();
    if (bytes.empty()) break;
    auto sent = co_await socket.write(std::move(bytes));
    if (!sent) co_return shared.end(std::move(sent.error()));
  }
  shared.end();
}

Task<> downward(WebSocket& socket, const LocalEnd& local, Shared& shared) {
  for (;;) {
    auto message = co_await socket.read();
    if (!message) break;  // closed by the server: the session was deleted, or the server stops
    if (!co_await local.write(*message)) break;
  }
  shared.end();
}

}  // namespace

Task<Outcome<>> tunnel(Client& client, std::string session_id, LocalEnd local) {
  auto socket = co_await WebSocket::open(client.server(), session_path(session_id, "/gdb"));
  if (!socket) co_return pass(socket);
  socket->binary();
  Shared shared(client.executor());
  TaskScope scope(client.executor(), "gdb tunnel");
  scope.spawn(upward(*socket, local, shared));
  scope.spawn(downward(*socket, local, shared));
  while (!shared.done) co_await shared.over.async_wait(tuple_awaitable);
  co_await scope.stop();
  if (shared.failure) co_return fail(std::move(*shared.failure));
  co_return Outcome<>{};
}

}  // namespace virserver::cli
