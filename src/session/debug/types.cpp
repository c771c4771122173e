#include "session/debug/types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace virserver::session {
namespace {
constexpr std::string_view reasons[] = {"none", "pause", "breakpoint", "watchpoint", "step", "reset", "start", "fault", "signal"};
constexpr std::string_view accesses[] = {"write", "read", "access"};
constexpr std::string_view kinds[] = {"software", "hardware", "write", "read", "access"};
}  // namespace

std::string_view to_string(StopReason reason) { return reasons[static_cast<int>(reason)]; }
std::string_view to_string(WatchAccess access) { return accesses[static_cast<int>(access)]; }
std::string_view to_string(BreakpointKind kind) { return kinds[static_cast<int>(kind)]; }

std::optional<BreakpointKind> parse_breakpoint_kind(std::string_view name) {
  const auto found = std::ranges::find(kinds, name);
  if (found == std::end(kinds)) return std::nullopt;
  return static_cast<BreakpointKind>(found - std::begin(kinds));
}

std::string to_text(const CodeLocation& location) {
  const std::string& name = location.function.empty() ? location.symbol : location.function;
  if (!location.file.empty() && location.line > 0) {
    const auto slash = location.file.find_last_of('/');
    const auto file = slash == std::string::npos ? location.file : location.file.substr(slash + 1);
    return name.empty() ? fmt::format("{}:{}", file, location.line) : fmt::format("{}:{} in {}", file, location.line, name);
  }
  if (location.symbol.empty()) return hex_address(location.address);
  return location.offset == 0 ? location.symbol : fmt::format("{}+{:#x}", location.symbol, location.offset);
}

}  // namespace virserver::session
