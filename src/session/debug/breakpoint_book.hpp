// The session's own breakpoints: what was asked for, where that is now, and who of them a stop belongs to. Pure bookkeeping;
// the bridge has its own table of what each client wants in the machine.
#pragma once
#include <boost/json/array.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gdb/breakpoints.hpp"
#include "gdb/stop_reply.hpp"
#include "session/debug/condition.hpp"
#include "session/debug/types.hpp"

namespace virserver::session {

struct UserBreakpoint {
  std::uint64_t id = 0;
  BreakpointKind kind = BreakpointKind::software;
  std::string location;                  // as asked for
  std::optional<std::uint64_t> length;   // of a watchpoint, as asked for
  bool enabled = true, temporary = false;
  std::optional<Condition> condition;
  std::uint64_t ignore_count = 0, hit_count = 0;
  Timestamp created_at{};

  // Of the programs that are loaded now.
  std::vector<gdb::Breakpoint> places;   // empty: the location is not known there
  CodeLocation where;                    // the first place
  std::string message;                   // why there is none, or what is special
  bool refused = false;                  // the emulator did not take it

  bool verified() const { return !places.empty() && !refused; }
};

class BreakpointBook {
 public:
  static constexpr std::size_t max_breakpoints = 1024;

  // Gives it an id. Error: BREAKPOINT_REFUSED when there are too many.
  Result<UserBreakpoint*> add(UserBreakpoint breakpoint);
  UserBreakpoint* find(std::uint64_t id);
  bool remove(std::uint64_t id) { return all_.erase(id) > 0; }
  void clear() { all_.clear(); }
  std::map<std::uint64_t, UserBreakpoint>& all() { return all_; }
  bool empty() const { return all_.empty(); }
  bool any_enabled() const;

  // What should be in the machine: every place of every enabled breakpoint.
  std::set<gdb::Breakpoint> wanted() const;
  // The enabled ones that a stop at `pc` belongs to.
  std::vector<UserBreakpoint*> at(const gdb::StopReply& stop, std::optional<std::uint64_t> pc);
  std::vector<std::uint64_t> ids_at(std::uint64_t address) const;  // breakpoints, enabled or not

  // Counts a hit whose condition held; true when it stops the processor.
  static bool count_hit(UserBreakpoint& breakpoint);

  // For the session's row: what was asked for, without places and hits.
  boost::json::array to_json() const;
  // What is not understood is left out.
  void from_json(const boost::json::array& kept);

 private:
  std::map<std::uint64_t, UserBreakpoint> all_;
  std::uint64_t next_id_ = 1;
};

}  // namespace virserver::session
