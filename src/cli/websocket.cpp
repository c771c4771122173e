#include "cli/websocket.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include "cli/client.hpp"

namespace virserver::cli {
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;

struct WebSocket::Impl {
  Impl(asio::any_io_executor executor, Server where) : stream(std::move(executor)), server(std::move(where)) {}
  websocket::stream<beast::tcp_stream> stream;
  Server server;
};

WebSocket::WebSocket() = default;
WebSocket::~WebSocket() = default;
WebSocket::WebSocket(WebSocket&&) noexcept = default;
WebSocket& WebSocket::operator=(WebSocket&&) noexcept = default;

Task<Outcome<WebSocket>> WebSocket::open(Server server, std::string target) {
  WebSocket socket;
  socket.impl_ = std::make_unique<Impl>(co_await asio::this_coro::executor, std::move(server));
  auto& impl = *socket.impl_;
  auto& lowest = beast::get_lowest_layer(impl.stream);
  tcp::resolver resolver(lowest.get_executor());
  auto [resolve_ec, endpoints] = co_await resolver.async_resolve(impl.server.host, impl.server.port, tuple_awaitable);
  if (resolve_ec) co_return fail(unreachable(impl.server, resolve_ec));
  lowest.expires_after(std::chrono::seconds(5));
  auto [connect_ec, endpoint] = co_await lowest.async_connect(endpoints, tuple_awaitable);
  if (connect_ec) co_return fail(unreachable(impl.server, connect_ec));
  lowest.socket().set_option(tcp::no_delay(true));
  lowest.expires_never();
  websocket::stream_base::timeout patience{};
  patience.handshake_timeout = std::chrono::seconds(30);
  patience.idle_timeout = std::chrono::seconds(60);
  patience.keep_alive_pings = true;
  impl.stream.set_option(patience);
  impl.stream.read_message_max(64 << 20);
  websocket::response_type response;
  auto [ec] = co_await impl.stream.async_handshake(response, impl.server.authority, impl.server.base + target,
                                                   tuple_awaitable);
  if (ec == websocket::error::upgrade_declined)
    co_return fail(failure_of(static_cast<int>(response.result_int()), response.body()));
  if (ec) co_return fail(unreachable(impl.server, ec));
  impl.stream.text(true);
  co_return socket;
}

void WebSocket::binary() { impl_->stream.binary(true); }

Task<Outcome<std::string>> WebSocket::read() {
  beast::flat_buffer buffer;
  auto [ec, n] = co_await impl_->stream.async_read(buffer, tuple_awaitable);
  if (ec) co_return fail(unreachable(impl_->server, ec));
  co_return std::string(static_cast<const char*>(buffer.data().data()), buffer.size());
}

Task<Outcome<>> WebSocket::write(std::string message) {
  auto [ec, n] = co_await impl_->stream.async_write(asio::buffer(message), tuple_awaitable);
  if (ec) co_return fail(unreachable(impl_->server, ec));
  co_return Outcome<>{};
}

Task<> WebSocket::close() {
  websocket::stream_base::timeout patience{};
  patience.handshake_timeout = std::chrono::seconds(1);
  patience.idle_timeout = websocket::stream_base::none();
  impl_->stream.set_option(patience);
  auto [ec] = co_await impl_->stream.async_close(websocket::close_code::normal, tuple_awaitable);
  static_cast<void>(ec);  // it ends either way
}

}  // namespace virserver::cli
