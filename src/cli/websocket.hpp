// A WebSocket to the server: text messages both ways, or binary ones after binary(). One reader and one writer at a time.
#pragma once
#include <memory>
#include <string>

#include "base/asio.hpp"
#include "cli/failure.hpp"
#include "cli/server_url.hpp"

namespace virserver::cli {

class WebSocket {
 public:
  WebSocket();
  ~WebSocket();  // without a closing handshake; call close() first where there is time
  WebSocket(WebSocket&&) noexcept;
  WebSocket& operator=(WebSocket&&) noexcept;

  // A refusal carries the server's error; no connection is exit_unreachable.
  static Task<Outcome<WebSocket>> open(Server server, std::string target);

  void binary();
  Task<Outcome<std::string>> read();          // any failure: the socket is of no more use
  Task<Outcome<>> write(std::string message);
  Task<> close();                             // waits for the peer at most a second

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace virserver::cli
