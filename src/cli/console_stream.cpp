#include "cli/console_stream.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/bytes.hpp"
#include "cli/api.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace json = boost::json;

Outcome<StreamMessage> parse_message(const std::string& text_message) {
  error_code ec;
  StreamMessage message;
  message.json = json::parse(text_message, ec);
  if (ec || !message.json.is_object())
    return fail(exit_failed, "PROTOCOL", "the console stream sent something that is not a JSON object");
  const std::string type = text(message.json, "type");
  message.console = text(message.json, "console");
  if (type == "gap") {
    message.kind = StreamMessage::Kind::gap;
    message.from = static_cast<std::uint64_t>(number(message.json, "from"));
    message.to = static_cast<std::uint64_t>(number(message.json, "to"));
    return message;
  }
  message.data = text(message.json, "data");
  if (text(message.json, "encoding") == "base64") {
    const auto bytes = from_base64(message.data);
    if (!bytes) return fail(exit_failed, "PROTOCOL", "the console stream sent data that is not base64");
    message.data = as_text(*bytes);
  }
  if (type == "stdout" || type == "stderr" || (type == "log" && at(message.json, "seq").is_number())) {
    message.kind = type == "log" ? StreamMessage::Kind::log : StreamMessage::Kind::output;
    message.from = static_cast<std::uint64_t>(number(message.json, "seq"));
    message.to = message.from + message.data.size();
  }
  return message;
}

std::string stdin_message(const std::string& console, const std::string& bytes) {
  json::object message{{"type", "stdin"}};
  if (!console.empty()) message["console"] = console;
  const bool plain = is_utf8(bytes);
  message["data"] = plain ? bytes : to_base64(as_bytes(bytes));
  message["encoding"] = plain ? "utf-8" : "base64";
  return json::serialize(message);
}

ConsoleStream::ConsoleStream(Client& client, std::string session_id, std::string console,
                             std::map<std::string, std::uint64_t> offsets, std::chrono::milliseconds patience)
    : client_(client), session_id_(std::move(session_id)), console_(std::move(console)), offsets_(std::move(offsets)),
      patience_(patience), connected_(client.executor(), asio::steady_timer::time_point::max()) {}

std::string ConsoleStream::target() const {
  std::string query;
  if (!console_.empty()) {
    query = "?console=" + percent_encode(console_);
    const auto offset = offsets_.find(console_);
    if (offset != offsets_.end()) query += "&since=" + std::to_string(offset->second);
  } else if (!offsets_.empty()) {
    for (const auto& [name, offset] : offsets_)
      query += fmt::format("{}{}:{}", query.empty() ? "?since=" : ",", percent_encode(name), offset);
  }
  return session_path(session_id_, "/stream" + query);
}

Task<Outcome<>> ConsoleStream::connect() {
  const auto give_up = std::chrono::steady_clock::now() + patience_;
  for (;;) {
    auto socket = co_await WebSocket::open(client_.server(), target());
    if (socket) {
      socket_ = std::move(*socket);
      connected_.cancel();
      co_return Outcome<>{};
    }
    const bool starting = socket.error().code == "NOT_READY" && was_connected_;
    const bool final = socket.error().status != exit_unreachable && !starting;
    if (final || !was_connected_ || std::chrono::steady_clock::now() > give_up) {
      ended_ = true;
      connected_.cancel();
      co_return pass(socket);
    }
    asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(200));
    co_await pause.async_wait(tuple_awaitable);
  }
}

// False for bytes that were seen before a reconnection.
bool ConsoleStream::advance(StreamMessage& message) {
  const auto [place, is_new] = offsets_.try_emplace(message.console, message.from);
  if (message.kind == StreamMessage::Kind::gap) {
    place->second = std::max(place->second, message.to);
    return true;
  }
  if (message.to <= place->second && !message.data.empty() && !is_new) return false;
  if (message.from < place->second) message.data.erase(0, place->second - message.from);
  place->second = message.to;
  return true;
}

Task<Outcome<StreamMessage>> ConsoleStream::next() {
  for (;;) {
    if (!socket_) {
      const bool again = was_connected_;
      if (auto connected = co_await connect(); !connected) co_return pass(connected);
      was_connected_ = true;
      if (again) {
        StreamMessage message;
        message.kind = StreamMessage::Kind::reconnected;
        co_return message;
      }
    }
    auto received = co_await socket_->read();
    if (!received) {
      socket_.reset();
      auto session = co_await client_.get(session_path(session_id_));
      if (!session && session.error().http_status == 404) {
        ended_ = true;
        connected_.cancel();
        co_return pass(session);
      }
      continue;
    }
    auto message = parse_message(*received);
    if (!message) co_return message;
    const bool positioned = message->kind == StreamMessage::Kind::output || message->kind == StreamMessage::Kind::log || message->kind == StreamMessage::Kind::gap;
    if (!positioned || advance(*message)) co_return message;
  }
}

Task<Outcome<>> ConsoleStream::type(std::string bytes) {
  const std::string message = stdin_message(console_, bytes);
  for (;;) {
    while (!socket_ && !ended_) co_await connected_.async_wait(tuple_awaitable);
    if (ended_) co_return fail(exit_failed, "CONSOLE_CLOSED", "the console is closed");
    auto written = co_await socket_->write(message);
    if (written) co_return written;
    // The reader notices the loss as well and reconnects.
    asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(50));
    co_await pause.async_wait(tuple_awaitable);
  }
}

Task<> ConsoleStream::close() {
  ended_ = true;
  connected_.cancel();
  if (socket_) co_await socket_->close();
  socket_.reset();
}

Task<> wait_drained(Client& client, std::string session_id, std::string console, const ConsoleStream& stream) {
  auto consoles = co_await client.get(session_path(session_id, "/consoles"));
  if (!consoles) co_return;
  const auto behind = [&] {
    for (const auto& item : list(consoles->json, "items")) {
      const std::string name = text(item, "name");
      if (!console.empty() && name != console) continue;
      const auto seen = stream.offsets().find(name);
      const auto end = static_cast<std::uint64_t>(number(item, "end"));
      if (end > static_cast<std::uint64_t>(number(item, "begin")) && (seen == stream.offsets().end() || seen->second < end)) return true;
    }
    return false;
  };
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (behind() && std::chrono::steady_clock::now() < give_up) {
    asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(10));
    co_await pause.async_wait(tuple_awaitable);
  }
}

}  // namespace virserver::cli
