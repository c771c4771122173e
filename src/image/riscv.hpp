// Inside the image library: instructions of RISC-V (RV32 and RV64 with M, A, F, D, C, Zicsr, Zifencei, Zba, Zbb, Zbs and the
// privileged ones), which Debian's capstone 4 does not know. Names and aliases as in the RISC-V Assembly Programmer's Manual.
#pragma once
#include <cstdint>
#include <optional>

#include "image/disassemble.hpp"

namespace virserver::image::riscv {

// `word` holds the 2 or 4 bytes at `address`, little-endian. Nothing where it is no instruction known here. Bytes are left
// for the caller to fill in.
std::optional<Instruction> decode(std::uint32_t word, std::uint64_t address, bool is_64);
inline bool is_compressed(std::uint32_t word) { return (word & 3) != 3; }

// Inside riscv*.cpp.
std::optional<Instruction> decode_compressed(std::uint16_t word, std::uint64_t address, bool is_64);
extern const char* const integer_names[32];
extern const char* const float_names[32];

}  // namespace virserver::image::riscv
