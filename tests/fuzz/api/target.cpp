// Any bytes as a multipart body with the boundary B: what is read does not depend on how the bytes were delivered. The
// same bytes as a Content-Type, and as a list's cursor: one that is taken is one that we could have given out.
#include <cstdint>
#include <cstdlib>

#include "../../unit/api/memory_body.hpp"
#include "api/multipart.hpp"
#include "store/cursor.hpp"

namespace {

using namespace virserver;

Task<std::string> read_all(std::string_view body, std::size_t piece) {
  api::MemoryBody stream(body, piece);
  api::Multipart multipart(stream, "B");
  std::string seen;
  for (;;) {
    auto part = co_await multipart.next();
    if (!part) co_return seen + "!";
    if (!*part) co_return seen;
    if ((*part)->name.empty()) std::abort();
    seen += "[" + (*part)->name + "|" + (*part)->filename + "]";
    for (;;) {
      auto bytes = co_await multipart.read();
      if (!bytes) co_return seen + "!";
      if (bytes->empty()) break;
      seen += as_text(*bytes);
    }
  }
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
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = api::complete(read_all(body, size));
  const std::string pieces = api::complete(read_all(body, 1 + data[0] % 16u));
  // After a failure the bytes already handed out may differ; a good body reads the same.
  if (whole.ends_with('!') != pieces.ends_with('!') || (!whole.ends_with('!') && whole != pieces)) std::abort();
  (void)api::multipart_boundary(body);
  check_cursor(body);
  return 0;
}
