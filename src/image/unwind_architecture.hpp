// Inside the image library: what a backtrace must know of an architecture.
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "base/architecture.hpp"

namespace virserver::image {

struct UnwindArchitecture {
  // By DWARF number, as the ABI supplements have them; names as in gdb's target descriptions. Empty: none here.
  std::span<const std::string_view> names;
  unsigned word = 4;  // bytes
  unsigned stack_pointer = 0;
  std::optional<unsigned> link_register;   // holds the return address on entry
  std::optional<unsigned> frame_pointer;
  unsigned return_offset = 0;   // from the value in the link register to where it returns to
  // What a function must leave as it found it, by DWARF number.
  bool (*preserved)(unsigned number) = nullptr;
};

// Null for an architecture without backtraces.
const UnwindArchitecture* unwind_architecture(Architecture architecture);
// Another name that a stub may give to a register, or empty: "s0" for "fp", "i6" for "fp".
std::string_view other_name(Architecture architecture, std::string_view name);
// PowerPC's .debug_frame and .eh_frame number a few registers differently: gives one number for both.
unsigned canonical_register(Architecture architecture, unsigned number);

}  // namespace virserver::image
