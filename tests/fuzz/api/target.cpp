// Uploads and cursors as a client may send them. The first byte picks the reader: a multipart body (boundary "b"), a
// Content-Type, or a cursor.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "api/multipart.hpp"
#include "store/cursor.hpp"

using namespace virserver;

namespace {

class Pieces final : public http::BodyStream {
 public:
  Pieces(std::string_view text, std::size_t piece) : text_(text), piece_(piece) {}
  Task<Result<std::size_t>> read(std::span<std::byte> buffer) override {
    const std::size_t n = std::min({piece_, buffer.size(), text_.size()});
    std::memcpy(buffer.data(), text_.data(), n);
    text_.remove_prefix(n);
    co_return n;
  }
  std::optional<std::uint64_t> content_length() const override { return std::nullopt; }

 private:
  std::string_view text_;
  std::size_t piece_;
};

// Everything that was read, and how it ended.
Task<> collect(std::string_view body, std::size_t piece, std::string& story) {
  Pieces pieces(body, piece);
  api::Multipart multipart(pieces, "b");
  for (;;) {
    auto part = co_await multipart.next();
    if (!part) {
      story += "!" + part.error().message;
      co_return;
    }
    if (!*part) co_return;
    story += "[" + (*part)->name + "," + (*part)->filename + "]";
    auto text = co_await multipart.text(1024);
    if (!text) {
      story += "!" + text.error().message;
      co_return;
    }
    story += *text;
  }
}

std::string story(std::string_view body, std::size_t piece) {
  asio::io_context io{1};
  std::string result;
  bool ended = false;
  asio::co_spawn(io, collect(body, piece, result), [&ended](std::exception_ptr exception) { ended = !exception; });
  io.run();
  if (!ended) std::abort();
  return result;
}

void check_cursor(std::string_view text) {
  for (const char* sort : {"created_at", "-name"}) {
    const auto order = store::parse_sort(sort);
    const auto cursor = store::decode_cursor(*order, text);
    if (cursor && store::encode_cursor(*order, *cursor) != text) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'm':  // how the network cuts a body must not matter
      if (text.size() <= 2048 && story(text, 4096) != story(text, 7)) std::abort();
      break;
    case 't':
      if (const auto boundary = api::multipart_boundary(text); boundary && (boundary->empty() || boundary->size() > 70)) std::abort();
      break;
    case 'c': check_cursor(text); break;
    default: break;
  }
  return 0;
}
