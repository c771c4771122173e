// The linter of register models: what the bank relies on. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "registers/model.hpp"

namespace virserver::registers {

inline constexpr std::size_t max_registers = 1024, max_fields = 64, max_interrupts = 64;
inline constexpr std::uint64_t max_block_size = 0x10000, max_counter_hz = 10'000'000'000;
inline constexpr unsigned max_after_reads = 1'000'000, max_chain = 16;

// `pointer` is relative to the block as a BoardConfig writes it: "/registers/CR/fields/HSERDY", "/interrupts/0".
struct Mistake {
  std::string pointer, message;
};

// Every mistake of one block: registers outside it or over each other, values that do not fit, a bit with two drivers, followers
// in a cycle, references that do not exist. Empty: a Bank can play it.
std::vector<Mistake> check(const Block& block);

}  // namespace virserver::registers
