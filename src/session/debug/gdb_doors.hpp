// Where gdbs come in: a TCP port on loopback, and streams that others bring (a WebSocket). Each becomes a client of the
// session's bridge.
//
// Belongs to the session's executor. `stop()` must be awaited before destruction.
#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <memory>

#include "base/error.hpp"
#include "base/task_scope.hpp"
#include "gdb/bridge.hpp"
#include "gdb/server_connection.hpp"

namespace virserver::session {

class GdbDoors {
 public:
  // `attached` is called with +1 and -1 as clients come and go.
  GdbDoors(asio::any_io_executor executor, gdb::Bridge& bridge, std::function<void(int)> attached);

  // Listens on 127.0.0.1; 0 takes a free port. Returns the port. Error: CONFLICT when somebody else has it.
  Result<std::uint16_t> listen(std::uint16_t port);
  std::uint16_t port() const { return port_; }  // 0: does not listen

  void serve(std::unique_ptr<gdb::ByteStream> stream);

  Task<> stop();

 private:
  Task<> accept();
  Task<> greet(asio::ip::tcp::socket socket);
  Task<> run(std::unique_ptr<gdb::ByteStream> stream);

  asio::any_io_executor executor_;
  gdb::Bridge& bridge_;
  std::function<void(int)> attached_;
  asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  TaskScope scope_;
  std::list<gdb::ServerConnection*> connections_;
  asio::steady_timer left_;  // cancelled when a connection has ended
  bool stopping_ = false;
};

}  // namespace virserver::session
