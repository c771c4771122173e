// skyeye.conf: written from a board's description.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "backend/skyeye/installation.hpp"
#include "backend/skyeye/tables.hpp"
#include "board/board.hpp"

namespace virserver::backend::skyeye {

struct Bank {
  enum class Kind { memory, registers } kind = Kind::memory;
  std::string name;  // of the memory; empty for registers
  std::uint64_t address = 0, size = 0;
  std::string pointer = {};  // into the board, for what is wrong with it
};

struct Conf {
  std::string arch, cpu, mach;  // cpu may be empty
  std::vector<Bank> banks;      // sorted by address
};

// SkyEye looks banks up in a table of eight and runs past its end when all are used.
inline constexpr std::size_t max_banks = 7;

// Everything that SkyEye is known not to survive, or to take for something else: names it does not have, no memory, too many
// banks, empty or overlapping ones, ones beyond 4 GiB. Pure.
std::vector<Finding> check(const Conf& conf, const Installation& installation);

// The file without its UARTs.
std::string to_text(const Conf& conf);

}  // namespace virserver::backend::skyeye
