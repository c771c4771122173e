#include "cli/client.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cctype>

#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

constexpr auto connect_patience = std::chrono::seconds(5);

Task<Outcome<>> connect(beast::tcp_stream& stream, const Server& server) {
  tcp::resolver resolver(stream.get_executor());
  auto [resolve_ec, endpoints] = co_await resolver.async_resolve(server.host, server.port, tuple_awaitable);
  if (resolve_ec) co_return fail(unreachable(server, resolve_ec));
  stream.expires_after(connect_patience);
  auto [ec, endpoint] = co_await stream.async_connect(endpoints, tuple_awaitable);
  if (ec) co_return fail(unreachable(server, ec));
  stream.socket().set_option(tcp::no_delay(true));
  co_return Outcome<>{};
}

template <class Body>
http::request<Body> head(const Request& request, const Server& server) {
  http::request<Body> out;
  out.method_string(request.method);
  out.target(server.base + request.target);
  out.version(11);
  out.set(http::field::host, server.authority);
  out.set(http::field::user_agent, "virctl");
  out.set(http::field::accept, "*/*");
  out.keep_alive(false);
  if (!request.content_type.empty()) out.set(http::field::content_type, request.content_type);
  for (const auto& [name, value] : request.headers) out.set(name, value);
  return out;
}

// A server may refuse before it has read everything; then its answer counts, not the broken pipe.
bool peer_stopped_reading(const error_code& ec) {
  return ec == asio::error::broken_pipe || ec == asio::error::connection_reset;
}

Task<Outcome<>> write_file(beast::tcp_stream& stream, const Request& request, const Server& server) {
  auto message = head<http::file_body>(request, server);
  error_code ec;
  message.body().open(request.file.c_str(), beast::file_mode::scan, ec);
  if (ec) co_return fail(exit_failed, "FILE", "cannot read {}: {}", printable(request.file), ec.message());
  const std::uint64_t total = message.body().size();
  message.prepare_payload();
  http::request_serializer<http::file_body> serializer(message);
  std::uint64_t sent = 0;
  while (!serializer.is_done()) {
    stream.expires_after(request.patience);
    auto [write_ec, n] = co_await http::async_write_some(stream, serializer, tuple_awaitable);
    if (peer_stopped_reading(write_ec)) break;
    if (write_ec) co_return fail(unreachable(server, write_ec));
    sent = std::min(total, sent + n);
    if (request.progress) request.progress(sent, total);
  }
  co_return Outcome<>{};
}

Task<Outcome<>> write(beast::tcp_stream& stream, const Request& request, const Server& server) {
  if (!request.file.empty()) co_return co_await write_file(stream, request, server);
  auto message = head<http::string_body>(request, server);
  message.body() = request.body;
  message.prepare_payload();
  stream.expires_after(request.patience);
  auto [ec, n] = co_await http::async_write(stream, message, tuple_awaitable);
  if (ec && !peer_stopped_reading(ec)) co_return fail(unreachable(server, ec));
  co_return Outcome<>{};
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace

Failure unreachable(const Server& server, const error_code& ec) {
  Failure failure{exit_unreachable, {}, "SERVER_UNREACHABLE"};
  const bool slow = ec == beast::error::timeout;
  failure.message = fmt::format("no answer from the server at {}: {}", printable(server.url),
                                slow ? std::string("it took too long") : ec.message());
  failure.hint = "start one with \"virserver\", or name another with --server URL or VIRSERVER_URL";
  return failure;
}

Failure failure_of(int http_status, const std::string& body) {
  Failure failure;
  failure.http_status = http_status;
  error_code ec;
  const auto parsed = boost::json::parse(body, ec);
  const auto* object = ec ? nullptr : parsed.if_object();
  const auto* text = object ? object->if_contains("error") : nullptr;
  if (text == nullptr || !text->is_string()) {
    failure.code = fmt::format("HTTP_{}", http_status);
    failure.message = fmt::format("the server answered with HTTP status {} and no error of VirServer's", http_status);
    failure.hint = "is this address really a VirServer?";
    return failure;
  }
  failure.message.assign(text->as_string().data(), text->as_string().size());
  if (const auto* code = object->if_contains("code"); code && code->is_string())
    failure.code.assign(code->as_string().data(), code->as_string().size());
  if (const auto* details = object->if_contains("details"); details && details->is_object())
    failure.details = details->as_object();
  return failure;
}

Task<Outcome<Response>> Client::send(Request request) {
  beast::tcp_stream stream(co_await asio::this_coro::executor);
  if (auto connected = co_await connect(stream, server_); !connected) co_return pass(connected);
  if (auto written = co_await write(stream, request, server_); !written) co_return pass(written);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  if (request.method == "HEAD") parser.skip(true);
  while (!parser.is_done()) {
    stream.expires_after(request.patience);
    auto [ec, n] = co_await http::async_read_some(stream, buffer, parser, tuple_awaitable);
    if (ec) co_return fail(unreachable(server_, ec));
  }
  auto message = parser.release();
  Response response{static_cast<int>(message.result_int()), std::move(message.body()), {}};
  for (const auto& field : message)
    response.headers[lower({field.name_string().data(), field.name_string().size()})] =
        std::string(field.value().data(), field.value().size());
  co_return response;
}

Task<Outcome<Answer>> Client::call(Request request) {
  auto response = co_await send(std::move(request));
  if (!response) co_return pass(response);
  if (response->status < 200 || response->status > 299) co_return fail(failure_of(response->status, response->body));
  Answer answer;
  if (response->body.empty()) co_return answer;
  error_code ec;
  answer.json = boost::json::parse(response->body, ec);
  if (ec) co_return fail(exit_failed, "PROTOCOL", "the server at {} did not answer with JSON; is it a VirServer?", printable(server_.url));
  answer.text = std::move(response->body);
  co_return answer;
}

Task<Outcome<Answer>> Client::get(std::string target) {
  Request request{.target = std::move(target)};
  co_return co_await call(std::move(request));
}

Task<Outcome<Answer>> Client::post(std::string target, boost::json::value body) {
  Request request{.method = "POST", .target = std::move(target), .body = boost::json::serialize(body),
                  .content_type = "application/json"};
  co_return co_await call(std::move(request));
}

struct BodyStream::Impl {
  Impl(asio::any_io_executor executor, Server where) : stream(std::move(executor)), server(std::move(where)) {
    parser.body_limit(boost::none);
  }
  beast::tcp_stream stream;
  beast::flat_buffer buffer;
  http::response_parser<http::buffer_body> parser;
  Server server;
};

BodyStream::BodyStream() = default;
BodyStream::~BodyStream() = default;
BodyStream::BodyStream(BodyStream&&) noexcept = default;
BodyStream& BodyStream::operator=(BodyStream&&) noexcept = default;

Task<Outcome<std::string>> BodyStream::read() {
  std::string out(16 * 1024, '\0');
  while (!impl_->parser.is_done()) {
    auto& body = impl_->parser.get().body();
    body.data = out.data();
    body.size = out.size();
    auto [ec, n] = co_await http::async_read_some(impl_->stream, impl_->buffer, impl_->parser, tuple_awaitable);
    const std::size_t got = out.size() - body.size;
    if (ec && ec != http::error::need_buffer) co_return fail(unreachable(impl_->server, ec));
    if (got > 0) {
      out.resize(got);
      co_return out;
    }
  }
  co_return std::string{};
}

Task<Outcome<BodyStream>> Client::open(Request request) {
  BodyStream body;
  body.impl_ = std::make_unique<BodyStream::Impl>(co_await asio::this_coro::executor, server_);
  auto& impl = *body.impl_;
  if (auto connected = co_await connect(impl.stream, server_); !connected) co_return pass(connected);
  if (auto written = co_await write(impl.stream, request, server_); !written) co_return pass(written);
  impl.stream.expires_after(request.patience);
  auto [ec, n] = co_await http::async_read_header(impl.stream, impl.buffer, impl.parser, tuple_awaitable);
  if (ec) co_return fail(unreachable(server_, ec));
  impl.stream.expires_never();
  const int status = static_cast<int>(impl.parser.get().result_int());
  if (status == 200) co_return body;
  std::string text;
  while (text.size() < (1 << 20)) {
    auto part = co_await body.read();
    if (!part || part->empty()) break;
    text += *part;
  }
  co_return fail(failure_of(status, text));
}

}  // namespace virserver::cli
