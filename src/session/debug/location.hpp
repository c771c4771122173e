// Where a breakpoint or an access is meant to be, as people write it.
//
//   0x08000200, 134218240, *0x08000200     an address
//   main.c:42, src/main.c:42               a source line; the end of the path is enough
//   uart_send, ns::Uart::send, buffer+16   a symbol, with an offset in bytes
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.hpp"

namespace virserver::session {

struct AddressLocation {
  std::uint64_t address = 0;
};
struct SymbolLocation {
  std::string name;
  std::int64_t offset = 0;
};
struct LineLocation {
  std::string file;
  std::uint32_t line = 0;
};
using Location = std::variant<AddressLocation, SymbolLocation, LineLocation>;

// Pure. Error: INVALID_REQUEST.
Result<Location> parse_location(std::string_view text);

}  // namespace virserver::session
