// What a handler sees of HTTP. Nothing here shows Beast; only this folder includes it.
//
// The router is built from api/openapi.yaml: method, path, operationId, parameters, body schema, role. Before a handler
// runs, path and query parameters are converted to the types the schema states and validated with defaults filled in,
// and a JSON body is parsed and validated. A handler binds to an operationId.
#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/asio.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"

namespace virserver::http {

// The unread body of an operation whose body is not JSON. Belongs to the connection; valid while the handler runs.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // Up to buffer.size() bytes; 0 at the end. Errors: PAYLOAD_TOO_LARGE, REQUEST_TIMEOUT, INVALID_REQUEST.
  virtual Task<Result<std::size_t>> read(std::span<std::byte> buffer) = 0;
  virtual std::optional<std::uint64_t> content_length() const = 0;
};

struct Request {
  std::string method, target, path;
  std::string operation_id;
  std::string request_id;         // from X-Request-Id when well-formed, else made; echoed in the answer
  std::string peer;               // address of the client
  boost::json::object path_parameters, query;
  boost::json::value body;        // JSON operations; null without a body
  BodyStream* stream = nullptr;   // other operations
  std::string content_type;       // of the body, as sent
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case

  std::string_view header(std::string_view lower_case_name) const;  // empty when absent
  std::string parameter(std::string_view name) const;               // path parameter as text
};

// Server-Sent Events. `send` waits for the client's socket; a client that takes nothing for 30 s is dropped.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual Task<Result<void>> send(std::string_view id, std::string_view event, std::string_view data) = 0;
};
using EventSource = std::function<Task<>(EventSink&)>;  // runs until it returns or is cancelled by the client's going

struct FileBody {
  std::filesystem::path path;
  std::uint64_t offset = 0, size = 0;
};
// Produces the body piece by piece; an empty piece ends it. `size` (if known) becomes Content-Length, else chunked.
struct PulledBody {
  std::function<Task<Result<Bytes>>()> next;
  std::optional<std::uint64_t> size;
};

struct Response {
  unsigned status = 200;
  std::variant<std::monostate, boost::json::value, std::string, FileBody, PulledBody, EventSource> body;
  std::string content_type;  // JSON values default to application/json
  std::vector<std::pair<std::string, std::string>> headers;
};
Response json_response(boost::json::value body, unsigned status = 200);
Response no_content();
Response created(boost::json::value body, std::string location);

using Handler = std::function<Task<Result<Response>>(Request&)>;

// A WebSocket after its handshake. One reader and one writer at a time; pings and closes are handled below.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  struct Message {
    bool text = true;
    std::string data;
  };
  virtual Task<Result<std::optional<Message>>> read() = 0;  // nullopt: closed by the peer
  virtual Task<Result<void>> write(std::string_view data, bool text) = 0;
  virtual Task<> close(std::uint16_t code, std::string_view reason) = 0;
};
// Checks first (an Error answers as plain HTTP before the upgrade); the returned function runs on the open socket and
// ends it by returning. It is cancelled when the server stops.
using WebSocketHandler = std::function<Task<Result<std::function<Task<>(WebSocket&)>>>(Request&)>;

// operationId -> handler. Start-up fails when an operation has no handler or a handler no operation.
class Handlers {
 public:
  void bind(std::string operation_id, Handler handler);
  void bind_websocket(std::string operation_id, WebSocketHandler handler);
  const Handler* find(std::string_view operation_id) const;
  const WebSocketHandler* find_websocket(std::string_view operation_id) const;
  std::vector<std::string> names() const;

 private:
  std::vector<std::pair<std::string, Handler>> handlers_;
  std::vector<std::pair<std::string, WebSocketHandler>> websockets_;
};

}  // namespace virserver::http
