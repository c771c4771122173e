// Any bytes as an ELF file with debug information: everything that DebugInfo answers, and disassembly of what it says is code.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "image/debug_info.hpp"
#include "image/disassemble.hpp"

namespace {

using namespace virserver;
using namespace virserver::image;

void require(bool promise) {
  if (!promise) std::abort();
}

void ask(const DebugInfo& info, std::uint64_t address) {
  const Location location = info.locate(address);
  if (location.symbol) require(location.symbol->symbol.address + location.symbol->offset == address);
  if (const auto range = info.line_range(address)) require(range->begin <= address && address < range->end);
  if (const auto function = info.function_at(address))
    require(function->begin <= function->body && function->body < function->end && function->begin <= address &&
            address < function->end);
  info.describe(address);
  require(info.bytes(address, 64).size() <= 64);
  std::uint64_t last = address;
  for (const ContentRange& range : info.contents(address, 256)) {
    require(range.begin >= last && range.begin < range.end && range.end - address <= 256);
    last = range.end;
  }
}

void disassemble_some(const DebugInfo& info, std::uint64_t address) {
  const Bytes bytes = info.bytes(address, 256);
  std::uint64_t next = address;
  for (const Instruction& instruction : disassemble({.architecture = info.architecture(), .big_endian = info.code_big_endian(),
                                                     .address = address, .bytes = bytes, .contents = info.contents(address, 256)})) {
    require(instruction.address == next && !instruction.bytes.empty() && !instruction.mnemonic.empty());
    next += instruction.bytes.size();
  }
  require(next - address <= bytes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = DebugInfo::parse(std::as_bytes(std::span(data, size)));
  if (!parsed) {
    require(!parsed.error().message.empty());
    return 0;
  }
  const DebugInfo& info = **parsed;
  const SymbolList list = info.search({.limit = 16});
  require(list.symbols.size() <= 16 && list.symbols.size() <= list.total);
  for (const Symbol& symbol : list.symbols) {
    ask(info, symbol.address);
    ask(info, symbol.address + symbol.size / 2);
    disassemble_some(info, symbol.address);
    info.symbols_named(symbol.name);
    info.find_function(symbol.demangled);
  }
  for (const std::uint64_t address : {std::uint64_t{0}, std::uint64_t{0x08000000}, ~std::uint64_t{0}}) ask(info, address);
  for (const std::string& file : info.source_files()) {
    const LineMatch match = info.find_line(file, 1);
    require(std::ranges::is_sorted(match.addresses, {}, &LineAddress::address));
    if (!match.addresses.empty()) ask(info, match.addresses[0].address);
  }
  info.notes();
  return 0;
}
