// Reads requests with Beast's parser and hands them on. One of two files that include Beast's headers for real.
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <limits>

#include "base/log.hpp"
#include "http/connection.hpp"
#include "http/parameters.hpp"
#include "http/text.hpp"

namespace virserver::http {
namespace {

namespace beast = boost::beast;
using Parser = beast::http::request_parser<beast::http::buffer_body>;

constexpr std::size_t max_target = 8192;
constexpr std::size_t max_drain = 256 << 10;
const Error going_away{ErrorCode::NOT_READY, "the server is stopping; try again when it is back"};

Error parse_error(error_code ec) {
  using beast::http::error;
  if (ec == error::header_limit)
    return {ErrorCode::HEADERS_TOO_LARGE, "the request headers are larger than this server accepts"};
  return {ErrorCode::INVALID_REQUEST, fmt::format("the request is not valid HTTP: {}", ec.message())};
}

bool acceptable_id(std::string_view id) {
  if (id.empty() || id.size() > 128) return false;
  for (const char c : id)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.') return false;
  return true;
}

void lower(std::string& text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
}

}  // namespace

void Exchange::reset() {
  request.method.clear();
  request.target.clear();
  request.path.clear();
  request.operation_id.clear();
  request.path_parameters.clear();
  request.query.clear();
  request.body = nullptr;
  request.stream = nullptr;
  request.content_type.clear();
  request.headers.clear();
  status = 0;
  bytes_in = bytes_out = 0;
  keep_alive = true;
  head = http10 = upgrade = expects_continue = answered = false;
  unread = true;
}

// The body of the request being handled, straight from the parser.
class ParsedBody : public BodyStream {
 public:
  ParsedBody(Connection& connection, Exchange& exchange, Parser& parser, std::uint64_t limit)
      : connection_(connection), exchange_(exchange), parser_(parser), limit_(limit) {}

  std::optional<std::uint64_t> content_length() const override {
    const auto length = parser_.content_length();
    return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
  }
  bool done() const { return parser_.is_done(); }

  Task<Result<std::size_t>> read(std::span<std::byte> buffer) override {
    if (const auto length = content_length(); length && *length > limit_) co_return too_large();
    if (std::exchange(exchange_.expects_continue, false)) {
      if (!co_await connection_.write("HTTP/1.1 100 Continue\r\n\r\n", exchange_))
        co_return fail(ErrorCode::INVALID_REQUEST, "the connection ended within the body");
    }
    auto& body = parser_.get().body();
    while (!parser_.is_done() && !buffer.empty()) {
      body.data = buffer.data();
      body.size = buffer.size();
      body.more = true;
      error_code ec;
      const auto unread = asio::buffer(connection_.input_.data() + connection_.consumed_, connection_.input_.size() - connection_.consumed_);
      const std::size_t used = unread.size() ? parser_.put(unread, ec) : 0;
      connection_.consumed_ += used;
      exchange_.bytes_in += used;
      if (ec && ec != beast::http::error::need_buffer && ec != beast::http::error::need_more) {
        exchange_.keep_alive = false;
        co_return fail(ErrorCode::INVALID_REQUEST, "the body is not valid HTTP: {}", ec.message());
      }
      const std::size_t got = buffer.size() - body.size;
      total_ += got;
      if (total_ > limit_) co_return too_large();
      if (got > 0) co_return got;
      if (parser_.is_done() || used > 0) continue;
      connection_.set_deadline(connection_.worker().shared.config.body_timeout);
      const error_code failed = co_await connection_.read_more();
      connection_.clear_deadline();
      if (!failed) continue;
      exchange_.keep_alive = false;
      if (connection_.timed_out()) co_return fail(ErrorCode::REQUEST_TIMEOUT, "the body arrived too slowly");
      co_return fail(ErrorCode::INVALID_REQUEST, "the connection ended within the body");
    }
    co_return 0;
  }

  Task<Result<std::string>> read_all() {
    std::string text;
    if (const auto length = content_length()) text.reserve(std::min(*length, limit_));
    std::array<std::byte, 16384> chunk;
    while (true) {
      const auto got = co_await read(chunk);
      if (!got) co_return std::unexpected(got.error());
      if (*got == 0) co_return text;
      text.append(reinterpret_cast<const char*>(chunk.data()), *got);
    }
  }

 private:
  std::unexpected<Error> too_large() {
    exchange_.keep_alive = false;
    auto error = fail(ErrorCode::PAYLOAD_TOO_LARGE, "the body is larger than the {} bytes this call accepts", limit_);
    error.error().details["limit"] = limit_;
    return error;
  }

  Connection& connection_;
  Exchange& exchange_;
  Parser& parser_;
  std::uint64_t limit_, total_ = 0;
};

Connection::Connection(Worker& worker, Socket socket, std::shared_ptr<Shared> keep)
    : stream_cancel(), keep_(std::move(keep)), worker_(worker), socket_(std::move(socket)) {
  error_code ec;
  socket_.set_option(asio::ip::tcp::no_delay(true), ec);
  const auto remote = socket_.remote_endpoint(ec);
  if (!ec) peer_ = remote.address().to_string();
}

Connection::~Connection() = default;

void Connection::start() {
  auto done = [self = shared_from_this()](std::exception_ptr error) {
    if (error) log_failure(error, "a connection", self->exchange_.request);
    error_code ec;
    self->socket_.close(ec);
    self->worker_.leave(*self);
  };
  asio::co_spawn(worker_.context, run(), asio::bind_cancellation_slot(cancel_.slot(), std::move(done)));
}

void Connection::check_deadline(Clock::time_point now) {
  if (now < deadline_) return;
  timed_out_ = true;
  clear_deadline();
  error_code ec;
  socket_.cancel(ec);
}

void Connection::stop() {
  error_code ec;
  if (streaming_) stream_cancel.emit(asio::cancellation_type::terminal);
  else if (idle_) socket_.cancel(ec);
}

void Connection::force() {
  if (streaming_) stream_cancel.emit(asio::cancellation_type::terminal);
  cancel_.emit(asio::cancellation_type::terminal);
  error_code ec;
  socket_.close(ec);
}

Task<error_code> Connection::read_more() {
  if (consumed_ > 0) {
    input_.erase(0, consumed_);
    consumed_ = 0;
  }
  const std::size_t before = input_.size();
  input_.resize(before + 8192);
  const auto [ec, count] = co_await socket_.async_read_some(asio::buffer(input_.data() + before, 8192), tuple_awaitable);
  input_.resize(before + count);
  co_return ec;
}

Task<bool> Connection::write(std::string_view data, Exchange& exchange) {
  exchange.bytes_out += data.size();
  while (!data.empty()) {
    set_deadline(write_timeout);
    const auto [ec, count] = co_await socket_.async_write_some(asio::buffer(data.data(), data.size()), tuple_awaitable);
    clear_deadline();
    if (ec) co_return false;
    data.remove_prefix(count);
  }
  co_return true;
}

Task<> Connection::run() {
  bool more = true;
  while (more && !worker_.stopping) {
    more = co_await serve();
    if (exchange_.status) {
      const Request& request = exchange_.request;
      const auto duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - exchange_.began);
      worker_.record({request.method, request.operation_id, request.target, peer_, request.request_id, exchange_.status, duration,
                      exchange_.bytes_in, exchange_.bytes_out});
    }
  }
  if (exchange_.answered && exchange_.unread && !timed_out_) co_await linger();
}

// Closing with unread input would reset the connection and take the answer from the client.
Task<> Connection::linger() {
  error_code ec;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
  set_deadline(std::chrono::seconds(2));
  for (std::size_t drained = 0; !ec && drained < (32u << 20) && !timed_out_;) {
    input_.clear();
    consumed_ = 0;
    ec = co_await read_more();
    drained += input_.size();
  }
}

Task<bool> Connection::serve() {
  const ServerConfig& config = worker_.shared.config;
  exchange_.reset();
  Exchange& exchange = exchange_;
  Request& request = exchange.request;
  request.peer = peer_;
  request.request_id.clear();

  Parser parser;
  parser.header_limit(config.max_header_bytes);
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  parser.eager(false);

  idle_ = true;
  std::optional<Error> broken;
  bool started = consumed_ < input_.size();
  if (started) set_deadline(config.header_timeout);
  else set_deadline(config.idle_timeout);
  exchange.began = Clock::now();
  while (!parser.is_header_done()) {
    if (consumed_ < input_.size()) {
      idle_ = false;
      error_code ec;
      const auto unread = asio::buffer(input_.data() + consumed_, input_.size() - consumed_);
      const std::size_t used = parser.put(unread, ec);
      consumed_ += used;
      exchange.bytes_in += used;
      if (ec && ec != beast::http::error::need_more) {
        broken = parse_error(ec);
        // No end of the first line within the limit: it is the target that is too long.
        const std::string_view seen(input_.data() + consumed_, input_.size() - consumed_);
        if (ec == beast::http::error::header_limit && exchange.bytes_in == 0 && seen.substr(0, config.max_header_bytes).find('\n') == seen.npos)
          broken = Error{ErrorCode::URI_TOO_LONG, fmt::format("the request target is longer than {} bytes", max_target)};
        break;
      }
      if (parser.is_header_done()) break;
      if (!used && unread.size() > config.max_header_bytes) {
        broken = parse_error(beast::http::make_error_code(beast::http::error::header_limit));
        break;
      }
    }
    const error_code ec = co_await read_more();
    if (!ec && !started) {
      started = true;
      exchange.began = Clock::now();
      deadline_ = exchange.began + config.header_timeout;
    }
    if (!ec) continue;
    if (!timed_out_ || !started) co_return false;
    broken = Error{ErrorCode::REQUEST_TIMEOUT, "the request arrived too slowly"};
    break;
  }
  clear_deadline();
  idle_ = false;

  request.request_id = worker_.next_request_id();
  if (broken) {
    exchange.keep_alive = false;
    co_await send_error(*this, exchange, *broken);
    co_return false;
  }

  const auto& head = parser.get();
  request.method.assign(head.method_string());
  request.target.assign(head.target());
  exchange.keep_alive = head.keep_alive() && !worker_.stopping;
  exchange.http10 = head.version() < 11;
  exchange.head = head.method() == beast::http::verb::head;
  std::string_view host, origin, accept;
  std::size_t hosts = 0;
  for (const auto& field : head) {
    std::string name(field.name_string());
    lower(name);
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  for (const auto& [name, text] : request.headers) {
    if (name == "host") host = text, ++hosts;
    else if (name == "origin") origin = text;
    else if (name == "accept") accept = text;
    else if (name == "content-type") request.content_type = text;
    else if (name == "x-request-id" && acceptable_id(text)) request.request_id = text;
    else if (name == "expect") exchange.expects_continue = iequals(text, "100-continue") && !exchange.http10;
  }
  exchange.upgrade = beast::websocket::is_upgrade(head);
  ParsedBody body(*this, exchange, parser, config.max_upload_bytes);

  // Answers and then makes the connection ready for the next request, or says that it cannot be.
  const auto finish = [&](bool sent) -> Task<bool> {
    exchange.unread = !parser.is_done();
    if (!sent || !exchange.keep_alive) co_return false;
    if (parser.is_done()) co_return true;
    if (exchange.expects_continue) co_return false;  // the client waits to be asked for a body nobody wants
    if (const auto length = body.content_length(); length && *length > max_drain) co_return false;
    std::array<std::byte, 16384> waste;
    for (std::size_t total = 0; total < max_drain;) {
      const auto got = co_await body.read(waste);
      if (!got) co_return false;
      if (*got == 0) co_return true;
      total += *got;
    }
    co_return false;
  };
  // A body that will not be drained must be announced by Connection: close.
  const auto settle = [&] {
    const auto length = body.content_length();
    if (!parser.is_done() && (exchange.expects_continue || !length || *length > max_drain)) exchange.keep_alive = false;
  };
  const auto refuse = [&](Error error, std::string allow = {}) -> Task<bool> {
    settle();
    const bool sent = co_await send_error(*this, exchange, error, allow);
    co_return co_await finish(sent);
  };

  if (request.target.size() > max_target)
    co_return co_await refuse({ErrorCode::URI_TOO_LONG, fmt::format("the request target is longer than {} bytes", max_target)});
  std::string_view target = request.target;
  if (target.starts_with("http://") || target.starts_with("https://")) {  // absolute form: its host counts
    target.remove_prefix(target.find("://") + 3);
    host = target.substr(0, target.find_first_of("/?"));
    target.remove_prefix(host.size());
    if (target.empty()) target = "/";
  }
  if (hosts > 1 || (hosts == 0 && !exchange.http10))
    co_return co_await refuse({ErrorCode::INVALID_REQUEST, "the request needs exactly one Host header"});

  const std::size_t question = target.find('?');
  request.path.assign(target.substr(0, question));
  std::string_view query = question == std::string_view::npos ? "" : target.substr(question + 1);
  query = query.substr(0, query.find('#'));

  const bool unsafe = request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS";
  const bool guarded = unsafe || exchange.upgrade || accept.find("text/event-stream") != std::string_view::npos;
  if (auto allowed = worker_.shared.policy.check(host, origin, guarded); !allowed)
    co_return co_await refuse(std::move(allowed.error()));

  const Router::Match match = worker_.shared.router.find(request.method, request.path);
  if (!match.route) {
    if (const Page* page = worker_.shared.pages.find(request.path)) {
      if (unsafe || request.method == "OPTIONS")
        co_return co_await refuse({ErrorCode::METHOD_NOT_ALLOWED, fmt::format("{} takes GET and HEAD", request.path)}, "GET, HEAD");
      settle();
      const bool sent = co_await send_page(*this, exchange, *page);
      co_return co_await finish(sent);
    }
    if (!match.allow.empty())
      co_return co_await refuse({ErrorCode::METHOD_NOT_ALLOWED, fmt::format("this path takes {}, not {}", match.allow, request.method)}, match.allow);
    co_return co_await refuse({ErrorCode::NOT_FOUND, "there is nothing at this path; /swagger/index.html lists the calls"});
  }
  const Route& route = *match.route;
  const Operation& operation = *route.operation;
  request.operation_id = operation.id;
  if (!origin.empty() && operation.answers_with("text/event-stream"))
    if (auto allowed = worker_.shared.policy.check(host, origin, true); !allowed)
      co_return co_await refuse(std::move(allowed.error()));
  if (operation.websocket && !exchange.upgrade)
    co_return co_await refuse({ErrorCode::UPGRADE_REQUIRED, "this path is a WebSocket: connect with ws://"});

  std::array<std::string_view, Router::max_parameters> names;
  for (std::size_t i = 0; i < match.count; ++i) names[i] = route.names[i];
  if (!operation.parameters.empty() || !query.empty())
    if (auto read = read_parameters(operation, std::span(names).first(match.count), std::span(match.values).first(match.count), query, request); !read)
      co_return co_await refuse(std::move(read.error()));

  if (operation.has_body) {
    const bool present = !parser.is_done();
    std::string media = request.content_type.substr(0, request.content_type.find(';'));
    lower(media);
    media = std::string(trim(media));
    const MediaType* chosen = nullptr;
    for (const MediaType& candidate : operation.body)
      if (candidate.name == media || (media.empty() && (candidate.is_json() || candidate.name == "application/octet-stream"))) {
        chosen = &candidate;
        break;
      }
    if (present && !chosen) {
      std::vector<std::string> taken;
      for (const MediaType& candidate : operation.body) taken.push_back(candidate.name);
      co_return co_await refuse({ErrorCode::UNSUPPORTED_MEDIA_TYPE,
                                 fmt::format("the Content-Type \"{}\" is not taken here; send {}", request.content_type.substr(0, 100), fmt::join(taken, " or "))});
    }
    if (present && chosen->is_json()) {
      ParsedBody json_body(*this, exchange, parser, config.max_json_bytes);
      auto text = co_await json_body.read_all();
      if (!text) co_return co_await refuse(std::move(text.error()));
      if (!text->empty()) {
        auto value = read_json(chosen->schema.get(), *text);
        if (!value) co_return co_await refuse(std::move(value.error()));
        request.body = std::move(*value);
      }
    }
    if (chosen && !chosen->is_json()) request.stream = &body;
    const bool missing = !present || (chosen && chosen->is_json() && request.body.is_null());
    if (operation.body_required && missing && (!chosen || chosen->is_json()))
      co_return co_await refuse({ErrorCode::INVALID_REQUEST, "this call needs a body"});
  }

  std::optional<Error> failure;
  std::optional<Response> response;
  std::function<Task<>(WebSocket&)> open;
  try {
    if (operation.websocket) {
      auto result = co_await (*route.websocket)(request);
      if (result) open = std::move(*result);
      else failure = std::move(result.error());
    } else {
      auto result = co_await (*route.handler)(request);
      if (result) response = std::move(*result);
      else failure = std::move(result.error());
    }
  } catch (...) {
    log_failure(std::current_exception(), "a handler", request);
    failure = Error{ErrorCode::INTERNAL, fmt::format("a defect in VirServer; its log has the details under {}", request.request_id)};
  }
  request.stream = nullptr;
  if (worker_.stopping) exchange.keep_alive = false;
  if (failure) co_return co_await refuse(std::move(*failure));
  if (operation.websocket) {
    if (worker_.stopping || consumed_ < input_.size()) co_return co_await refuse(going_away);
    streaming_ = true;
    co_await run_websocket(*this, exchange, std::move(open));
    co_return false;
  }
  settle();
  if (auto* source = std::get_if<EventSource>(&response->body); source && !exchange.head) {
    if (worker_.stopping) co_return co_await refuse(going_away);
    streaming_ = true;
    EventSource run_source = std::move(*source);
    co_await run_events(*this, exchange, std::move(run_source));
    co_return false;
  }
  const bool sent = co_await send_response(*this, exchange, *response);
  co_return co_await finish(sent);
}

}  // namespace virserver::http
