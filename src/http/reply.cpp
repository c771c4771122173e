#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/json.hpp>

#include <cerrno>
#include <iterator>

#include "base/fd.hpp"
#include "base/log.hpp"
#include "http/connection.hpp"
#include "http/text.hpp"

namespace virserver::http {
namespace {

void append_json(std::string& out, const boost::json::value& value) {
  boost::json::serializer serializer;
  serializer.reset(&value);
  char buffer[4096];
  while (!serializer.done()) out += std::string_view(serializer.read(buffer));
}

void append_header(std::string& out, std::string_view name, std::string_view text) {
  out += name;
  out += ": ";
  for (const char c : text)
    if (c != '\r' && c != '\n' && c != '\0') out += c;
  out += "\r\n";
}

void append_length(std::string& out, std::uint64_t length) { fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", length); }

Task<bool> send_file(Connection& connection, Exchange& exchange, int fd, std::uint64_t offset, std::uint64_t size) {
  Socket& socket = connection.socket();
  socket.native_non_blocking(true);
  off_t at = static_cast<off_t>(offset);
  while (size > 0) {
    const ssize_t sent = ::sendfile(socket.native_handle(), fd, &at, std::min<std::uint64_t>(size, 1u << 20));
    if (sent > 0) {
      size -= static_cast<std::uint64_t>(sent);
      exchange.bytes_out += static_cast<std::uint64_t>(sent);
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    if (sent == 0 || errno != EAGAIN) co_return false;  // shorter than promised, or the client is gone
    connection.set_deadline(write_timeout);
    const auto [ec] = co_await socket.async_wait(Socket::wait_write, tuple_awaitable);
    connection.clear_deadline();
    if (ec) co_return false;
  }
  co_return true;
}

Task<bool> send_pulled(Connection& connection, Exchange& exchange, std::string& head, PulledBody& body) {
  const bool chunked = !body.size && !exchange.http10;
  if (body.size) append_length(head, *body.size);
  else if (chunked) head += "Transfer-Encoding: chunked\r\n";
  else head += "Connection: close\r\n", exchange.keep_alive = false;
  head += "\r\n";
  if (!co_await connection.write(head, exchange)) co_return false;
  if (exchange.head) co_return true;
  std::uint64_t left = body.size.value_or(0);
  std::string frame;
  while (true) {
    Result<Bytes> piece = co_await body.next();
    if (!piece) {
      log::warn("the body of request {} ended early: {}", exchange.request.request_id, piece.error().message);
      exchange.answered = false;
      co_return false;
    }
    if (piece->empty()) break;
    if (body.size && piece->size() > left) co_return false;
    left -= body.size ? piece->size() : 0;
    frame.clear();
    if (chunked) fmt::format_to(std::back_inserter(frame), "{:x}\r\n", piece->size());
    frame += as_text(*piece);
    if (chunked) frame += "\r\n";
    if (!co_await connection.write(frame, exchange)) co_return false;
  }
  if (chunked) co_return co_await connection.write("0\r\n\r\n", exchange);
  co_return left == 0;
}

}  // namespace

void log_failure(std::exception_ptr error, std::string_view what, const Request& request) {
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& failure) {
    if (failure.code() == asio::error::operation_aborted) return;
    log::error("request {}: {} failed: {} ({} {})", request.request_id, what, failure.what(), request.method, request.path);
  } catch (const std::exception& failure) {
    log::error("request {}: {} failed: {} ({} {})", request.request_id, what, failure.what(), request.method, request.path);
  } catch (...) {
    log::error("request {}: {} failed with an unknown exception ({} {})", request.request_id, what, request.method, request.path);
  }
}

std::string response_head(Connection& connection, const Exchange& exchange, unsigned status, std::string_view content_type) {
  std::string head;
  head.reserve(512);
  fmt::format_to(std::back_inserter(head), "HTTP/1.1 {} {}\r\nDate: {}\r\nX-Request-Id: {}\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n",
                 status, reason_phrase(status), connection.worker().date(), exchange.request.request_id);
  if (!exchange.keep_alive) head += "Connection: close\r\n";
  else if (exchange.http10) head += "Connection: keep-alive\r\n";
  if (!content_type.empty()) append_header(head, "Content-Type", content_type);
  return head;
}

Task<bool> send_response(Connection& connection, Exchange& exchange, Response& response) {
  exchange.status = response.status;
  exchange.answered = true;
  std::string text;
  std::string_view content_type = response.content_type;
  Fd file;
  if (auto* json = std::get_if<boost::json::value>(&response.body)) {
    append_json(text, *json);
    if (content_type.empty()) content_type = "application/json";
  } else if (auto* plain = std::get_if<std::string>(&response.body)) {
    text = std::move(*plain);
    if (content_type.empty()) content_type = "text/plain; charset=utf-8";
  } else if (auto* part = std::get_if<FileBody>(&response.body)) {
    file.reset(::open(part->path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
      co_return co_await send_error(connection, exchange, {ErrorCode::STORAGE_ERROR, "the file behind this answer cannot be read"});
    if (content_type.empty()) content_type = "application/octet-stream";
  } else if (!std::holds_alternative<std::monostate>(response.body) && content_type.empty()) {
    content_type = std::holds_alternative<EventSource>(response.body) ? "text/event-stream" : "application/octet-stream";
  }

  std::string head = response_head(connection, exchange, response.status, content_type);
  for (const auto& [name, value] : response.headers) append_header(head, name, value);
  if (auto* pulled = std::get_if<PulledBody>(&response.body)) co_return co_await send_pulled(connection, exchange, head, *pulled);
  const auto* part = std::get_if<FileBody>(&response.body);
  if (part) append_length(head, part->size);
  else if (response.status != 204 && response.status != 304) append_length(head, text.size());
  head += "\r\n";
  if (!exchange.head) head += text;
  if (!co_await connection.write(head, exchange)) co_return false;
  if (part && !exchange.head) co_return co_await send_file(connection, exchange, file.get(), part->offset, part->size);
  co_return true;
}

Task<bool> send_error(Connection& connection, Exchange& exchange, const Error& error, std::string_view allow) {
  const ErrorCodeInfo& meaning = info(error.code);
  Response response = json_response(boost::json::object{{"error", error.message.empty() ? meaning.meaning : std::string_view(error.message)},
                                                        {"code", meaning.name},
                                                        {"details", error.details},
                                                        {"request_id", exchange.request.request_id}},
                                    static_cast<unsigned>(meaning.http_status));
  if (!allow.empty()) response.headers.emplace_back("Allow", std::string(allow));
  if (error.code == ErrorCode::UPGRADE_REQUIRED) response.headers.emplace_back("Upgrade", "websocket");
  co_return co_await send_response(connection, exchange, response);
}

Task<bool> send_page(Connection& connection, Exchange& exchange, const Page& page) {
  const Request& request = exchange.request;
  const bool packed = !page.gzip.empty() && (page.plain.empty() ? lists_token(request.header("accept-encoding"), "gzip") : false);
  // The two encodings are two representations: each has its own tag.
  std::string tag = page.etag;
  if (packed) tag.insert(tag.size() - 1, "-gz");
  Response response;
  response.headers = {{"ETag", tag}, {"Cache-Control", "no-cache"}};
  if (page.html) response.headers.emplace_back("Content-Security-Policy", std::string(content_security_policy));
  if (!page.gzip.empty()) response.headers.emplace_back("Vary", "Accept-Encoding");
  const std::string_view known = request.header("if-none-match");
  if (known == "*" || lists_token(known, tag) || lists_token(known, "W/" + tag)) {
    response.status = 304;
    co_return co_await send_response(connection, exchange, response);
  }
  response.content_type = page.content_type;
  if (packed) response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = packed ? std::string(page.gzip) : Pages::unpacked(page);
  co_return co_await send_response(connection, exchange, response);
}

}  // namespace virserver::http
