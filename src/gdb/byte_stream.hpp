// The way to one gdb: a TCP connection, the binary messages of a WebSocket, or a test.
#pragma once
#include <memory>
#include <span>
#include <string_view>

#include "base/asio.hpp"

namespace virserver::gdb {

// Belongs to the executor of the ServerConnection that uses it. One read and one write may wait at the same time.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // At least one byte, or 0 when the peer has gone, for whatever reason.
  virtual Task<std::size_t> read(std::span<char> buffer) = 0;
  // All of it; false when the peer has gone. `bytes` stays valid until then.
  virtual Task<bool> write(std::string_view bytes) = 0;
  // Ends a waiting read and write soon; may be called twice.
  virtual void close() = 0;
};

// Over a connected socket, TCP (sends without delay) or unix.
std::unique_ptr<ByteStream> socket_stream(asio::generic::stream_protocol::socket socket);

}  // namespace virserver::gdb
