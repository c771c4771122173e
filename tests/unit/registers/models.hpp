// Banks out of the YAML that a board would have. Test only.
#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "board/parse.hpp"
#include "board/register_models.hpp"
#include "registers/bank.hpp"

namespace virserver::testing {

inline std::string indented(std::string_view text, std::string_view by) {
  std::string out(by);
  for (const char c : text) {
    out += c;
    if (c == '\n') out += by;
  }
  return out;
}

// A Cortex-M4 board with these register models, YAML of a list at column 1.
inline Result<board::Board> board_of(std::string_view models, std::string_view soc = "STM32F407VG") {
  const auto document = board::parse_document(fmt::format(
      "nodes:\n"
      "  - id: mcu\n"
      "    soc: {}\n"
      "    processor: {{ type: cortex-m4 }}\n"
      "    memory:\n"
      "      - {{ type: RAM, name: sram, address: 0x20000000, size: 128K }}\n"
      "    peripherals:\n"
      "      - {{ type: UART, name: USART2, address: 0x40004400, irq: [38] }}\n"
      "    register_models:\n{}\n",
      soc, indented(models, "      ")));
  if (!document) return std::unexpected(document.error());
  return board::parse_board(*document);
}

inline registers::Bank bank_of(std::string_view models, bool bit_band = false) {
  const auto parsed = board_of(models);
  if (!parsed) {
    ADD_FAILURE() << parsed.error().message;
    return registers::Bank({}, false);
  }
  return registers::Bank(board::models_for(parsed->nodes.front(), "qemu", "7.2.22"), bit_band);
}

}  // namespace virserver::testing
