// Backtraces: by call frame information (.debug_frame, .eh_frame) where the file has it, else by the habits of the
// architecture (what the function's first instructions did, link register, frame pointer; exception frames of Cortex-M). Pure: registers and memory are given.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/architecture.hpp"
#include "base/bytes.hpp"
#include "image/debug_info.hpp"

namespace virserver::image {

// Registers by their name in gdb's target description ("r0", "sp", "pc", "xpsr", "x30", ...).
using Registers = std::map<std::string, std::uint64_t, std::less<>>;

struct MemoryWindow {
  std::uint64_t address = 0;
  std::span<const std::byte> bytes;
};

enum class FoundBy { registers, cfi, prologue, link_register, frame_pointer, exception_frame };
std::string_view to_string(FoundBy found_by);  // "registers", "cfi", "link_register", ...

struct UnwoundFrame {
  std::uint64_t pc = 0;
  // Inside the calling instruction for frames that wait for a return: give this to DebugInfo::locate, not `pc`.
  std::uint64_t lookup = 0;
  std::uint64_t cfa = 0;  // the stack pointer before the call; 0: not known
  FoundBy found_by = FoundBy::registers;
  bool interrupted = false;  // it did not call the frame before it: an exception came
  Registers registers;       // those known in this frame, always "pc"
};

enum class UnwindEnd {
  outermost,     // reset handler, thread entry: there is no caller
  need_memory,   // bytes that no window has; see `need`
  no_rule,       // neither the file nor the architecture tell the caller
  bad_caller,    // the caller found is no code
  loop,          // a frame was there before
  limit,         // 256 frames
};

struct MemoryNeed {
  std::uint64_t address = 0;
  std::uint64_t size = 0;
};

struct Backtrace {
  std::vector<UnwoundFrame> frames;  // innermost first; never empty when a pc was given
  UnwindEnd end = UnwindEnd::outermost;
  std::string reason;                // the end in a sentence
  std::optional<MemoryNeed> need;    // read around it and ask again with one window more; give up when it cannot be read
};

struct UnwindInput {
  Architecture architecture = Architecture::other;
  bool big_endian = false;
  bool cortex_m = false;  // exception frames, EXC_RETURN
  Registers registers;    // "pc" and the stack pointer at least; Cortex-M: also "msp", "psp" where the stub has them
  std::vector<MemoryWindow> memory;
  std::size_t max_frames = 256;  // at most 256
};

// `info` may be null: then the architecture's habits alone. Thread-safe; costs some 10 us a frame.
Backtrace unwind(const DebugInfo* info, const UnwindInput& input);

// gdb's name of a DWARF register; empty where the architecture has no such register.
std::string_view dwarf_register_name(Architecture architecture, unsigned number);

}  // namespace virserver::image
