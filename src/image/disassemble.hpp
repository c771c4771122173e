// Machine code as text: capstone, and for RISC-V, which Debian's capstone does not know, a decoder of our own.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/architecture.hpp"
#include "base/bytes.hpp"
#include "image/debug_info.hpp"

namespace virserver::image {

struct Code {
  Architecture architecture = Architecture::other;
  bool thumb = false;       // Arm: the state of the processor (xPSR.T, CPSR bit 5), for what `contents` leaves open
  bool cortex_m = false;    // Arm: instructions of the M profile (implies thumb)
  bool big_endian = false;  // of the instructions: DebugInfo::code_big_endian
  std::uint64_t address = 0;
  std::span<const std::byte> bytes;
  std::vector<ContentRange> contents;  // DebugInfo::contents: which parts are Arm, Thumb or data
};

enum class Flow {
  next,         // goes on behind it
  jump,
  conditional,  // a jump that may not be taken
  call,
  return_,      // also from exceptions
  stop,         // does not go on by itself: a trap or breakpoint (udf, bkpt, ebreak); not wfi
};

struct Instruction {
  std::uint64_t address = 0;
  Bytes bytes;
  std::string mnemonic;  // ".byte", ".short", ".word" for what is no instruction
  std::string operands;
  Flow flow = Flow::next;
  std::optional<std::uint64_t> target;  // of a jump or call, where the instruction itself says it
  unsigned delay_slots = 0;             // instructions behind it that run before the jump does (SPARC, MIPS)
};

// At most `limit` instructions, in address order without gaps; bytes that decode to nothing become data directives, so
// this cannot fail; nothing comes for bytes that pass the end of the address space. A cut-off instruction at the end is
// left out unless it would be the only one.
std::vector<Instruction> disassemble(const Code& code, std::size_t limit = ~std::size_t{0});

// Whether there is a decoder for it; without one everything is data.
bool can_disassemble(Architecture architecture);

}  // namespace virserver::image
