// The WebSocket of a session: consoles out, input in, events between. The messages are described in api/openapi.yaml.
//
// Four coroutines on the connection's thread: output and events write to the socket (one at a time), `receive` reads
// it, `type` hands input on at the guest's pace. The first to end ends the others.
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json.hpp>

#include <deque>

#include "api/api.hpp"
#include "api/event_json.hpp"
#include "base/async_mutex.hpp"
#include "process/console_log.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

using std::chrono::steady_clock;
using std::chrono_literals::operator""ms;

constexpr std::size_t chunk_size = 64u << 10;
constexpr std::size_t input_bound = 1u << 20;   // waiting for the guest; beyond it the client's socket is not read
constexpr auto coalesce = 1ms;                  // output closer together than this shares a message
constexpr std::chrono::milliseconds long_time = std::chrono::hours(24);
constexpr std::chrono::milliseconds partial_character = 50ms;  // how long a cut-off character may wait for its rest

struct Reader {
  process::ConsoleLog log;
  std::string name, type;  // type of the messages: stdout, or log for the emulator's own output
  std::uint64_t at = 0;
  steady_clock::time_point partial_since{};
};

class Stream {
 public:
  Stream(Context& context, std::shared_ptr<session::Session> session, http::WebSocket& socket, asio::any_io_executor executor,
         std::vector<Reader>& readers, std::string default_console, bool raw, bool all)
      : context_(context), session_(std::move(session)), socket_(socket), writing_(executor), readers_(readers),
        default_console_(std::move(default_console)), raw_(raw), all_(all), output_(session_->output_changed().watch(executor)),
        input_(std::make_shared<Watch>(executor)), room_(std::make_shared<Watch>(executor)) {}

  Task<> run() {
    using namespace asio::experimental::awaitable_operators;
    if (raw_) co_await (output() || receive() || type());
    else co_await (output() || events() || receive() || type());
    if (session_->state() == session::State::destroyed) co_await socket_.close(1001, "the session was deleted");
  }

 private:
  Task<bool> send(std::string_view data, bool text) {
    const auto lock = co_await writing_.lock();
    co_return (co_await socket_.write(data, text)).has_value();
  }

  Task<> output() {
    asio::steady_timer pause(co_await asio::this_coro::executor);
    for (;;) {
      if (all_ && session_->console_changes() != console_changes_) co_await add_consoles();
      bool sent = false, partial = false;
      for (Reader& reader : readers_) {
        auto chunk = reader.log.read(reader.at, chunk_size);
        if (!chunk) co_return;
        if (chunk->offset > reader.at) {
          if (!raw_ && !co_await send(gap_message(reader, chunk->offset), true)) co_return;
          reader.at = chunk->offset;
        }
        if (chunk->bytes.empty()) continue;
        if (raw_) {
          if (!co_await send(as_text(chunk->bytes), false)) co_return;
          reader.at += chunk->bytes.size();
          sent = true;
          continue;
        }
        if (!co_await send_text(reader, as_text(chunk->bytes), sent, partial)) co_return;
      }
      if (session_->state() == session::State::destroyed) co_return;
      if (sent) {
        pause.expires_after(coalesce);
        co_await pause.async_wait(asio::use_awaitable);
      } else {
        co_await output_->wait(partial ? partial_character : long_time);
      }
    }
  }

  // Those that came after the client: a program's RTT channels.
  Task<> add_consoles() {
    console_changes_ = session_->console_changes();
    const auto consoles = co_await session_->consoles();
    for (const session::ConsoleView& console : consoles)
      if (std::ranges::find(readers_, console.name, &Reader::name) == readers_.end())
        readers_.push_back(Reader{process::ConsoleLog(session_->console_dir(), console.name), console.name, "stdout", console.begin});
  }

  // Sends what is whole characters as text; bytes that are no UTF-8 as base64. A character cut off at the end waits a little.
  Task<bool> send_text(Reader& reader, std::string_view data, bool& sent, bool& partial) {
    bool incomplete = false;
    const std::size_t whole = valid_utf8_prefix(data, &incomplete);
    if (whole > 0) {
      if (!co_await send(data_message(reader, data.substr(0, whole), "utf-8"), true)) co_return false;
      reader.at += whole;
      reader.partial_since = {};
      sent = true;
    }
    const std::string_view rest = data.substr(whole);
    if (rest.empty()) co_return true;
    if (incomplete) {
      if (reader.partial_since == steady_clock::time_point{}) reader.partial_since = steady_clock::now();
      if (steady_clock::now() - reader.partial_since < partial_character) {
        partial = true;
        co_return true;
      }
    }
    reader.partial_since = {};
    if (!co_await send(data_message(reader, rest, "base64"), true)) co_return false;
    reader.at += rest.size();
    sent = true;
    co_return true;
  }

  std::string data_message(const Reader& reader, std::string_view data, std::string_view encoding) const {
    json::object message{{"type", reader.type}, {"console", reader.name}, {"encoding", encoding}, {"seq", reader.at},
                         {"timestamp", to_rfc3339(now())}};
    if (encoding == "base64") message["data"] = to_base64(as_bytes(data));
    else message["data"] = data;
    return json::serialize(message);
  }

  std::string gap_message(const Reader& reader, std::uint64_t to) const {
    return json::serialize(json::object{{"type", "gap"}, {"console", reader.name}, {"from", reader.at}, {"to", to},
                                        {"timestamp", to_rfc3339(now())}});
  }

  Task<> events() {
    const auto watch = context_.events.watch(co_await asio::this_coro::executor);
    const auto newest = co_await context_.events.last_id();
    std::int64_t last = newest ? *newest : 0;
    for (;;) {
      auto rows = co_await context_.events.after(last, 64, session_->id());
      if (!rows) co_return;
      for (const store::EventRow& row : *rows) {
        last = row.id;
        json::object message{{"type", "event"}, {"data", event_json(row)}, {"timestamp", to_rfc3339(row.created_at)}};
        if (!co_await send(json::serialize(message), true)) co_return;
      }
      if (rows->empty()) co_await watch->wait();
    }
  }

  Task<> receive() {
    for (;;) {
      auto message = co_await socket_.read();
      if (!message || !*message) co_return;
      auto input = raw_ ? Result<Input>(Input{default_console_, Bytes(as_bytes((*message)->data).begin(), as_bytes((*message)->data).end())})
                        : parse_input((*message)->data);
      if (!input) {
        if (!co_await send(error_message(input.error()), true)) co_return;
        continue;
      }
      waiting_ += input->bytes.size();
      queue_.push_back(std::move(*input));
      input_->notify();
      while (waiting_ > input_bound) co_await room_->wait();
    }
  }

  Task<> type() {
    for (;;) {
      while (queue_.empty()) co_await input_->wait();
      Input input = std::move(queue_.front());
      queue_.pop_front();
      const std::size_t size = input.bytes.size();
      session_->touch();
      auto written = co_await session_->write_console(std::move(input.console), std::move(input.bytes));
      waiting_ -= size;
      room_->notify();
      if (!written && !raw_ && !co_await send(error_message(written.error()), true)) co_return;
    }
  }

  struct Input {
    std::string console;
    Bytes bytes;
  };
  Result<Input> parse_input(std::string_view text) const {
    constexpr std::string_view help = R"(send {"type": "stdin", "data": "...", "console": "...", "encoding": "utf-8"|"base64"})";
    boost::system::error_code ec;
    json::parse_options options;
    options.max_depth = 8;
    const json::value value = json::parse(text, ec, {}, options);
    if (ec || !value.is_object()) return fail(ErrorCode::INVALID_JSON, "a message is not a JSON object; {}", help);
    const json::object& object = value.as_object();
    auto field = [&](const char* name) -> std::string_view {
      const auto* found = object.if_contains(name);
      return found && found->is_string() ? std::string_view(found->as_string()) : std::string_view();
    };
    if (field("type") != "stdin" || !object.contains("data") || !object.at("data").is_string())
      return fail(ErrorCode::INVALID_REQUEST, "a message is not understood; {}", help);
    const std::string_view data = field("data"), encoding = field("encoding");
    Input input{std::string(field("console")), {}};
    if (input.console.empty()) input.console = default_console_;
    if (encoding == "base64") {
      auto bytes = from_base64(data);
      if (!bytes) return fail(ErrorCode::INVALID_REQUEST, "data is not base64");
      input.bytes = std::move(*bytes);
    } else if (encoding.empty() || encoding == "utf-8") {
      input.bytes.assign(as_bytes(data).begin(), as_bytes(data).end());
    } else {
      return fail(ErrorCode::INVALID_REQUEST, "encoding is utf-8 or base64");
    }
    return input;
  }

  static std::string error_message(const Error& error) {
    return json::serialize(json::object{{"type", "error"}, {"code", info(error.code).name}, {"error", error.message},
                                        {"timestamp", to_rfc3339(now())}});
  }

  Context& context_;
  std::shared_ptr<session::Session> session_;
  http::WebSocket& socket_;
  AsyncMutex writing_;
  std::vector<Reader>& readers_;
  std::string default_console_;
  bool raw_, all_;
  unsigned console_changes_ = 0;
  std::shared_ptr<Watch> output_, input_, room_;
  std::deque<Input> queue_;
  std::size_t waiting_ = 0;
};

// Where each console's reader starts: `since` is an offset, `name:offset,...`, `now` or empty.
Result<std::uint64_t> start_of(std::string_view since, const session::ConsoleView& console, bool single) {
  if (since.empty()) return console.begin;
  if (since == "now") return console.end;
  if (since.find(':') == std::string_view::npos) {
    if (!single) return fail(ErrorCode::INVALID_REQUEST, "an offset alone needs ?console= or ?raw=1; or write since=uart0:1024,uart1:0");
    return parse_u64(since).value_or(0);
  }
  while (!since.empty()) {
    const std::string_view entry = since.substr(0, since.find(','));
    since.remove_prefix(std::min(since.size(), entry.size() + 1));
    const std::size_t colon = entry.find(':');
    if (entry.substr(0, colon) == console.name) return parse_u64(entry.substr(colon + 1)).value_or(0);
  }
  return console.begin;
}

}  // namespace

void bind_stream(http::Handlers& handlers, Context& context) {
  handlers.bind_websocket("streamConsoles", [&context](http::Request& request) -> Task<Result<std::function<Task<>(http::WebSocket&)>>> {
    auto session = context.sessions.locate(request.parameter("session_id"));
    if (!session) co_return pass(session);
    const std::string_view raw_word = request.query.at("raw").as_string();
    const bool raw = raw_word == "1" || raw_word == "true";
    auto text = [&](const char* name) {
      const auto* value = request.query.if_contains(name);
      return value ? std::string(value->as_string()) : std::string();
    };
    std::string wanted = text("console");
    const std::string since = text("since");
    const auto consoles = co_await (*session)->consoles();
    std::string default_console;
    std::vector<std::string> names;
    for (const session::ConsoleView& console : consoles) {
      if (console.is_default) default_console = console.name;
      names.push_back(console.name);
    }
    if (!wanted.empty() && std::ranges::find(names, wanted) == names.end())
      co_return fail(ErrorCode::CONSOLE_NOT_FOUND, "the session has no console '{}'; it has {}", wanted, fmt::join(names, ", "));
    if (wanted.empty() && raw) wanted = default_console;
    if (wanted.empty() && raw) co_return fail(ErrorCode::CONSOLE_NOT_FOUND, "this board has no default console; give ?console=");
    auto readers = std::make_shared<std::vector<Reader>>();
    for (const session::ConsoleView& console : consoles) {
      if (!wanted.empty() && console.name != wanted) continue;
      auto at = start_of(since, console, !wanted.empty());
      if (!at) co_return pass(at);
      readers->push_back(Reader{process::ConsoleLog((*session)->console_dir(), console.name), console.name,
                                console.kind == "emulator" ? "log" : "stdout", *at});
    }
    if (!wanted.empty()) default_console = wanted;
    const bool all = wanted.empty();
    co_return [&context, session = *session, readers, default_console, raw, all](http::WebSocket& socket) -> Task<> {
      session->attach();
      struct Detach {
        session::Session& session;
        ~Detach() { session.detach(); }
      } detach{*session};
      Stream stream(context, session, socket, co_await asio::this_coro::executor, *readers, default_console, raw, all);
      co_await stream.run();
    };
  });
}

}  // namespace virserver::api
