#include "http/pages.hpp"

#include <openssl/evp.h>
#include <zlib.h>

#include <stdexcept>

#include "base/bytes.hpp"

namespace virserver::http {
namespace {

std::string_view type_of(std::string_view path) {
  const std::string_view extension = path.substr(path.rfind('.') == std::string_view::npos ? path.size() : path.rfind('.'));
  if (extension == ".html") return "text/html; charset=utf-8";
  if (extension == ".js") return "text/javascript; charset=utf-8";
  if (extension == ".css") return "text/css; charset=utf-8";
  if (extension == ".json") return "application/json";
  if (extension == ".yaml") return "application/yaml";
  if (extension == ".svg") return "image/svg+xml";
  if (extension == ".png") return "image/png";
  if (extension == ".txt") return "text/plain; charset=utf-8";
  return "application/octet-stream";
}

std::string etag_of(std::string_view content) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!EVP_Digest(content.data(), content.size(), digest, &size, EVP_sha256(), nullptr)) throw std::runtime_error("SHA-256 failed");
  return "\"" + to_hex(std::as_bytes(std::span(digest, 12))) + "\"";
}

}  // namespace

Pages::Pages(std::span<const virserver::embedded::File> files) {
  for (const auto& file : files) add("/" + std::string(file.path), file.text());
}

void Pages::add(std::string path, std::string_view content) {
  const bool packed = path.ends_with(".gz");
  if (packed) path.resize(path.size() - 3);
  Page& page = pages_[path];
  page.content_type = type_of(path);
  page.html = path.ends_with(".html");
  page.etag = etag_of(content);
  (packed ? page.gzip : page.plain) = content;
  if (path.ends_with("/index.html")) {
    const Page copy = page;  // the reference may move
    pages_[path.substr(0, path.size() - 10)] = copy;
  }
}

const Page* Pages::find(std::string_view path) const {
  const auto at = pages_.find(std::string(path));
  return at == pages_.end() ? nullptr : &at->second;
}

std::string Pages::unpacked(const Page& page) {
  if (!page.plain.empty() || page.gzip.empty()) return std::string(page.plain);
  std::string result;
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::runtime_error("inflateInit2 failed");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(page.gzip.data()));
  stream.avail_in = static_cast<uInt>(page.gzip.size());
  int status = Z_OK;
  char buffer[65536];
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    status = inflate(&stream, Z_NO_FLUSH);
    result.append(buffer, sizeof buffer - stream.avail_out);
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) throw std::runtime_error("an embedded page is damaged");
  return result;
}

}  // namespace virserver::http
