// The web pages and the contract itself: static files from the binary, compressed ones as gzip where accepted.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/embedded.hpp"

namespace virserver::http {

struct Page {
  std::string content_type, etag;
  std::string_view plain, gzip;  // either may be empty
  bool html = false;
};

class Pages {
 public:
  // A file "a.js.gz" is served as "a.js". "dir/index.html" is also "dir/".
  explicit Pages(std::span<const virserver::embedded::File> files);
  void add(std::string path, std::string_view content);  // the content must outlive this object

  const Page* find(std::string_view path) const;

  // The uncompressed bytes, unpacked when only gzip is kept.
  static std::string unpacked(const Page& page);

 private:
  std::unordered_map<std::string, Page> pages_;
};

// For pages: everything comes from this server, nothing inline but styles (Swagger UI sets some).
inline constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

}  // namespace virserver::http
