// The bytes of gdb's protocol between a local end and the server's WebSocket.
#pragma once
#include <functional>
#include <string>

#include "cli/client.hpp"

namespace virserver::cli {

// The local end: standard input and output, or an accepted TCP connection.
struct LocalEnd {
  std::function<Task<std::string>()> read;              // empty: it has ended
  std::function<Task<bool>(const std::string&)> write;  // false: it takes nothing more
};

// Until either side ends. A server that refuses or is lost is a failure.
Task<Outcome<>> tunnel(Client& client, std::string session_id, LocalEnd local);

}  // namespace virserver::cli
