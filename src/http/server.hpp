// The HTTP server: listeners on every io thread, connections, routing, static pages.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/handler.hpp"

namespace virserver::http {

class Contract;

struct ServerConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;                 // 0: any free port
  std::vector<std::string> allowed_hosts;    // besides loopback names and the listening address (Host header, without port)
  std::vector<std::string> allowed_origins;  // besides the server's own
  std::uint64_t max_json_bytes = 8u << 20;
  std::uint64_t max_upload_bytes = 256u << 20;
  std::uint32_t max_header_bytes = 32u << 10;
  std::chrono::seconds header_timeout{15};   // a whole header must arrive within
  std::chrono::seconds body_timeout{60};     // without progress
  std::chrono::seconds idle_timeout{75};
  std::uint32_t max_connections = 4096;
  std::string access_log;                    // file of JSON lines; "-" stderr; empty: none
  std::shared_ptr<const Contract> contract;  // null: api/openapi.yaml of this build
};

// One record of the access log, also handed to the metrics.
struct Access {
  std::string_view method, operation_id, target, peer, request_id;
  unsigned status = 0;
  std::chrono::microseconds duration{0};
  std::uint64_t bytes_in = 0, bytes_out = 0;
};

class Server {
 public:
  // `contexts`: one io_context a thread, run by the caller. Throws when the contract and the handlers do not match or
  // the address cannot be bound (the first bind is without SO_REUSEPORT: a second server must not share the port).
  Server(std::vector<asio::io_context*> contexts, ServerConfig config, Handlers handlers,
         std::function<void(const Access&)> on_access);
  ~Server();

  std::uint16_t port() const;  // the real one
  void start();
  Task<> stop();               // no new connections; idle ones close, running requests get a few seconds

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace virserver::http
