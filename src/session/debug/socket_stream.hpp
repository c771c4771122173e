// A connected stream socket as the way to one gdb.
#pragma once
#include "base/fd.hpp"
#include "gdb/byte_stream.hpp"

namespace virserver::session {

class SocketStream final : public gdb::ByteStream {
 public:
  SocketStream(asio::any_io_executor executor, Fd socket);  // TCP or unix

  Task<std::size_t> read(std::span<char> buffer) override;
  Task<bool> write(std::string_view bytes) override;
  void close() override;

 private:
  asio::generic::stream_protocol::socket socket_;
};

}  // namespace virserver::session
