// Inside the image library: what a function without call frame information has done to the stack, read from its first
// instructions. Libraries are often built without it (memcpy, printf), and that is where wild pointers are followed.
#pragma once
#include <cstdint>
#include <map>
#include <optional>

#include "image/debug_info.hpp"
#include "image/unwind_architecture.hpp"

namespace virserver::image {

// Offsets are from the CFA, the stack pointer at the entry.
struct Prologue {
  std::int64_t stack_pointer = 0;           // where it is now
  std::map<unsigned, std::int64_t> saved;   // by DWARF number
  std::optional<unsigned> frame_register;   // one that was set from the stack pointer
  std::int64_t frame_offset = 0;            // where it points to
  bool new_window = false;                  // SPARC: `save`
};

// Of the instructions in [begin, pc), up to the first that goes elsewhere for certain. Nothing for architectures whose
// code is not understood here.
std::optional<Prologue> read_prologue(const DebugInfo& info, std::uint64_t begin, std::uint64_t pc);

}  // namespace virserver::image
