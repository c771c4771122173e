#include "session/debug/gdb_doors.hpp"

#include <sys/socket.h>

#include "base/log.hpp"
#include "session/debug/socket_stream.hpp"

namespace virserver::session {

using namespace std::chrono_literals;

GdbDoors::GdbDoors(asio::any_io_executor executor, gdb::Bridge& bridge, std::function<void(int)> attached)
    : executor_(executor), bridge_(bridge), attached_(std::move(attached)), acceptor_(executor), scope_(executor, "gdb doors"), left_(executor) {
  left_.expires_at(asio::steady_timer::time_point::max());
}

Result<std::uint16_t> GdbDoors::listen(std::uint16_t port) {
  const asio::ip::tcp::endpoint place(asio::ip::address_v4::loopback(), port);
  error_code ec;
  acceptor_.open(place.protocol(), ec);
  if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor_.bind(place, ec);
  if (!ec) acceptor_.listen(16, ec);
  if (ec) {
    error_code ignored;
    acceptor_.close(ignored);
    Error error{ErrorCode::CONFLICT, fmt::format("gdb cannot be served on port {}: {}; choose another gdb_port, or 0 for a free one", port, ec.message())};
    error.details["gdb_port"] = port;
    return fail(std::move(error));
  }
  port_ = acceptor_.local_endpoint(ec).port();
  scope_.spawn(accept());
  return port_;
}

Task<> GdbDoors::accept() {
  while (!stopping_) {
    asio::ip::tcp::socket socket(executor_);
    const auto [ec] = co_await acceptor_.async_accept(socket, tuple_awaitable);
    if (stopping_ || ec == asio::error::operation_aborted) co_return;
    if (ec) {  // no descriptors left, most likely
      log::warn("accepting a gdb failed: {}", ec.message());
      asio::steady_timer pause(executor_, 100ms);
      co_await pause.async_wait(tuple_awaitable);
      continue;
    }
    scope_.spawn(greet(std::move(socket)));
  }
}

// A web page can make a browser send an HTTP request here, and a packet may hide in its body: what does not begin as the
// protocol does is turned away.
Task<> GdbDoors::greet(asio::ip::tcp::socket socket) {
  const auto [ec] = co_await socket.async_wait(asio::socket_base::wait_read, tuple_awaitable);
  char first = 0;
  if (ec || ::recv(socket.native_handle(), &first, 1, MSG_PEEK | MSG_DONTWAIT) != 1) co_return;
  if (std::string_view("+-$%\x03").find(first) == std::string_view::npos) co_return;
  error_code released;
  Fd descriptor(socket.release(released));
  if (released || !descriptor) co_return;
  co_await run(std::make_unique<SocketStream>(executor_, std::move(descriptor)));
}

void GdbDoors::serve(std::unique_ptr<gdb::ByteStream> stream) {
  if (!stopping_) scope_.spawn(run(std::move(stream)));
}

Task<> GdbDoors::run(std::unique_ptr<gdb::ByteStream> stream) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());  // close() ends it, in order
  if (stopping_) co_return;
  gdb::ServerConnection connection(bridge_, std::move(stream));
  const auto place = connections_.insert(connections_.end(), &connection);
  attached_(+1);
  co_await connection.run();
  attached_(-1);
  connections_.erase(place);
  left_.cancel();
}

Task<> GdbDoors::stop() {
  stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  const auto open = connections_;
  for (gdb::ServerConnection* each : open) each->close();
  while (!connections_.empty()) co_await left_.async_wait(tuple_awaitable);
  co_await scope_.stop();
}

}  // namespace virserver::session
