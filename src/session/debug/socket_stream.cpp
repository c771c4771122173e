#include "session/debug/socket_stream.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace virserver::session {

SocketStream::SocketStream(asio::any_io_executor executor, Fd socket) : socket_(executor) {
  int domain = AF_UNIX, on = 1;
  socklen_t size = sizeof domain;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size);
  if (domain != AF_UNIX) {
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);  // a client whose machine is gone
  }
  ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
  socket_.assign(asio::generic::stream_protocol(domain, 0), socket.release());
}

Task<std::size_t> SocketStream::read(std::span<char> buffer) {
  const auto [ec, count] = co_await socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()), tuple_awaitable);
  co_return ec ? 0 : count;
}

Task<bool> SocketStream::write(std::string_view bytes) {
  const auto [ec, count] = co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()), tuple_awaitable);
  co_return !ec;
}

void SocketStream::close() {
  error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_both, ignored);
  socket_.close(ignored);
}

}  // namespace virserver::session
