// A server with a tiny contract on a free loopback port, and a plain client socket.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "http/contract.hpp"
#include "http/server.hpp"

namespace virserver::http {

inline constexpr std::string_view test_contract = R"(
paths:
  /hello:
    get:
      operationId: hello
      x-role: public
      parameters: [{ name: limit, in: query, schema: { type: integer, maximum: 10, default: 5 } }]
      responses: { "200": { description: d, content: { application/json: { schema: { type: object } } } } }
  /echo:
    post:
      operationId: echo
      x-role: public
      requestBody: { required: true, content: { application/json: { schema: { type: object, additionalProperties: false, properties: { name: { type: string }, list: { type: array } } } } } }
      responses: { "200": { description: d, content: { application/json: { schema: { type: object } } } } }
  /upload:
    post:
      operationId: upload
      x-role: public
      requestBody: { required: true, content: { application/octet-stream: { schema: { type: string, format: binary } } } }
      responses: { "200": { description: d, content: { application/json: { schema: { type: object } } } } }
  /refuse:
    post:
      operationId: refuse
      x-role: public
      requestBody: { required: true, content: { application/octet-stream: { schema: { type: string, format: binary } } } }
      responses: { "204": { description: d } }
  /throw:
    get: { operationId: throw, x-role: public, responses: { "204": { description: d } } }
  /slow:
    get: { operationId: slow, x-role: public, responses: { "204": { description: d } } }
  /pulled:
    get: { operationId: pulled, x-role: public, responses: { "200": { description: d, content: { application/octet-stream: { schema: { type: string } } } } } }
  /file:
    get: { operationId: file, x-role: public, responses: { "200": { description: d, content: { application/octet-stream: { schema: { type: string } } } } } }
  /events:
    get: { operationId: events, x-role: public, responses: { "200": { description: d, content: { text/event-stream: { schema: { type: string } } } } } }
  /socket:
    get: { operationId: socket, x-role: public, x-websocket: true, responses: { "101": { description: d } } }
)";

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(context_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    const timeval limit{20, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  // Errors are expected where the server closes early.
  bool send(std::string_view text) {
    error_code ec;
    asio::write(socket_, asio::buffer(text), ec);
    return !ec;
  }
  std::string get(std::string_view target, std::string_view headers = "") {
    send(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", target, headers));
    return response();
  }
  std::string post(std::string_view target, std::string_view body, std::string_view type = "application/json") {
    send(fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", target, type, body.size(), body));
    return response();
  }
  // One answer with its body; empty at the end of the connection.
  std::string response(bool head_only = false) {
    std::size_t end;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return std::exchange(input_, {});
    end += 4;
    const std::size_t at = input_.find("Content-Length: ");
    std::size_t length = at < end && !head_only ? std::stoul(input_.substr(at + 16)) : 0;
    while (input_.size() < end + length)
      if (!more()) break;
    std::string result = input_.substr(0, end + length);
    input_.erase(0, result.size());
    return result;
  }
  std::string until(std::string_view text) {
    while (input_.find(text) == std::string::npos)
      if (!more()) break;
    return input_;
  }
  std::string exactly(std::size_t count) {
    while (input_.size() < count)
      if (!more()) break;
    std::string result = input_.substr(0, count);
    input_.erase(0, count);
    return result;
  }
  bool at_end() {
    while (more()) {}
    return ended_;
  }
  void close() { socket_.close(); }
  asio::ip::tcp::socket& socket() { return socket_; }

 private:
  bool more() {
    char buffer[65536];
    const ssize_t count = ::recv(socket_.native_handle(), buffer, sizeof buffer, 0);  // Asio would ignore SO_RCVTIMEO
    ended_ = count == 0 || (count < 0 && errno == ECONNRESET);
    if (count <= 0) return false;
    input_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }
  asio::io_context context_;
  asio::ip::tcp::socket socket_;
  std::string input_;
  bool ended_ = false;
};

inline boost::json::value body_of(const std::string& response) {
  error_code ec;
  return boost::json::parse(response.substr(response.find("\r\n\r\n") + 4), ec);
}
inline std::string code_of(const std::string& response) {
  const auto body = body_of(response);
  const auto* code = body.is_object() ? body.get_object().if_contains("code") : nullptr;
  return code ? std::string(code->get_string()) : "no error: " + response.substr(0, 200);
}

class ServerTest : public testing::Test {
 protected:
  void start(ServerConfig config = {}) {
    config.port = 0;
    config.contract = std::make_shared<const Contract>(std::string(test_contract));
    server_ = std::make_unique<Server>(std::vector{&context_}, std::move(config), handlers(), nullptr);
    server_->start();
    thread_ = std::thread([this] { context_.run(); });
  }
  std::uint16_t port() const { return server_->port(); }
  void stop() {
    if (!thread_.joinable()) return;
    asio::co_spawn(context_, server_->stop(), asio::use_future).get();
    thread_.join();
  }
  void TearDown() override { stop(); }

  Handlers handlers() {
    Handlers result;
    result.bind("hello", [](Request& request) -> Task<Result<Response>> {
      co_return json_response(boost::json::object{{"limit", request.query.at("limit")}, {"id", request.request_id}});
    });
    result.bind("echo", [](Request& request) -> Task<Result<Response>> { co_return json_response(request.body); });
    result.bind("upload", [](Request& request) -> Task<Result<Response>> {
      std::size_t total = 0;
      Bytes buffer(1000);
      while (true) {
        auto got = co_await request.stream->read(buffer);
        if (!got) co_return pass(got);
        if (*got == 0) break;
        total += *got;
      }
      co_return json_response(boost::json::object{{"bytes", total}});
    });
    result.bind("refuse", [](Request&) -> Task<Result<Response>> { co_return fail(ErrorCode::CONFLICT, "not now"); });
    result.bind("throw", [](Request&) -> Task<Result<Response>> {
      throw std::runtime_error("secret");
      co_return no_content();
    });
    result.bind("slow", [this](Request&) -> Task<Result<Response>> {
      asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(300));
      ++slow_started;
      co_await timer.async_wait(tuple_awaitable);
      ++slow_ended;
      co_return no_content();
    });
    result.bind("pulled", [](Request&) -> Task<Result<Response>> {
      Response response;
      PulledBody body;
      body.next = [n = 0]() mutable -> Task<Result<Bytes>> {
        if (n++ == 3) co_return Bytes{};
        co_return Bytes(4, std::byte('x'));
      };
      response.body = std::move(body);
      co_return response;
    });
    result.bind("file", [this](Request&) -> Task<Result<Response>> {
      Response response;
      response.body = FileBody{file, 10, 3u << 20};
      co_return response;
    });
    result.bind("events", [this](Request& request) -> Task<Result<Response>> {
      Response response;
      const std::string last(request.header("last-event-id"));
      response.body = EventSource([this, last](EventSink& sink) -> Task<> {
        struct Ended {
          std::atomic<int>& count;
          ~Ended() { ++count; }
        } ended{events_ended};
        const int first = last.empty() ? 1 : std::stoi(last) + 1;
        for (int i = first; i < first + 3; ++i) {
          const std::string id = std::to_string(i);
          const auto sent = co_await sink.send(id, "tick", "a\nb");
          if (!sent) co_return;
        }
        asio::steady_timer forever(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
        co_await forever.async_wait(tuple_awaitable);
      });
      co_return response;
    });
    result.bind_websocket("socket", [this](Request&) -> Task<Result<std::function<Task<>(WebSocket&)>>> {
      std::function<Task<>(WebSocket&)> run = [this](WebSocket& socket) -> Task<> {
        struct Ended {
          std::atomic<int>& count;
          ~Ended() { ++count; }
        } ended{sockets_ended};
        while (true) {
          auto message = co_await socket.read();
          if (!message || !*message) co_return;
          const auto sent = co_await socket.write((*message)->data, (*message)->text);
          if (!sent) co_return;
        }
      };
      co_return run;
    });
    return result;
  }

  template <class Predicate>
  static bool eventually(Predicate predicate) {
    for (int i = 0; i < 2000; ++i) {
      if (predicate()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

  std::atomic<int> slow_started = 0, slow_ended = 0, events_ended = 0, sockets_ended = 0;
  std::string file;

 private:
  asio::io_context context_{1};
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

}  // namespace virserver::http
