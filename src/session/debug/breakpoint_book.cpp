#include "session/debug/breakpoint_book.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace virserver::session {
namespace json = boost::json;
namespace {

using Reason = gdb::StopReply::Reason;

bool is_watch_stop(const gdb::StopReply& stop) { return stop.watch_address.has_value(); }

bool covers(BreakpointKind kind, Reason reason) {
  switch (kind) {
    case BreakpointKind::write: return reason == Reason::watch || reason == Reason::access_watch;
    case BreakpointKind::read: return reason == Reason::read_watch || reason == Reason::access_watch;
    case BreakpointKind::access: return true;
    default: return false;
  }
}

}  // namespace

Result<UserBreakpoint*> BreakpointBook::add(UserBreakpoint breakpoint) {
  if (all_.size() >= max_breakpoints)
    return fail(ErrorCode::BREAKPOINT_REFUSED, "the session has {} breakpoints, which is the limit; delete some", all_.size());
  breakpoint.id = next_id_++;
  const auto [place, added] = all_.emplace(breakpoint.id, std::move(breakpoint));
  return &place->second;
}

UserBreakpoint* BreakpointBook::find(std::uint64_t id) {
  const auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

bool BreakpointBook::any_enabled() const {
  return std::ranges::any_of(all_, [](const auto& entry) { return entry.second.enabled; });
}

std::set<gdb::Breakpoint> BreakpointBook::wanted() const {
  std::set<gdb::Breakpoint> result;
  for (const auto& [id, each] : all_)
    if (each.enabled && !each.refused) result.insert(each.places.begin(), each.places.end());
  return result;
}

std::vector<UserBreakpoint*> BreakpointBook::at(const gdb::StopReply& stop, std::optional<std::uint64_t> pc) {
  std::vector<UserBreakpoint*> result;
  for (auto& [id, each] : all_) {
    if (!each.enabled || is_watch(each.kind) != is_watch_stop(stop)) continue;
    const bool here = std::ranges::any_of(each.places, [&](const gdb::Breakpoint& place) {
      if (!is_watch(each.kind)) return pc && place.address == *pc;
      return covers(each.kind, stop.reason) && *stop.watch_address - place.address < place.kind;
    });
    if (here) result.push_back(&each);
  }
  return result;
}

std::vector<std::uint64_t> BreakpointBook::ids_at(std::uint64_t address) const {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, each] : all_)
    if (!is_watch(each.kind) && std::ranges::any_of(each.places, [&](const auto& place) { return place.address == address; })) ids.push_back(id);
  return ids;
}

bool BreakpointBook::count_hit(UserBreakpoint& breakpoint) {
  ++breakpoint.hit_count;
  if (breakpoint.ignore_count == 0) return true;
  --breakpoint.ignore_count;
  return false;
}

json::array BreakpointBook::to_json() const {
  json::array list;
  for (const auto& [id, each] : all_) {
    json::object entry{{"id", id}, {"kind", to_string(each.kind)}, {"location", each.location}, {"enabled", each.enabled},
                       {"temporary", each.temporary}, {"ignore_count", each.ignore_count}, {"created_at", to_rfc3339(each.created_at)}};
    if (each.length) entry["length"] = *each.length;
    if (each.condition) entry["condition"] = each.condition->text();
    list.push_back(std::move(entry));
  }
  return list;
}

void BreakpointBook::from_json(const json::array& kept) {
  for (const json::value& value : kept) {
    if (!value.is_object() || all_.size() >= max_breakpoints) continue;
    const json::object& entry = value.get_object();
    auto number = [&](const char* name) -> std::optional<std::uint64_t> {
      const auto* found = entry.if_contains(name);
      boost::system::error_code ec;
      const auto n = found && found->is_number() ? found->to_number<std::uint64_t>(ec) : 0;
      return found && found->is_number() && !ec ? std::optional(n) : std::nullopt;
    };
    auto text = [&](const char* name) {
      const auto* found = entry.if_contains(name);
      return found && found->is_string() ? std::string(found->get_string()) : std::string();
    };
    auto flag = [&](const char* name) {
      const auto* found = entry.if_contains(name);
      return found && found->is_bool() && found->get_bool();
    };
    UserBreakpoint breakpoint;
    breakpoint.id = number("id").value_or(0);
    breakpoint.location = text("location");
    const auto kind = parse_breakpoint_kind(text("kind"));
    if (breakpoint.id == 0 || breakpoint.location.empty() || !kind) continue;
    breakpoint.kind = *kind;
    breakpoint.length = number("length");
    breakpoint.enabled = flag("enabled");
    breakpoint.temporary = flag("temporary");
    breakpoint.ignore_count = number("ignore_count").value_or(0);
    breakpoint.created_at = parse_rfc3339(text("created_at")).value_or(Timestamp{});
    if (const auto condition = text("condition"); !condition.empty()) {
      auto parsed = Condition::parse(condition);
      if (!parsed) continue;
      breakpoint.condition = std::move(*parsed);
    }
    next_id_ = std::max(next_id_, breakpoint.id + 1);
    all_.emplace(breakpoint.id, std::move(breakpoint));
  }
}

}  // namespace virserver::session
