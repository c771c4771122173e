#include "backend/qemu/qmp.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fcntl.h>

namespace virserver::backend::qemu {

namespace json = boost::json;

struct QmpClient::Waiter {
  explicit Waiter(const asio::any_io_executor& executor) : timer(executor) { timer.expires_at(asio::steady_timer::time_point::max()); }
  asio::steady_timer timer;
  std::optional<Result<json::value>> answer;

  void complete(Result<json::value> value) {
    if (answer) return;
    answer.emplace(std::move(value));
    timer.cancel();
  }
};

QmpClient::QmpClient(asio::any_io_executor executor, Fd socket, std::size_t max_line)
    : executor_(executor), socket_(executor), max_line_(max_line), scope_(executor, "qmp"),
      greeting_(std::make_shared<Waiter>(executor)) {
  const int flags = ::fcntl(socket.get(), F_GETFL);
  ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK);
  socket_.assign(asio::local::stream_protocol(), socket.release());  // a socket, not a descriptor: no SIGPIPE
  scope_.spawn(read_loop());
}

QmpClient::~QmpClient() = default;

Task<> QmpClient::stop() {
  fail_all(Error{ErrorCode::ENGINE_DIED, "the connection to the emulator was closed"});
  co_await scope_.stop();
  error_code ignored;
  socket_.close(ignored);
}

void QmpClient::fail_all(Error error) {
  if (!failure_) failure_ = std::move(error);
  greeting_->complete(std::unexpected(*failure_));
  auto waiting = std::exchange(waiting_, {});
  for (auto& [id, waiter] : waiting) waiter->complete(std::unexpected(*failure_));
}

bool QmpClient::accept(std::string_view line) {
  auto give_up = [this](std::string why) {
    fail_all(Error{ErrorCode::ENGINE_PROTOCOL, "the emulator's control connection " + std::move(why)});
    return false;
  };
  if (line.find_first_not_of(" \t\r") == line.npos) return true;
  error_code ec;
  json::parse_options options;
  options.max_depth = 64;
  json::value value = json::parse(line, ec, {}, options);
  if (ec || !value.is_object()) return give_up("sent something that is not a JSON object");
  json::object& object = value.get_object();
  if (const auto* event = object.if_contains("event")) {
    if (!event->is_string()) return give_up("sent an event without a name");
    const auto* data = object.if_contains("data");
    if (on_event) on_event(event->get_string(), data && data->is_object() ? data->get_object() : json::object{});
    return !failure_;
  }
  if (auto* greeting = object.if_contains("QMP")) {
    if (!greeting->is_object() || greeting_->answer) return give_up("sent an unexpected greeting");
    greeting_->complete(std::move(*greeting));
    return true;
  }
  auto* returned = object.if_contains("return");
  auto* error = object.if_contains("error");
  if (!returned && !error) return give_up("sent a message of an unknown kind");
  const auto* id = object.if_contains("id");
  const std::int64_t* number = id ? id->if_int64() : nullptr;
  const auto found = number ? waiting_.find(*number) : waiting_.end();
  if (found == waiting_.end()) {
    if (number && *number >= 0 && *number < next_id_ && forgotten_ > 0) {
      --forgotten_;  // the late answer to a command that was given up
      return true;
    }
    return give_up("answered a command that was never sent");
  }
  auto waiter = std::move(found->second);
  waiting_.erase(found);
  if (returned) {
    waiter->complete(std::move(*returned));
    return true;
  }
  std::string words = "no reason given";
  if (error->is_object())
    if (const auto* text = error->get_object().if_contains("desc"); text && text->is_string()) words = text->get_string();
  Error refused{ErrorCode::UNSUPPORTED_BY_BACKEND, "QEMU refused the command: " + words.substr(0, 1000)};
  waiter->complete(std::unexpected(std::move(refused)));
  return true;
}

Task<> QmpClient::read_loop() {
  std::string buffer;
  std::size_t scanned = 0;
  std::vector<char> chunk(64 * 1024);
  while (!failure_) {
    auto [ec, n] = co_await socket_.async_read_some(asio::buffer(chunk), tuple_awaitable);
    if (ec) {
      fail_all(Error{ErrorCode::ENGINE_DIED, "the emulator closed its control connection"});
      break;
    }
    buffer.append(chunk.data(), n);
    std::size_t begin = 0;
    for (std::size_t end; !failure_ && (end = buffer.find('\n', std::max(scanned, begin))) != buffer.npos; begin = end + 1)
      if (!accept(std::string_view(buffer).substr(begin, end - begin))) break;
    buffer.erase(0, begin);
    scanned = buffer.size();
    if (buffer.size() > max_line_)
      fail_all(Error{ErrorCode::ENGINE_PROTOCOL, "the emulator's control connection sent a line without an end"});
  }
}

Task<Result<void>> QmpClient::send(std::string line) {
  // Commands are short and rare; a peer that stops reading meets the command's time limit.
  outgoing_ += line;
  outgoing_ += '\n';
  if (writing_) co_return Result<void>{};
  writing_ = true;
  while (!outgoing_.empty() && !failure_) {
    auto batch = std::make_shared<std::string>(std::exchange(outgoing_, {}));
    auto [ec, n] = co_await asio::async_write(socket_, asio::buffer(*batch), tuple_awaitable);
    if (ec) break;  // what it said before it went is still to be read; the reader ends the connection then
  }
  writing_ = false;
  co_return Result<void>{};
}

Task<Result<json::value>> QmpClient::await_reply(std::shared_ptr<Waiter> waiter, std::chrono::milliseconds timeout, std::string what) {
  if (!waiter->answer) {
    waiter->timer.expires_after(timeout);
    co_await waiter->timer.async_wait(tuple_awaitable);
  }
  if (!waiter->answer)
    co_return fail(ErrorCode::ENGINE_TIMEOUT, "the emulator did not answer {} within {} ms", what, timeout.count());
  co_return std::move(*waiter->answer);
}

Task<Result<json::object>> QmpClient::handshake(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  auto greeting = co_await await_reply(greeting_, timeout, "the connection");
  if (!greeting) co_return pass(greeting);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  json::object none;
  auto ready = co_await execute("qmp_capabilities", std::move(none), std::max(left, std::chrono::milliseconds(1)));
  if (!ready) co_return pass(ready);
  auto* version = greeting->as_object().if_contains("version");
  co_return version && version->is_object() ? version->get_object() : json::object{};
}

Task<Result<json::value>> QmpClient::execute(std::string command, json::object arguments, std::chrono::milliseconds timeout) {
  if (failure_) co_return std::unexpected(*failure_);
  const auto id = next_id_++;
  auto waiter = std::make_shared<Waiter>(executor_);
  waiting_.emplace(id, waiter);
  json::object message{{"execute", command}, {"id", id}};
  if (!arguments.empty()) message["arguments"] = std::move(arguments);
  std::string line = json::serialize(message);
  scope_.spawn([](QmpClient* self, std::string text) -> Task<> { co_await self->send(std::move(text)); }(this, std::move(line)));
  auto answer = co_await await_reply(waiter, timeout, command);
  if (!waiter->answer && waiting_.erase(id)) ++forgotten_;
  co_return answer;
}

Task<Result<std::string>> QmpClient::monitor(std::string line, std::chrono::milliseconds timeout) {
  json::object arguments{{"command-line", line}};
  auto answer = co_await execute("human-monitor-command", std::move(arguments), timeout);
  if (!answer) co_return pass(answer);
  if (!answer->is_string()) co_return fail(ErrorCode::ENGINE_PROTOCOL, "the emulator answered a monitor command with something that is not text");
  co_return std::string(answer->get_string());
}

}  // namespace virserver::backend::qemu
