// The gdb bridge over a WebSocket: the protocol's bytes in binary messages, both ways.
#include <unistd.h>

#include "api/api.hpp"

namespace virserver::api {
namespace {

using Local = asio::local::stream_protocol::socket;

Task<> to_client(Local& bridge, http::WebSocket& socket, bool& done) {
  std::array<char, 16384> buffer;
  for (;;) {
    const auto [ec, count] = co_await bridge.async_read_some(asio::buffer(buffer), tuple_awaitable);
    if (ec) break;
    const auto sent = co_await socket.write({buffer.data(), count}, false);
    if (!sent) break;
  }
  if (!std::exchange(done, true)) co_await socket.close(1000, "the debugger has gone");
}

Task<> to_bridge(Local& bridge, http::WebSocket& socket) {
  for (;;) {
    auto message = co_await socket.read();
    if (!message || !*message) break;
    const auto [ec, count] = co_await asio::async_write(bridge, asio::buffer((*message)->data), tuple_awaitable);
    if (ec) break;
  }
}

}  // namespace

void bind_gdb(http::Handlers& handlers, Context& context) {
  handlers.bind_websocket("connectGdb", [&context](http::Request& request) -> Task<Result<std::function<Task<>(http::WebSocket&)>>> {
    auto session = context.sessions.locate(request.parameter("session_id"));
    if (!session) co_return pass(session);
    auto connection = co_await (*session)->open_gdb();
    if (!connection) co_return pass(connection);
    auto held = std::make_shared<Fd>(std::move(*connection));  // a std::function must be copyable
    co_return [held](http::WebSocket& socket) -> Task<> {
      const auto executor = co_await asio::this_coro::executor;
      Local bridge(executor, asio::local::stream_protocol(), held->release());
      TaskScope scope(executor, "gdb over WebSocket");
      bool done = false;
      scope.spawn(to_client(bridge, socket, done));
      std::exception_ptr cancelled;
      try {
        co_await to_bridge(bridge, socket);
      } catch (...) {
        cancelled = std::current_exception();
      }
      done = true;
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
      co_await scope.stop();
      if (cancelled) std::rethrow_exception(cancelled);
    };
  });
}

}  // namespace virserver::api
