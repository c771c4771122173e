// Whether the machine runs or stands, why, and the calls that change that.
#include <algorithm>

#include "base/log.hpp"
#include "session/debug/debugger_impl.hpp"

namespace virserver::session {
namespace {

using gdb::TargetState;

WatchAccess access_of(gdb::StopReply::Reason reason) {
  if (reason == gdb::StopReply::Reason::watch) return WatchAccess::write;
  return reason == gdb::StopReply::Reason::read_watch ? WatchAccess::read : WatchAccess::access;
}

}  // namespace

void Debugger::on_attached() { attaching_ = true; }

void Debugger::on_resumed() {
  verdict_.reset();
  starting_ = attaching_ = false;
}

void Debugger::on_reset() {
  if (bridge_.state() == TargetState::stopped) stop_ = {StopReason::reset, "the board was reset", {}, {}};
}

void Debugger::on_lost(const Error&, bool) {
  verdict_.reset();
  stop_ = {};
  attaching_ = false;
}

void Debugger::on_stopped(const gdb::StopReply& stop, bool) {
  const bool attached_now = std::exchange(attaching_, false), started_now = std::exchange(starting_, false);
  const auto verdict = std::exchange(verdict_, std::nullopt);
  stop_ = {};
  if (stop.interrupted()) {
    stop_.reason = StopReason::pause;
    stop_.message = "paused";
  } else if (attached_now) {
    stop_.reason = started_now ? StopReason::start : StopReason::pause;
    stop_.message = started_now ? "started, and waits before its first instruction" : "paused before the debugger came";
  } else if (stop.signal != gdb::kSignalTrap) {
    stop_.reason = StopReason::signal;
    stop_.message = !stop.note.empty() ? stop.note : fmt::format("the emulator reports signal {}", stop.signal);
  } else if (stop.watch_address) {
    stop_.reason = StopReason::watchpoint;
    stop_.watch = DebugState::Watch{*stop.watch_address, access_of(stop.reason)};
    stop_.message = fmt::format("{} of the watched memory at {}", to_string(stop_.watch->access), hex_address(*stop.watch_address));
  } else {
    // A step ends with the same signal as a breakpoint: the verdict tells.
    const bool theirs = verdict && verdict->others;
    stop_.reason = theirs ? StopReason::breakpoint : StopReason::step;
    stop_.message = theirs ? "a breakpoint of a gdb" : "stepped";
  }
  if (verdict && !verdict->ids.empty()) {
    if (!stop_.watch) stop_.reason = StopReason::breakpoint;
    stop_.ids = verdict->ids;
    stop_.message = fmt::format("breakpoint {}", fmt::join(verdict->ids, ", "));
    if (!verdict->message.empty()) stop_.message += "; " + verdict->message;
  }
  bool changed = std::erase_if(guards_, [](const Guard& guard) { return guard.until; }) > 0;
  for (const auto id : stop_.ids)
    if (const UserBreakpoint* hit = book_.find(id); hit && hit->temporary) {
      book_.remove(id);
      keep();
      changed = true;
    }
  if (!changed) return;
  auto tidy = [](Debugger* self) -> Task<> {
    auto done = co_await self->sync();
    if (!done) log::debug("{}", done.error().message);
  };
  scope_.spawn(tidy(this));
}

Task<Result<DebugState>> Debugger::state(bool attach) {
  DebugState view;
  view.gdb_clients = bridge_.subscribers(gdb::Bridge::Role::gdb);
  if (!host_.powered()) {
    view.message = "the board is off";
    co_return view;
  }
  view.run = DebugState::Run::running;
  view.message = step_ ? "a step is under way" : "running";
  if (step_) co_return view;
  if (bridge_.state() == TargetState::detached && host_.paused()) {
    if (!attach) {
      view.run = DebugState::Run::stopped;
      view.reason = StopReason::pause;
      view.message = "paused";
      co_return view;
    }
    auto attached = co_await bridge_.attach();
    if (!attached && attached.error().code != ErrorCode::TARGET_OFF) co_return pass(attached);
  }
  if (bridge_.state() != TargetState::stopped) co_return view;

  struct Where {
    std::optional<std::uint64_t> pc;
    unsigned core = 0;
  };
  auto where = std::make_shared<Where>();
  auto look = [this, where](gdb::Client& client) -> Task<Result<void>> {
    const auto thread = client.current_thread();
    where->core = co_await core_of(client, thread);
    where->pc = co_await read_pointer(client, client.description().program_counter(), thread);
    co_return Result<void>{};
  };
  auto looked = co_await at_rest(true, std::move(look));
  if (!looked) co_return pass(looked);
  if (bridge_.state() != TargetState::stopped) co_return view;  // somebody was faster
  view.run = DebugState::Run::stopped;
  view.reason = stop_.reason;
  view.message = stop_.message;
  view.breakpoints = stop_.ids;
  view.watch = stop_.watch;
  view.core = where->core;
  if (where->pc) {
    auto locate = [pc = *where->pc](const Symbols& symbols) { return symbols.locate(pc); };
    view.location = co_await with_symbols(std::move(locate));
    view.message += " at " + to_text(*view.location);
  }
  co_return view;
}

Task<Result<DebugState>> Debugger::pause() {
  if (auto allowed = may_use(true); !allowed) co_return pass(allowed);
  const auto step = step_;
  if (step) step->abandoned = true;
  auto stopped = co_await bridge_.interrupt(owner_);
  if (!stopped) co_return pass(stopped);
  while (step && !step->done) co_await step->finished.async_wait(tuple_awaitable);
  co_return co_await state();
}

// In short pieces, so that a wait ends with the server.
Task<Result<gdb::StopReply>> Debugger::wait_stop(std::chrono::milliseconds timeout, std::function<bool()> give_up) {
  constexpr std::chrono::milliseconds piece(200);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    auto stop = co_await bridge_.wait_stopped(std::clamp(left, std::chrono::milliseconds(0), piece));
    if (stop || stop.error().code != ErrorCode::ENGINE_TIMEOUT || left <= piece || closing_ || (give_up && give_up())) co_return stop;
  }
}

Task<Result<DebugState>> Debugger::resume(ContinueRequest request) {
  if (auto allowed = may_use(true); !allowed) co_return pass(allowed);
  if (step_) co_return fail(ErrorCode::TARGET_RUNNING, "a step is under way; wait for its end, or pause it");
  if (request.until) {
    auto location = parse_location(*request.until);
    if (!location) co_return pass(location);
    auto find = [wanted = *location](const Symbols& symbols) { return symbols.find_code(wanted); };
    auto place = co_await with_symbols(std::move(find));
    if (!place) co_return pass(place);
    for (const auto address : place->addresses) {
      Guard guard{code_place(address, place->thumb), std::nullopt, true};
      auto added = co_await add_guard(std::move(guard));
      if (!added) co_return pass(added);
    }
  }
  gdb::Bridge::Resume how;
  auto resumed = co_await bridge_.resume(owner_, std::move(how));
  if (!resumed) co_return pass(resumed);
  if (request.wait) {
    auto stopped = co_await wait_stop(request.timeout, request.give_up);
    const bool told_by_state = !stopped && (stopped.error().code == ErrorCode::ENGINE_TIMEOUT || !host_.powered());
    if (!stopped && !told_by_state) co_return pass(stopped);
  }
  co_return co_await state();
}

}  // namespace virserver::session
