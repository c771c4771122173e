// multipart/form-data, read as a stream: no part is held in memory, nothing is trusted.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "http/handler.hpp"

namespace virserver::api {

// The boundary of a Content-Type header. Error INVALID_REQUEST.
Result<std::string> multipart_boundary(std::string_view content_type);

class Multipart {
 public:
  Multipart(http::BodyStream& body, std::string boundary);

  struct Part {
    std::string name, filename;
  };
  // The next part's head, after skipping what is left of the one before; nullopt at the closing boundary.
  // Errors: INVALID_REQUEST (malformed, ends early, more than 16 KiB of part headers), those of BodyStream.
  Task<Result<std::optional<Part>>> next();
  // The part's next bytes; empty at its end. The view is valid until the next call.
  Task<Result<std::span<const std::byte>>> read();
  // The whole of a small part as text. Error INVALID_REQUEST when larger than `max`.
  Task<Result<std::string>> text(std::size_t max);

 private:
  Task<Result<bool>> fill();  // false: the body has ended

  http::BodyStream& body_;
  std::string delimiter_;  // "\r\n--boundary"
  std::string buffer_;     // unread bytes; begins with "\r\n" put there so that the first boundary is like the others
  std::size_t taken_ = 0;  // handed out by read(), to be dropped
  bool in_part_ = true;    // the preamble is skipped like a part
};

}  // namespace virserver::api
