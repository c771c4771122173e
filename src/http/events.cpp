// Server-Sent Events: the source runs as its own task while this side watches the socket and the clock.
#include "http/connection.hpp"

namespace virserver::http {
namespace {

constexpr std::chrono::seconds comment_interval{15};

class Sink : public EventSink {
 public:
  Sink(Connection& connection, Exchange& exchange)
      : connection_(connection), exchange_(exchange), free_(connection.worker().context.get_executor(), Clock::time_point::max()) {}

  Task<Result<void>> send(std::string_view id, std::string_view event, std::string_view data) override {
    std::string frame;
    line(frame, "id", id);
    line(frame, "event", event);
    while (true) {  // every line of the data has its own prefix
      const std::size_t end = data.find('\n');
      line(frame, "data", data.substr(0, end), true);
      if (end == std::string_view::npos) break;
      data.remove_prefix(end + 1);
    }
    frame += '\n';
    co_return co_await put(frame);
  }

  Task<Result<void>> put(std::string_view frame) {
    while (writing_) co_await free_.async_wait(tuple_awaitable);
    if (broken_) co_return fail(ErrorCode::REQUEST_TIMEOUT, "the client is gone");
    writing_ = true;
    const bool sent = co_await connection_.write(frame, exchange_);
    writing_ = false;
    broken_ = !sent;
    free_.cancel();
    if (broken_) co_return fail(ErrorCode::REQUEST_TIMEOUT, "the client is gone or takes nothing");
    co_return Result<void>{};
  }

 private:
  static void line(std::string& out, std::string_view name, std::string_view text, bool empty_too = false) {
    if (text.empty() && !empty_too) return;
    (out += name) += ": ";
    for (const char c : text)
      if (c != '\r' && c != '\n' && c != '\0') out += c;
    out += '\n';
  }

  Connection& connection_;
  Exchange& exchange_;
  Timer free_;
  bool writing_ = false, broken_ = false;
};

Task<> comments(Context& context, Sink& sink) {
  Timer timer(context.get_executor());
  while (true) {
    timer.expires_after(comment_interval);
    const auto [ec] = co_await timer.async_wait(tuple_awaitable);
    if (ec) co_return;
    const auto sent = co_await sink.put(": still here\n\n");
    if (!sent) co_return;
  }
}

// Ends when the client closes or a write has timed out, and then ends the source.
Task<> watch(Connection& connection, const Running& source) {
  std::array<char, 1024> ignored;
  while (true) {
    const auto [ec, count] = co_await connection.socket().async_read_some(asio::buffer(ignored), tuple_awaitable);
    if (ec) break;
  }
  if (!source.done) connection.stream_cancel.emit(asio::cancellation_type::terminal);
}

Task<> call(EventSource source, Sink& sink) { co_await source(sink); }

}  // namespace

Task<> run_events(Connection& connection, Exchange& exchange, EventSource source) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  exchange.keep_alive = false;
  exchange.status = 200;
  std::string head = response_head(connection, exchange, 200, "text/event-stream");
  head += "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n\r\n";
  if (!co_await connection.write(head, exchange) || connection.worker().stopping) co_return;

  Context& context = connection.worker().context;
  Sink sink(connection, exchange);
  Running producer(context), heartbeat(context), watcher(context);
  asio::cancellation_signal stop_comments;
  producer.spawn(context, call(std::move(source), sink), connection.stream_cancel.slot());
  heartbeat.spawn(context, comments(context, sink), stop_comments.slot());
  watcher.spawn(context, watch(connection, producer), asio::cancellation_slot());
  co_await producer.wait();
  if (producer.error) log_failure(producer.error, "an event source", exchange.request);
  stop_comments.emit(asio::cancellation_type::terminal);
  error_code ec;
  connection.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ec);
  connection.socket().close(ec);
  co_await heartbeat.wait();
  co_await watcher.wait();
}

}  // namespace virserver::http
