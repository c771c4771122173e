#include "api/multipart.hpp"

#include <algorithm>
#include <cctype>

namespace virserver::api {
namespace {

constexpr std::size_t max_part_head = 16u << 10;
constexpr std::size_t read_size = 64u << 10;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::INVALID_REQUEST, "the multipart body is malformed: {}", what);
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// The value of `name` in a header like `form-data; name="file"; filename="a.elf"`.
std::string header_parameter(std::string_view header, std::string_view name) {
  for (std::size_t at = header.find(';'); at != std::string_view::npos;) {
    std::string_view rest = header.substr(at + 1);
    while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return {};
    const std::string key = lower(rest.substr(0, equals));
    rest.remove_prefix(equals + 1);
    std::string value;
    if (rest.starts_with('"')) {
      std::size_t i = 1;
      for (; i < rest.size() && rest[i] != '"'; ++i) {
        if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
        value += rest[i];
      }
      rest.remove_prefix(std::min(i + 1, rest.size()));
    } else {
      value = rest.substr(0, rest.find(';'));
      while (value.ends_with(' ')) value.pop_back();
    }
    if (key == name) return value;
    const std::size_t next = rest.find(';');
    if (next == std::string_view::npos) return {};
    header = rest;
    at = next;
  }
  return {};
}

}  // namespace

Result<std::string> multipart_boundary(std::string_view content_type) {
  const std::string boundary = header_parameter(content_type, "boundary");
  if (boundary.empty() || boundary.size() > 70) return malformed("the Content-Type has no boundary of 1 to 70 characters");
  return boundary;
}

Multipart::Multipart(http::BodyStream& body, std::string boundary)
    : body_(body), delimiter_("\r\n--" + std::move(boundary)), buffer_("\r\n") {}

Task<Result<bool>> Multipart::fill() {
  const std::size_t old = buffer_.size();
  buffer_.resize(old + read_size);
  const auto room = std::as_writable_bytes(std::span(buffer_)).subspan(old);
  auto n = co_await body_.read(room);
  buffer_.resize(old + (n ? *n : 0));
  if (!n) co_return pass(n);
  co_return *n > 0;
}

Task<Result<std::span<const std::byte>>> Multipart::read() {
  buffer_.erase(0, std::exchange(taken_, 0));
  if (!in_part_) co_return std::span<const std::byte>{};
  for (;;) {
    const std::size_t end = buffer_.find(delimiter_);
    // What could be the beginning of a delimiter stays until more has come.
    const std::size_t safe = end != std::string::npos ? end : buffer_.size() - std::min(buffer_.size(), delimiter_.size() - 1);
    if (safe > 0) {
      taken_ = safe;
      co_return as_bytes(std::string_view(buffer_).substr(0, safe));
    }
    if (end == 0) {
      in_part_ = false;
      co_return std::span<const std::byte>{};
    }
    auto more = co_await fill();
    if (!more) co_return pass(more);
    if (!*more) co_return malformed("it ends before its closing boundary");
  }
}

Task<Result<std::optional<Multipart::Part>>> Multipart::next() {
  while (in_part_) {
    auto skipped = co_await read();
    if (!skipped) co_return pass(skipped);
  }
  buffer_.erase(0, std::exchange(taken_, 0));
  std::size_t end;
  for (;;) {  // the buffer begins with the delimiter
    const std::string_view rest = std::string_view(buffer_).substr(delimiter_.size());
    if (rest.starts_with("--")) co_return std::optional<Part>{};
    end = buffer_.find("\r\n\r\n", delimiter_.size());
    if (std::min(end, buffer_.size()) > delimiter_.size() + max_part_head) co_return malformed("a part's headers are larger than 16 KiB");
    if (end != std::string::npos) break;
    auto more = co_await fill();
    if (!more) co_return pass(more);
    if (!*more) co_return malformed("it ends in the headers of a part");
  }
  Part part;
  std::string_view head = std::string_view(buffer_).substr(delimiter_.size(), end + 2 - delimiter_.size());
  for (std::size_t line_end; (line_end = head.find("\r\n")) != std::string_view::npos; head.remove_prefix(line_end + 2)) {
    const std::string_view line = head.substr(0, line_end);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || lower(line.substr(0, colon)) != "content-disposition") continue;
    part.name = header_parameter(line, "name");
    part.filename = header_parameter(line, "filename");
  }
  if (part.name.empty()) co_return malformed("a part has no name");
  buffer_.erase(0, end + 4);
  in_part_ = true;
  co_return std::optional<Part>{std::move(part)};
}

Task<Result<std::string>> Multipart::text(std::size_t max) {
  std::string whole;
  for (;;) {
    auto piece = co_await read();
    if (!piece) co_return pass(piece);
    if (piece->empty()) co_return whole;
    whole += as_text(*piece);
    if (whole.size() > max) co_return malformed("a text field is too long");
  }
}

}  // namespace virserver::api
