// The session's breakpoints: in the book, in the machine, and at a stop.
#include <algorithm>

#include "base/log.hpp"
#include "session/debug/client_source.hpp"
#include "session/debug/debugger_impl.hpp"

namespace virserver::session {
namespace {

gdb::BreakpointType type_of(BreakpointKind kind) {
  switch (kind) {
    case BreakpointKind::software: return gdb::BreakpointType::software;
    case BreakpointKind::hardware: return gdb::BreakpointType::hardware;
    case BreakpointKind::write: return gdb::BreakpointType::write_watch;
    case BreakpointKind::read: return gdb::BreakpointType::read_watch;
    case BreakpointKind::access: return gdb::BreakpointType::access_watch;
  }
  return gdb::BreakpointType::software;
}

constexpr std::uint64_t max_watched = 4096;

Error no_breakpoint(std::uint64_t id) {
  return {ErrorCode::BREAKPOINT_NOT_FOUND, fmt::format("the session has no breakpoint {}", id)};
}

}  // namespace

gdb::Breakpoint Debugger::code_place(std::uint64_t address, bool thumb) const {
  const bool arm = host_.plan.architecture == Architecture::arm;
  thumb |= arm && (host_.plan.profile == 'M' || (address & 1) != 0);
  if (arm && thumb) address &= ~std::uint64_t{1};
  return {gdb::BreakpointType::software, address, arm && thumb ? 2u : 4u};
}

gdb::Breakpoint Debugger::place_of(const UserBreakpoint& breakpoint, const Symbols::Place& place, std::uint64_t address) const {
  if (is_watch(breakpoint.kind)) return {type_of(breakpoint.kind), address, breakpoint.length.value_or(place.size ? place.size : 4)};
  gdb::Breakpoint code = code_place(address, place.thumb);
  code.type = type_of(breakpoint.kind);
  return code;
}

Task<> Debugger::locate(UserBreakpoint& breakpoint, std::optional<Error>* why) {
  const auto id = breakpoint.id;
  auto fail_with = [why](UserBreakpoint& target, Error error) {
    target.places.clear();
    target.message = error.message;
    if (why) *why = std::move(error);
  };
  auto location = parse_location(breakpoint.location);
  if (!location) co_return fail_with(breakpoint, std::move(location.error()));
  struct Found {
    Result<Symbols::Place> place;
    CodeLocation where;
  };
  auto find = [wanted = *location, watch = is_watch(breakpoint.kind)](const Symbols& symbols) {
    Found found{watch ? symbols.find_data(wanted) : symbols.find_code(wanted), {}};
    if (found.place) found.where = symbols.locate(found.place->addresses.front() & (found.place->thumb ? ~std::uint64_t{1} : ~std::uint64_t{0}));
    return found;
  };
  auto found = co_await with_symbols(std::move(find));
  // A breakpoint of the book may have been deleted meanwhile; one that is not in it yet has no id.
  UserBreakpoint* target = id == 0 ? &breakpoint : book_.find(id);
  if (!target) co_return;
  if (!found.place) co_return fail_with(*target, std::move(found.place.error()));
  target->places.clear();
  target->message = found.place->note;
  target->where = std::move(found.where);
  for (const auto address : found.place->addresses) {
    const auto place = place_of(*target, *found.place, address);
    if (is_watch(target->kind) && place.kind > max_watched)
      co_return fail_with(*target, {ErrorCode::INVALID_REQUEST, fmt::format("'{}' has {} bytes; at most {} are watched: give a length", target->location, place.kind, max_watched)});
    if (auto fits = check_range(place.address, place.kind); !fits) co_return fail_with(*target, std::move(fits.error()));
    target->places.push_back(place);
  }
}

Task<> Debugger::locate_all() {
  co_await symbols();
  std::vector<std::uint64_t> ids;
  for (const auto& [id, each] : book_.all()) ids.push_back(id);
  for (const auto id : ids) {
    UserBreakpoint* each = book_.find(id);
    if (!each) continue;
    each->refused = false;
    co_await locate(*each);
  }
  auto done = co_await sync();
  if (!done) log::warn("a breakpoint of a session is not set: {}", done.error().message);
}

Task<Result<void>> Debugger::sync() {
  const auto lock = co_await sync_lock_.lock();
  auto wanted = book_.wanted();
  for (const Guard& guard : guards_) wanted.insert(guard.place);
  std::vector<gdb::Breakpoint> gone, added;
  std::ranges::set_difference(in_bridge_, wanted, std::back_inserter(gone));
  std::ranges::set_difference(wanted, in_bridge_, std::back_inserter(added));
  Result<void> result;
  for (const auto& place : gone) {
    in_bridge_.erase(place);
    auto removed = co_await bridge_.remove(owner_, place);
    if (!removed && removed.error().code != ErrorCode::BREAKPOINT_NOT_FOUND) log::warn("{}", removed.error().message);
  }
  for (const auto& place : added) {
    auto inserted = co_await bridge_.insert(owner_, place);
    if (inserted) {
      in_bridge_.insert(place);
      continue;
    }
    for (auto& [id, each] : book_.all())
      if (each.enabled && std::ranges::find(each.places, place) != each.places.end()) {
        each.refused = true;
        each.message = inserted.error().message;
      }
    result = pass(inserted);
  }
  co_return result;
}

void Debugger::keep() { host_.keep(book_.to_json()); }

Task<Result<UserBreakpoint>> Debugger::add_breakpoint(BreakpointRequest request) {
  UserBreakpoint breakpoint;
  breakpoint.kind = request.kind;
  breakpoint.location = std::move(request.location);
  if (request.length && !is_watch(request.kind))
    co_return fail(ErrorCode::INVALID_REQUEST, "length is of watchpoints; a breakpoint is at an address");
  breakpoint.length = request.length;
  breakpoint.enabled = request.enabled;
  breakpoint.temporary = request.temporary;
  breakpoint.ignore_count = request.ignore_count;
  breakpoint.created_at = now();
  if (request.condition) {
    auto condition = Condition::parse(*request.condition);
    if (!condition) co_return pass(condition);
    breakpoint.condition = std::move(*condition);
  }
  std::optional<Error> why;
  co_await locate(breakpoint, &why);
  if (why) co_return fail(std::move(*why));
  auto added = book_.add(std::move(breakpoint));
  if (!added) co_return pass(added);
  const auto id = (*added)->id;
  auto done = co_await sync();
  UserBreakpoint* kept = book_.find(id);
  if (!kept) co_return fail(no_breakpoint(id));
  if (kept->refused) {
    Error error{ErrorCode::BREAKPOINT_REFUSED, kept->message};
    if (!done) error = std::move(done.error());
    book_.remove(id);
    (void)co_await sync();  // of several places some may have been taken
    co_return fail(std::move(error));
  }
  keep();
  co_return *kept;
}

Task<Result<std::vector<UserBreakpoint>>> Debugger::breakpoints() {
  if (symbols_stale_) co_await locate_all();
  std::vector<UserBreakpoint> list;
  for (const auto& [id, each] : book_.all()) list.push_back(each);
  co_return list;
}

Task<Result<UserBreakpoint>> Debugger::breakpoint(std::uint64_t id) {
  const UserBreakpoint* found = book_.find(id);
  if (!found) co_return fail(no_breakpoint(id));
  co_return *found;
}

Task<Result<UserBreakpoint>> Debugger::change_breakpoint(std::uint64_t id, BreakpointChange change) {
  UserBreakpoint* found = book_.find(id);
  if (!found) co_return fail(no_breakpoint(id));
  std::optional<Condition> condition;
  if (change.condition && *change.condition) {
    auto parsed = Condition::parse(**change.condition);
    if (!parsed) co_return pass(parsed);
    condition = std::move(*parsed);
  }
  if (change.condition) found->condition = std::move(condition);
  if (change.ignore_count) found->ignore_count = *change.ignore_count;
  if (change.clear_hits) found->hit_count = 0;
  if (change.enabled && *change.enabled != found->enabled) {
    found->enabled = *change.enabled;
    found->refused = false;
    auto done = co_await sync();
    found = book_.find(id);
    if (!found) co_return fail(no_breakpoint(id));
    if (!done && found->refused) {
      found->enabled = false;
      co_return pass(done);
    }
  }
  keep();
  co_return *found;
}

Task<Result<void>> Debugger::remove_breakpoint(std::uint64_t id) {
  if (!book_.remove(id)) co_return fail(no_breakpoint(id));
  keep();
  co_return co_await sync();
}

Task<Result<void>> Debugger::remove_breakpoints() {
  book_.clear();
  keep();
  co_return co_await sync();
}

// Called by the bridge with its lock held, before anyone is told of the stop.
Task<bool> Debugger::judge(gdb::Client& client, gdb::StopReply stop) {
  verdict_.reset();
  const auto pc = co_await read_pointer(client, client.description().program_counter(), stop.thread);
  Verdict verdict;
  bool ours = false, others = false;
  for (const auto& place : bridge_.breakpoints().all()) {
    const bool here = place.is_watch() ? stop.watch_address && *stop.watch_address - place.address < place.kind : !stop.watch_address && place.address == pc;
    if (!here) continue;
    ours |= bridge_.breakpoints().has(owner_, place);
    others |= bridge_.breakpoints().others_have(owner_, place);
  }
  verdict.others = others;
  if (!ours) {
    verdict_ = std::move(verdict);
    co_return false;
  }
  for (const Guard& guard : std::vector(guards_)) {
    if (stop.watch_address || guard.place.address != pc) continue;
    const auto sp = guard.lowest_sp ? co_await read_pointer(client, client.description().stack_pointer(), stop.thread) : std::nullopt;
    if (!guard.lowest_sp || !sp || *sp >= *guard.lowest_sp) verdict.guard = true;
  }
  std::vector<std::uint64_t> candidates;
  for (const UserBreakpoint* each : book_.at(stop, pc)) candidates.push_back(each->id);
  for (const auto id : candidates) {
    const UserBreakpoint* each = book_.find(id);
    if (!each) continue;
    auto holds_now = co_await holds(UserBreakpoint(*each), client);
    UserBreakpoint* found = book_.find(id);
    if (!found) continue;
    if (!holds_now) verdict.message = fmt::format("the condition of breakpoint {} cannot be evaluated: {}", id, holds_now.error().message);
    if (holds_now && !*holds_now) continue;
    if (BreakpointBook::count_hit(*found) || !holds_now) verdict.ids.push_back(id);
  }
  const bool stops = verdict.guard || !verdict.ids.empty() || others;
  verdict_ = std::move(verdict);
  co_return !stops;
}

Task<Result<bool>> Debugger::holds(const UserBreakpoint& breakpoint, gdb::Client& client) {
  if (!breakpoint.condition) co_return true;
  ClientSource source(*this, client, co_await symbols());
  auto value = co_await breakpoint.condition->evaluate(source);
  if (!value) co_return pass(value);
  co_return *value != 0;
}

Task<Result<void>> Debugger::add_guard(Guard guard) {
  guards_.push_back(guard);
  auto done = co_await sync();
  if (done) co_return done;
  std::erase_if(guards_, [&](const Guard& each) { return each.place == guard.place; });
  co_return done;
}

Task<> Debugger::drop_guards(bool until_only) {
  if (std::erase_if(guards_, [&](const Guard& each) { return !until_only || each.until; }) == 0) co_return;
  auto done = co_await sync();
  if (!done) log::debug("{}", done.error().message);
}

}  // namespace virserver::session
