// The open WebSocket, by Beast. A pump reads ahead, so pings and closes are answered whatever the handler does.
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include <deque>

#include "http/connection.hpp"

namespace virserver::http {
namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using Stream = websocket::stream<Socket&>;

constexpr std::size_t max_message = 2u << 20;
constexpr std::size_t max_queued_messages = 64, max_queued_bytes = 2 * max_message;

class OpenSocket : public WebSocket {
 public:
  OpenSocket(Connection& connection, Exchange& exchange)
      : connection_(connection), exchange_(exchange), stream_(connection.socket()),
        changed_(connection.worker().context.get_executor(), Clock::time_point::max()) {
    stream_.read_message_max(max_message);
    websocket::stream_base::timeout limits{std::chrono::seconds(15), std::chrono::seconds(60), true};
    stream_.set_option(limits);
    stream_.auto_fragment(false);
    // Beast ends a read only when the peer has closed the TCP connection too; the handler need not wait for that.
    auto noticed = [this](websocket::frame_type kind, beast::string_view) {
      if (kind != websocket::frame_type::close) return;
      end();
    };
    stream_.control_callback(noticed);
  }

  Task<bool> accept() {
    beast::http::request<beast::http::empty_body> request(beast::http::verb::get, exchange_.request.target, 11);
    for (const auto& [name, text] : exchange_.request.headers) request.insert(name, text);
    const std::string id = exchange_.request.request_id;
    auto decorate = [id](websocket::response_type& response) {
      response.set("X-Request-Id", id);
      response.set(beast::http::field::server, "");
      response.erase(beast::http::field::server);
    };
    stream_.set_option(websocket::stream_base::decorator(decorate));
    const auto [ec] = co_await stream_.async_accept(request, tuple_awaitable);
    co_return !ec;
  }

  Task<> pump(const Running& handler) {
    beast::flat_buffer buffer;
    while (true) {
      while (!closed_ && (queue_.size() >= max_queued_messages || queued_bytes_ >= max_queued_bytes)) co_await changed_.async_wait(tuple_awaitable);
      const auto [ec, count] = co_await stream_.async_read(buffer, tuple_awaitable);
      if (ec) break;
      exchange_.bytes_in += count;
      const auto data = buffer.cdata();
      queue_.push_back({stream_.got_text(), std::string(static_cast<const char*>(data.data()), data.size())});
      queued_bytes_ += data.size();
      buffer.consume(buffer.size());
      changed_.cancel();
    }
    closed_ = true;
    changed_.cancel();
    // A handler that reads sees the end of the messages; one that does not is cancelled.
    Timer grace(connection_.worker().context.get_executor());
    for (int i = 0; i < 20 && !handler.done; ++i) {
      grace.expires_after(std::chrono::milliseconds(100));
      co_await grace.async_wait(tuple_awaitable);
    }
    if (!handler.done) connection_.stream_cancel.emit(asio::cancellation_type::terminal);
  }

  // The socket is gone: nobody waits any more.
  void end() {
    closed_ = true;
    changed_.cancel();
  }

  Task<Result<std::optional<Message>>> read() override {
    while (queue_.empty() && !closed_) co_await changed_.async_wait(tuple_awaitable);
    std::optional<Message> message;
    if (!queue_.empty()) {
      message = std::move(queue_.front());
      queue_.pop_front();
      queued_bytes_ -= message->data.size();
      changed_.cancel();
    }
    co_return message;
  }

  Task<Result<void>> write(std::string_view data, bool text) override {
    if (closed_) co_return fail(ErrorCode::REQUEST_TIMEOUT, "the client has closed the connection");
    stream_.text(text);
    connection_.set_deadline(write_timeout);
    const auto [ec, count] = co_await stream_.async_write(asio::buffer(data.data(), data.size()), tuple_awaitable);
    connection_.clear_deadline();
    exchange_.bytes_out += count;
    if (ec) co_return fail(ErrorCode::REQUEST_TIMEOUT, "the client is gone or takes nothing: {}", ec.message());
    co_return Result<void>{};
  }

  Task<> close(std::uint16_t code, std::string_view reason) override {
    if (closed_ || !stream_.is_open()) co_return;
    websocket::close_reason why(static_cast<websocket::close_code>(code), beast::string_view(reason.data(), std::min<std::size_t>(reason.size(), 120)));
    connection_.set_deadline(std::chrono::seconds(3));
    co_await stream_.async_close(why, tuple_awaitable);
    connection_.clear_deadline();
    closed_ = true;
    changed_.cancel();
  }

 private:
  Connection& connection_;
  Exchange& exchange_;
  Stream stream_;
  Timer changed_;
  std::deque<Message> queue_;
  std::size_t queued_bytes_ = 0;
  bool closed_ = false;
};

Task<> call(std::function<Task<>(WebSocket&)> handler, OpenSocket& socket) { co_await handler(socket); }

}  // namespace

Task<> run_websocket(Connection& connection, Exchange& exchange, std::function<Task<>(WebSocket&)> handler) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  exchange.keep_alive = false;
  exchange.status = 101;
  Context& context = connection.worker().context;
  OpenSocket socket(connection, exchange);
  if (!co_await socket.accept()) {
    exchange.status = 400;
    co_return;
  }
  Running program(context), pump(context);
  if (connection.worker().stopping) program.done = true;
  else program.spawn(context, call(std::move(handler), socket), connection.stream_cancel.slot());
  pump.spawn(context, socket.pump(program), asio::cancellation_slot());
  co_await program.wait();
  bool failed = false;
  if (program.error) {
    log_failure(program.error, "a WebSocket", exchange.request);
    failed = true;
  }
  if (connection.worker().stopping) co_await socket.close(1001, "the server is stopping");
  else if (failed) co_await socket.close(1011, "a defect in the server");
  else co_await socket.close(1000, "");
  // The answer to the peer's close frame may be on its way.
  if (!pump.done) {
    pump.ended.expires_after(std::chrono::seconds(1));
    co_await pump.ended.async_wait(tuple_awaitable);
    pump.ended.expires_at(Clock::time_point::max());
  }
  error_code ec;
  connection.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ec);
  connection.socket().close(ec);
  socket.end();
  co_await pump.wait();
}

}  // namespace virserver::http
