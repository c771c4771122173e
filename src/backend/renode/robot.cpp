#include "backend/renode/robot.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace virserver::backend::renode {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr unsigned calls_per_connection = 95;  // the server closes it after 101

Error timed_out(milliseconds patience) {
  return Error{ErrorCode::ENGINE_TIMEOUT, fmt::format("Renode did not carry out a command within {} ms", patience.count())};
}
Error died() { return Error{ErrorCode::ENGINE_DIED, "Renode closed its control connection"}; }

milliseconds until(Clock::time_point deadline) {
  return std::max(std::chrono::ceil<milliseconds>(deadline - Clock::now()), milliseconds(0));
}

}  // namespace

struct RobotClient::Connection {
  Connection(asio::any_io_executor executor, Fd fd) : socket(executor) { socket.assign(asio::generic::stream_protocol(AF_INET, 0), fd.release()); }
  asio::generic::stream_protocol::socket socket;
  unsigned calls = 0;

  // The server leaves an idle connection, too.
  bool alive() {
    char byte;
    const auto n = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EINTR);  // bytes that nobody asked for end it as well
  }
  void close() {
    error_code ignored;
    socket.close(ignored);
  }
};

RobotClient::RobotClient(asio::any_io_executor executor, Dial dial, std::size_t max_answer)
    : executor_(executor), dial_(std::move(dial)), max_answer_(max_answer), turn_(executor), idle_(executor, asio::steady_timer::time_point::max()) {}

RobotClient::~RobotClient() = default;

Task<Result<std::string>> RobotClient::execute(Command command, milliseconds timeout) {
  co_return co_await run(command.line(), timeout);
}

Task<Result<std::string>> RobotClient::execute_line(std::string line, milliseconds timeout) {
  co_return co_await run(std::move(line), timeout);
}

Task<Result<std::string>> RobotClient::run(std::string line, milliseconds timeout) {
  struct InUse {
    RobotClient& client;
    explicit InUse(RobotClient& c) : client(c) { ++client.in_use_; }
    ~InUse() {
      if (--client.in_use_ == 0) client.idle_.cancel();
    }
  };
  const InUse in_use(*this);
  const auto turn = co_await turn_.lock();
  const auto deadline = Clock::now() + timeout;
  const std::string request = keyword_request(line);
  std::optional<Error> failure;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const bool reused = connection_ && connection_->calls < calls_per_connection && connection_->alive();
    if (!reused) {
      if (connection_) connection_->close();
      connection_.reset();
      if (stopped_) co_return fail(died());
      auto socket = co_await dial_(until(deadline));
      if (!socket) co_return pass(socket);
      if (stopped_) co_return fail(died());
      connection_ = std::make_shared<Connection>(executor_, std::move(*socket));
    }
    ++connection_->calls;
    auto answer = co_await converse(request, deadline);
    if (answer) {
      if (answer->passed) co_return std::move(answer->output);
      co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "Renode refused a command: {}", answer->error.substr(0, 2000));
    }
    // A kept connection that ends before a single byte of the answer was left while the request was under way.
    if (answer.error().code != ErrorCode::ENGINE_DIED || !reused || stopped_) co_return answer.error().code == ErrorCode::ENGINE_TIMEOUT ? fail(timed_out(timeout)) : pass(answer);
    failure = std::move(answer.error());
  }
  co_return fail(std::move(*failure));
}

Task<Result<KeywordAnswer>> RobotClient::converse(const std::string& request, Clock::time_point deadline) {
  const auto connection = connection_;
  auto late = std::make_shared<bool>(false);
  asio::steady_timer timer(executor_, deadline);
  auto give_up = [connection, late](error_code ec) {
    if (ec) return;
    *late = true;
    connection->close();
  };
  timer.async_wait(give_up);
  auto over = [&](Error error) {
    timer.cancel();
    connection->close();
    if (connection_ == connection) connection_.reset();
    return fail(*late ? Error{ErrorCode::ENGINE_TIMEOUT, {}} : std::move(error));
  };
  const auto out = asio::buffer(request);
  auto [written, ignored] = co_await asio::async_write(connection->socket, out, tuple_awaitable);
  if (written) co_return over(died());
  std::string data;
  std::vector<char> chunk(64 * 1024);
  for (;;) {
    // Renode sends an answer in pieces and waits for each to be acknowledged; without this that takes 50 ms for all but the shortest.
    const int at_once = 1;
    ::setsockopt(connection->socket.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &at_once, sizeof at_once);
    const auto in = asio::buffer(chunk);
    auto [ec, n] = co_await connection->socket.async_read_some(in, tuple_awaitable);
    if (ec) {
      if (data.empty()) co_return over(died());
      co_return over({ErrorCode::ENGINE_PROTOCOL, "Renode's robot server ended in the middle of an answer"});
    }
    data.append(chunk.data(), n);
    auto answer = parse_http(data, max_answer_);
    if (!answer) co_return over(std::move(answer.error()));
    if (answer->size == 0) continue;
    if (answer->size != data.size()) co_return over({ErrorCode::ENGINE_PROTOCOL, "Renode's robot server answered more than it was asked"});
    timer.cancel();
    if (answer->status != 200) co_return over({ErrorCode::ENGINE_PROTOCOL, fmt::format("Renode's robot server answered with HTTP status {}", answer->status)});
    if (!answer->keep_alive) connection->calls = calls_per_connection;
    auto keyword = parse_answer(answer->body);
    if (!keyword) co_return over(std::move(keyword.error()));
    co_return keyword;
  }
}

Task<> RobotClient::stop() {
  stopped_ = true;
  if (connection_) connection_->close();
  while (in_use_ > 0) co_await idle_.async_wait(tuple_awaitable);
}

}  // namespace virserver::backend::renode
