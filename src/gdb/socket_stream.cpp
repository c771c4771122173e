#include "gdb/byte_stream.hpp"

namespace virserver::gdb {
namespace {

class SocketStream final : public ByteStream {
 public:
  explicit SocketStream(asio::generic::stream_protocol::socket socket) : socket_(std::move(socket)) {
    error_code ignored;  // a unix socket has no such option
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  }

  Task<std::size_t> read(std::span<char> buffer) override {
    auto [ec, n] = co_await socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()), tuple_awaitable);
    co_return ec ? 0 : n;
  }
  Task<bool> write(std::string_view bytes) override {
    auto [ec, n] = co_await asio::async_write(socket_, asio::buffer(bytes), tuple_awaitable);
    co_return !ec;
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  asio::generic::stream_protocol::socket socket_;
};

}  // namespace

std::unique_ptr<ByteStream> socket_stream(asio::generic::stream_protocol::socket socket) {
  return std::make_unique<SocketStream>(std::move(socket));
}

}  // namespace virserver::gdb
