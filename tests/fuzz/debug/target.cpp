// Texts that the debugger takes: locations, register values, an emulator's last words. The first byte chooses.
#include <boost/json.hpp>

#include <cstdlib>

#include "session/debug/fault.hpp"
#include "session/debug/location.hpp"
#include "session/debug/register_value.hpp"

namespace {
using namespace virserver;
using namespace virserver::session;

void location(std::string_view text) {
  const auto parsed = parse_location(text);
  if (!parsed) {
    if (parsed.error().code != ErrorCode::INVALID_REQUEST || parsed.error().message.empty()) std::abort();
    return;
  }
  if (const auto* line = std::get_if<LineLocation>(&*parsed); line && (line->line == 0 || line->file.empty())) std::abort();
  if (const auto* symbol = std::get_if<SymbolLocation>(&*parsed); symbol && symbol->name.empty()) std::abort();
}

void value(std::string_view text) {
  const unsigned bits = text.empty() ? 32 : 8 * (1 + static_cast<unsigned char>(text[0]) % 64);
  const auto bytes = register_bytes(boost::json::string(text.substr(std::min<std::size_t>(1, text.size()))), bits, "r");
  if (bytes && bytes->size() != bits / 8) std::abort();
}

void dump(std::string_view text) {
  const auto registers = parse_register_dump(text);
  if (registers.size() > 256) std::abort();
  FaultView view;
  explain(Architecture::arm, registers, view);
  if (view.faulted == view.cause.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: location(text); break;
    case 1: value(text); break;
    default: dump(text); break;
  }
  return 0;
}
