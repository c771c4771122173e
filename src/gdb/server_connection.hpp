// Speaks the Remote Serial Protocol to one gdb, on behalf of a bridge.
//
// Understands what has to do with others (run control, breakpoints, threads, monitor words, detach, kill) or what stubs
// lack (no-ack mode, X, vFlash, a description in one piece) and passes on everything else. A kill never reaches the emulator: it detaches.
// The peer may be hostile: packets are bounded, a bad one gets a clear error, and nothing it does disturbs other clients
// beyond what run control allows everyone.
#pragma once
#include <memory>

#include "base/asio.hpp"
#include "gdb/bridge.hpp"
#include "gdb/byte_stream.hpp"

namespace virserver::gdb {

class ServerConnection {
 public:
  // The bridge must outlive the connection. All calls on the bridge's executor.
  ServerConnection(Bridge& bridge, std::unique_ptr<ByteStream> stream);
  ~ServerConnection();

  // Serves until the gdb goes or close() is called; then it has left the bridge. Call once; destroy after it completed.
  Task<> run();
  void close();

  class Impl;  // server_connection_impl.hpp

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace virserver::gdb
