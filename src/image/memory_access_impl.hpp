// Inside the image library: the decoders of memory_access.cpp, one file an instruction set.
#pragma once
#include "image/memory_access.hpp"

namespace virserver::image::memory_access {

using Decoded = std::expected<MemoryAccess, std::string>;

Decoded decode_thumb(std::uint16_t first, std::uint16_t second);  // `second` only where is_wide_thumb(first)
Decoded decode_a32(std::uint32_t word);
Decoded decode_a64(std::uint32_t word);
Decoded decode_riscv(std::uint32_t word, bool is_64);

inline bool is_wide_thumb(std::uint16_t first) { return first >> 11 >= 0x1d; }

constexpr std::uint32_t bits(std::uint32_t word, unsigned high, unsigned low) {
  return (word >> low) & ((2u << (high - low)) - 1);
}
constexpr bool bit(std::uint32_t word, unsigned n) { return (word >> n & 1) != 0; }
constexpr std::int64_t sign_extended(std::uint64_t value, unsigned width) {
  return static_cast<std::int64_t>(value << (64 - width)) >> (64 - width);
}

// Why not.
inline std::unexpected<std::string> no_access() { return std::unexpected<std::string>("it is no load or store"); }
inline std::unexpected<std::string> vector_access() {
  return std::unexpected<std::string>("it moves floating-point, vector or coprocessor registers");
}
inline std::unexpected<std::string> loads_pc() { return std::unexpected<std::string>("it loads the program counter"); }
inline std::unexpected<std::string> privileged() {
  return std::unexpected<std::string>("it moves registers of another mode of the processor");
}

// Of Arm's 32-bit instruction sets.
inline constexpr RegisterNumber kArmSp = 13, kArmPc = 15;

// What LDM and STM do with `list`, which has a bit for each register.
Decoded arm_multiple(bool load, RegisterNumber base, std::uint32_t list, bool up, bool before, bool write_back);

// An offset of either sign that is used before or after.
inline void set_indexing(MemoryAccess& access, std::int64_t offset, bool before, bool write_back) {
  access.offset = before ? offset : 0;
  access.index_in_address = before;
  access.write_back = write_back;
  access.write_back_offset = write_back ? offset : 0;
}

inline void add_register(MemoryAccess& access, RegisterNumber reg) { access.registers[access.count++] = reg; }

}  // namespace virserver::image::memory_access
