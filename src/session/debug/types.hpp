// What the debugger tells the API. Plain values.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "gdb/target_description.hpp"
#include "image/unwind.hpp"

namespace virserver::session {

// What is known of an address; empty texts and a line of 0 are what is not known.
struct CodeLocation {
  std::uint64_t address = 0;
  std::string symbol;        // as in the source
  std::uint64_t offset = 0;  // from the symbol
  std::string function;      // by line information: the innermost, also when inlined
  std::string file;
  std::uint32_t line = 0, column = 0;
};
// "main.c:42 in main", "uart_send+0x14", "0x08000200": for messages.
std::string to_text(const CodeLocation& location);

enum class StopReason { none, pause, breakpoint, watchpoint, step, reset, start, fault, signal };
std::string_view to_string(StopReason reason);

enum class WatchAccess { write, read, access };
std::string_view to_string(WatchAccess access);

struct DebugState {
  enum class Run { off, running, stopped } run = Run::off;
  StopReason reason = StopReason::none;
  std::string message;
  std::optional<unsigned> core;
  std::optional<CodeLocation> location;
  std::vector<std::uint64_t> breakpoints;  // ids of the session's own that it stopped at
  struct Watch {
    std::uint64_t address = 0;  // of the watched range
    WatchAccess access = WatchAccess::access;
  };
  std::optional<Watch> watch;
  std::size_t gdb_clients = 0;
};

struct ContinueRequest {
  std::optional<std::string> until;
  bool wait = false;
  std::function<bool()> give_up = {};  // looked at while it waits: true when nobody listens any more
  std::chrono::milliseconds timeout{30'000};
};

enum class StepKind { instruction, over, out, line, next };
struct StepRequest {
  StepKind kind = StepKind::instruction;
  std::uint64_t count = 1;
  std::optional<unsigned> core;
  bool wait = true;
  std::function<bool()> give_up = {};
  std::chrono::milliseconds timeout{30'000};
};

enum class BreakpointKind { software, hardware, write, read, access };
std::string_view to_string(BreakpointKind kind);
std::optional<BreakpointKind> parse_breakpoint_kind(std::string_view name);
constexpr bool is_watch(BreakpointKind kind) { return kind >= BreakpointKind::write; }

struct BreakpointRequest {
  std::string location;
  BreakpointKind kind = BreakpointKind::software;
  std::optional<std::uint64_t> length;
  std::optional<std::string> condition;
  std::uint64_t ignore_count = 0;
  bool enabled = true, temporary = false;
};
struct BreakpointChange {
  std::optional<bool> enabled;
  std::optional<std::optional<std::string>> condition;
  std::optional<std::uint64_t> ignore_count;
  bool clear_hits = false;
};

struct RegisterValue {
  gdb::Register reg;
  Bytes value;  // most significant byte first
};
struct RegisterQuery {
  std::vector<std::string> names;                // else by group
  std::optional<gdb::RegisterGroup> group = gdb::RegisterGroup::general;  // nullopt: all
  std::optional<unsigned> core;
  bool halt = false;
};
struct RegisterSet {
  unsigned core = 0;
  std::vector<RegisterValue> registers;
};

struct MemoryRange {
  std::uint64_t address = 0;
  Bytes bytes;
};

struct FrameView {
  image::UnwoundFrame frame;
  CodeLocation location;
  bool inlined = false;
};
struct BacktraceView {
  unsigned core = 0;
  std::vector<FrameView> frames;
  bool complete = false;
  std::string reason;
};

struct ThreadView {
  unsigned core = 0;
  std::string id, name;
  bool current = false;
};

}  // namespace virserver::session
