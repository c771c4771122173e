// HTTP to the server. One connection a request; any number of requests at the same time on one executor.
#pragma once
#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/asio.hpp"
#include "cli/failure.hpp"
#include "cli/server_url.hpp"

namespace virserver::cli {

struct Request {
  std::string method = "GET";
  std::string target;                          // "/api/v1/...", already percent-encoded
  std::string body = {};
  std::string content_type = {};               // of body or file
  std::map<std::string, std::string> headers = {};
  std::string file = {};                       // when set, the body is this file's content, streamed
  std::function<void(std::uint64_t sent, std::uint64_t total)> progress = {};
  std::chrono::milliseconds patience = std::chrono::minutes(2);  // without a byte moving
};

struct Response {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  // names in lower case
};

struct Answer {
  boost::json::value json;  // null for an empty body
  std::string text;         // exactly as it came
};

// The response's body as it arrives, for streams without an end. Closing is destruction.
class BodyStream {
 public:
  BodyStream();
  ~BodyStream();
  BodyStream(BodyStream&&) noexcept;
  BodyStream& operator=(BodyStream&&) noexcept;

  // The next bytes; empty at the end of the body. A lost connection is a failure with status exit_unreachable.
  Task<Outcome<std::string>> read();

 private:
  friend class Client;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Client {
 public:
  Client(asio::any_io_executor executor, Server server) : executor_(std::move(executor)), server_(std::move(server)) {}

  const Server& server() const { return server_; }
  asio::any_io_executor executor() const { return executor_; }

  // Any HTTP status is a success here. No connection: exit_unreachable.
  Task<Outcome<Response>> send(Request request);

  // 2xx with JSON or nothing; everything else becomes the failure that the error body describes.
  Task<Outcome<Answer>> call(Request request);
  Task<Outcome<Answer>> get(std::string target);
  Task<Outcome<Answer>> post(std::string target, boost::json::value body);

  Task<Outcome<BodyStream>> open(Request request);

 private:
  asio::any_io_executor executor_;
  Server server_;
};

// The failure for an answer that is no success.
Failure failure_of(int http_status, const std::string& body);
// The failure for a server that does not answer. `ec` says why.
Failure unreachable(const Server& server, const error_code& ec);

}  // namespace virserver::cli
