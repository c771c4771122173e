// What Renode says, as a hostile one may say it. The first byte picks the reader: an answer of the robot server (whole, and
// as HTTP in two pieces), or a name and a file as someone may have chosen them.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "backend/renode/command.hpp"
#include "backend/renode/xml_rpc.hpp"

using namespace virserver;
using namespace virserver::backend;

namespace {

constexpr std::size_t max_body = 2048;

void check_answer(std::string_view text) {
  const auto answer = renode::parse_answer(text);
  if (!answer) {
    if (answer.error().code != ErrorCode::ENGINE_PROTOCOL || answer.error().message.empty()) std::abort();
    return;
  }
  if (answer->passed ? !answer->error.empty() : answer->error.empty()) std::abort();
  if (answer->output.size() > text.size() * 4) std::abort();
}

// An answer that is complete stays the same whatever comes after it, and is not complete any earlier.
void check_http(std::string_view text) {
  const auto answer = renode::parse_http(text, max_body);
  if (!answer || answer->size == 0) return;
  if (answer->size > text.size() || answer->body.size() > max_body) std::abort();
  const auto exact = renode::parse_http(text.substr(0, answer->size), max_body);
  if (!exact || exact->size != answer->size || exact->body != answer->body) std::abort();
  const auto shorter = renode::parse_http(text.substr(0, answer->size - 1), max_body);
  if (shorter && shorter->size != 0) std::abort();
  check_answer(answer->body);
}

bool harmless(std::string_view text, std::string_view more) {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || more.contains(c);
  });
}

void check_parts(std::string_view text) {
  if (const auto name = renode::Name::parse(text); name && (name->text() != text || !harmless(text, ""))) std::abort();
  if (const auto file = renode::File::parse(text); file && (file->text() != text || !harmless(text, "-+/") || text.contains(".."))) std::abort();
  if (const auto line = renode::user_line(text); line && (line->contains('\n') || line->contains('\r'))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'a': check_answer(text); break;
    case 'h': check_http(text); break;
    case 'c': check_parts(text); break;
    default: break;
  }
  return 0;
}
