// A scripted HTTP server on loopback for the tests of the client side.
#pragma once
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/asio.hpp"

namespace virserver::cli {

struct FakeRequest {
  std::string method, target, body;
};
struct FakeAnswer {
  int status = 200;
  std::string body;
};

class FakeServer {
 public:
  using Handler = std::function<FakeAnswer(const FakeRequest&)>;

  explicit FakeServer(Handler handler)
      : handler_(std::move(handler)), acceptor_(io_, {asio::ip::address_v4::loopback(), 0}),
        url_("http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port())) {
    asio::co_spawn(io_, serve(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~FakeServer() {
    io_.stop();
    thread_.join();
  }
  const std::string& url() const { return url_; }
  const std::vector<FakeRequest>& requests() const { return requests_; }  // after the answers have come

 private:
  Task<> serve() {
    for (;;) {
      auto [ec, socket] = co_await acceptor_.async_accept(tuple_awaitable);
      if (ec) co_return;
      asio::co_spawn(io_, answer(std::move(socket)), asio::detached);
    }
  }
  Task<> answer(asio::ip::tcp::socket socket) {
    std::string text;
    auto [ec, n] = co_await asio::async_read_until(socket, asio::dynamic_buffer(text), "\r\n\r\n", tuple_awaitable);
    if (ec) co_return;
    FakeRequest request;
    request.method = text.substr(0, text.find(' '));
    const std::size_t target = request.method.size() + 1;
    request.target = text.substr(target, text.find(' ', target) - target);
    std::size_t length = 0;
    if (const std::size_t at = text.find("Content-Length: "); at != std::string::npos) length = std::stoul(text.substr(at + 16));
    request.body = text.substr(n);
    const std::size_t have = request.body.size();
    if (have < length) {
      request.body.resize(length);
      co_await asio::async_read(socket, asio::buffer(request.body.data() + have, length - have), tuple_awaitable);
    }
    requests_.push_back(request);
    const FakeAnswer reply = handler_(request);
    const std::string out = "HTTP/1.1 " + std::to_string(reply.status) + " X\r\nContent-Length: " + std::to_string(reply.body.size()) +
                            "\r\nConnection: close\r\n\r\n" + reply.body;
    co_await asio::async_write(socket, asio::buffer(out), tuple_awaitable);
  }

  Handler handler_;
  asio::io_context io_{1};
  asio::ip::tcp::acceptor acceptor_;
  std::string url_;
  std::vector<FakeRequest> requests_;
  std::thread thread_;
};

}  // namespace virserver::cli
