// Names of vendor registers by address (registers/*.yaml, inside the binary): what start-up code waits for.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace virserver::board {

struct RegisterName {
  std::string block;     // "RCC"
  std::string name;      // "CR"; empty: a register of the block that the table does not name
  std::uint64_t block_address = 0;
  std::uint64_t offset = 0;

  std::string text() const;  // "RCC_CR", or "RCC+0x1c"
};

// `soc` as a board writes it ("STM32F407VG"). nullopt: the table does not know the chip, or has no block there. An address
// inside a register means that register.
std::optional<RegisterName> find_register(std::string_view soc, std::uint64_t address);

// A block of a chip, by its name in any case; null: the table does not know it.
struct RegisterBlock {
  std::string name;
  std::uint64_t address = 0, size = 0;
  std::map<std::uint64_t, std::string> registers;  // by offset
};
const RegisterBlock* find_register_block(std::string_view soc, std::string_view name);

// Checks the embedded tables; they are read once, at the first look-up. A malformed one is an exception, and a test reads all.
void load_register_tables();

}  // namespace virserver::board
