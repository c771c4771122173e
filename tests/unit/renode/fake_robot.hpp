// Renode's robot server from a script. Test only.
#pragma once
#include <sys/socket.h>

#include <deque>
#include <functional>
#include <map>

#include "answers.hpp"
#include "backend/renode/robot.hpp"
#include "unit/backend/support.hpp"

namespace virserver::testing {

// The server's side: takes requests on any number of connections and answers each with the next thing that was prepared.
class FakeRobot {
 public:
  explicit FakeRobot(asio::io_context& io) : io_(io) {}
  ~FakeRobot() { *alive_ = false; }

  backend::renode::RobotClient::Dial dial() {
    return [this](std::chrono::milliseconds) -> Task<Result<Fd>> { return connect(this); };
  }
  struct Step {
    std::string bytes;
    enum class Then { go_on, close, silence } then = Then::go_on;
  };
  std::deque<Step> steps;          // without any:
  std::map<std::string, Step, std::less<>> by_line;  // the answer to this command, every time; else
                                   // a passed command that printed its own line's number
  std::vector<std::string> lines;  // commands heard
  unsigned connections = 0;
  unsigned close_after = 0;        // requests on one connection; 0: never
  bool refuse = false;
  std::function<void(const std::string& line)> on_line;

 private:
  static Task<Result<Fd>> connect(FakeRobot* self) {
    if (self->refuse) co_return fail(ErrorCode::ENGINE_DIED, "nobody listens");
    auto [ours, theirs] = socket_pair();
    ++self->connections;
    asio::co_spawn(self->io_, serve(self, std::make_shared<asio::local::stream_protocol::socket>(self->io_, asio::local::stream_protocol(), theirs.release()), self->alive_),
                   asio::detached);
    co_return std::move(ours);
  }
  static Task<> serve(FakeRobot* self, std::shared_ptr<asio::local::stream_protocol::socket> socket, std::shared_ptr<bool> alive) {
    std::string data;
    for (unsigned served = 0; self->close_after == 0 || served < self->close_after; ++served) {
      std::size_t end;
      while ((end = data.find("</methodCall>")) == data.npos) {
        char buffer[4096];
        const auto target = asio::buffer(buffer);
        auto [ec, n] = co_await socket->async_read_some(target, tuple_awaitable);
        if (ec || !*alive) co_return;
        data.append(buffer, n);
      }
      const auto from = data.rfind("<data><value><string>", end) + 21;
      self->lines.push_back(data.substr(from, data.find("</string>", from) - from));
      if (self->on_line) self->on_line(self->lines.back());
      data.erase(0, end + 13);
      Step step{http(passed(std::to_string(self->lines.size()))), Step::Then::go_on};
      if (const auto known = self->by_line.find(self->lines.back()); known != self->by_line.end()) {
        step = known->second;
      } else if (!self->steps.empty()) {
        step = std::move(self->steps.front());
        self->steps.pop_front();
      }
      const auto out = asio::buffer(step.bytes);
      co_await asio::async_write(*socket, out, tuple_awaitable);
      if (!*alive) co_return;
      if (step.then == Step::Then::close) co_return;
      if (step.then == Step::Then::silence) {
        co_await socket->async_wait(asio::socket_base::wait_read, tuple_awaitable);  // until the client leaves
        co_return;
      }
    }
  }
  asio::io_context& io_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace virserver::testing
