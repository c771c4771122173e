// Who wants which breakpoint: one in the machine for any number of owners. Pure bookkeeping.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace virserver::gdb {

using Owner = std::uint64_t;

// The numbers of Z and z.
enum class BreakpointType { software = 0, hardware = 1, write_watch = 2, read_watch = 3, access_watch = 4 };

struct Breakpoint {
  BreakpointType type = BreakpointType::software;
  std::uint64_t address = 0;
  std::uint64_t kind = 0;  // bytes of the instruction replaced (Arm: 2 Thumb, 3 32-bit Thumb, 4 Arm) or bytes watched

  bool is_watch() const { return type >= BreakpointType::write_watch; }
  friend auto operator<=>(const Breakpoint&, const Breakpoint&) = default;
};
std::string insert_packet(const Breakpoint& breakpoint);  // "Z0,8000230,2"
std::string remove_packet(const Breakpoint& breakpoint);

class BreakpointTable {
 public:
  // True when the machine must be told: the first owner came, or the last one went. Adding twice counts once.
  bool add(Owner owner, const Breakpoint& breakpoint);
  bool remove(Owner owner, const Breakpoint& breakpoint);
  // Of every breakpoint of `owner`; the result is what the machine must forget.
  std::vector<Breakpoint> remove_all(Owner owner);

  bool has(Owner owner, const Breakpoint& breakpoint) const;
  bool others_have(Owner owner, const Breakpoint& breakpoint) const;  // the hidden owner is nobody's other
  void hide(Owner owner) { hidden_ = owner; }                         // 0: none
  bool hidden_has(const Breakpoint& breakpoint) const { return hidden_ != 0 && has(hidden_, breakpoint); }
  std::size_t count(Owner owner) const;
  bool wanted(const Breakpoint& breakpoint) const { return owners_.contains(breakpoint); }
  std::vector<Breakpoint> all() const;
  bool empty() const { return owners_.empty(); }

 private:
  Owner hidden_ = 0;
  std::map<Breakpoint, std::set<Owner>> owners_;
  std::map<Owner, std::set<Breakpoint>> owned_;
};

}  // namespace virserver::gdb
