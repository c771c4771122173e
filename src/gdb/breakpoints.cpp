#include "gdb/breakpoints.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace virserver::gdb {
namespace {
std::string packet(char z, const Breakpoint& b) {
  return fmt::format("{}{},{:x},{:x}", z, static_cast<int>(b.type), b.address, b.kind);
}
}  // namespace

std::string insert_packet(const Breakpoint& breakpoint) { return packet('Z', breakpoint); }
std::string remove_packet(const Breakpoint& breakpoint) { return packet('z', breakpoint); }

bool BreakpointTable::add(Owner owner, const Breakpoint& breakpoint) {
  auto& owners = owners_[breakpoint];
  const bool first = owners.empty();
  owners.insert(owner);
  owned_[owner].insert(breakpoint);
  return first;
}

bool BreakpointTable::remove(Owner owner, const Breakpoint& breakpoint) {
  const auto owners = owners_.find(breakpoint);
  if (owners == owners_.end() || owners->second.erase(owner) == 0) return false;
  auto owned = owned_.find(owner);
  owned->second.erase(breakpoint);
  if (owned->second.empty()) owned_.erase(owned);
  if (!owners->second.empty()) return false;
  owners_.erase(owners);
  return true;
}

std::vector<Breakpoint> BreakpointTable::remove_all(Owner owner) {
  std::vector<Breakpoint> gone;
  const auto owned = owned_.find(owner);
  if (owned == owned_.end()) return gone;
  const auto breakpoints = owned->second;
  for (const auto& breakpoint : breakpoints)
    if (remove(owner, breakpoint)) gone.push_back(breakpoint);
  return gone;
}

bool BreakpointTable::has(Owner owner, const Breakpoint& breakpoint) const {
  const auto owners = owners_.find(breakpoint);
  return owners != owners_.end() && owners->second.contains(owner);
}

bool BreakpointTable::others_have(Owner owner, const Breakpoint& breakpoint) const {
  const auto owners = owners_.find(breakpoint);
  if (owners == owners_.end()) return false;
  return std::ranges::any_of(owners->second, [&](Owner each) { return each != owner && each != hidden_; });
}

std::size_t BreakpointTable::count(Owner owner) const {
  const auto owned = owned_.find(owner);
  return owned == owned_.end() ? 0 : owned->second.size();
}

std::vector<Breakpoint> BreakpointTable::all() const {
  std::vector<Breakpoint> out;
  out.reserve(owners_.size());
  for (const auto& [breakpoint, owners] : owners_) out.push_back(breakpoint);
  return out;
}

}  // namespace virserver::gdb
