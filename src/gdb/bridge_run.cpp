// Run control: who runs the machine, who is told of its stop.
#include <algorithm>

#include "base/log.hpp"
#include "gdb/bridge.hpp"

namespace virserver::gdb {
namespace {

using namespace std::chrono_literals;
constexpr auto stop_timeout = 5s;  // an interrupt takes about a millisecond

// The stop of a plain step, as opposed to one that means something.
bool is_plain_step(const StopReply& stop) { return stop.signal == kSignalTrap && !stop.watch_address; }

}  // namespace

void Bridge::wake() {
  for (auto* timer : waiters_) timer->cancel();
}

Task<bool> Bridge::wait_for(std::chrono::milliseconds timeout, bool (Bridge::*done)() const) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!(this->*done)() && client_) {
    if (std::chrono::steady_clock::now() >= deadline) co_return false;
    asio::steady_timer timer(executor_, deadline);
    waiters_.push_back(&timer);
    auto uncancelled = asio::bind_cancellation_slot(asio::cancellation_slot(), tuple_awaitable);
    co_await timer.async_wait(std::move(uncancelled));
    std::erase(waiters_, &timer);
  }
  co_return true;
}

void Bridge::stopped(StopReply stop) {
  if (stop.kind == StopReply::Kind::exited) return lost({ErrorCode::ENGINE_DIED, "the emulator ended"});
  if (stop.kind == StopReply::Kind::terminated) {  // the processor gave up; its registers can still be read
    stop.kind = StopReply::Kind::stopped;
    aborted_ = target_.quirks.abort_is_final;
    stop.thread = client_->current_thread();
  }
  if (std::exchange(interrupting_, false) && stop.signal == kSignalTrap) stop.signal = kSignalInt;
  if (passing_) {
    passed_stop_ = std::move(stop);
    return wake();
  }
  if (player_ && stop.watch_address && !aborted_) return scope_.spawn(play(std::move(stop), connection_, resets_));
  decide(std::move(stop));
}

void Bridge::decide(StopReply stop) {
  const bool awaited = (quiet_ == Quiet::interrupt && stop.interrupted() && !interrupter_) ||
                       (quiet_ == Quiet::step && is_plain_step(stop) && !aborted_);
  if (awaited) {
    quiet_stop_ = std::move(stop);
    return wake();
  }
  const bool asked_for = running_steps_ || interrupter_ || aborted_ || stop.signal != kSignalTrap;
  if (judge_ && !asked_for) {
    undecided_ = std::move(stop);
    if (quiet_ == Quiet::interrupt) quiet_stop_ = undecided_;  // who waits for it holds the lock, and has it decided
    else quiet_ = Quiet::no, scope_.spawn(judge());
    return wake();
  }
  quiet_ = Quiet::no;
  announce(stop);
}

Task<> Bridge::judge() {
  const auto lock = co_await lock_.lock();
  auto done = co_await judge_locked();
  if (!done) log::warn("the machine does not run on: {}", done.error().message);
}

Task<Result<void>> Bridge::judge_locked() {
  if (!undecided_ || !client_) co_return Result<void>();
  const auto stop = *undecided_;
  const bool runs_on = !interrupter_ && !closing_ && co_await judge_(*client_, stop);
  if (!undecided_ || !client_) co_return Result<void>();  // lost meanwhile
  undecided_.reset();
  if (!runs_on || interrupter_) {
    announce(stop);
    co_return Result<void>();
  }
  if (target_.quirks.step_off_breakpoints && !installed_.empty()) {
    auto goes_on = co_await step_off();
    if (!goes_on) co_return pass(goes_on);
    if (!*goes_on) co_return Result<void>();
  }
  co_return co_await send_resume();
}

void Bridge::announce(const StopReply& stop) {
  state_ = TargetState::stopped;
  last_stop_ = stop;
  holders_.clear();
  if (interrupter_) holders_.insert(*interrupter_);
  interrupter_.reset();
  const auto told = everyone();
  for (auto& [owner, member] : members_) {
    if (member.waiting) holders_.insert(owner);
    member.waiting = false;
  }
  wake();
  for (const auto& one : told) one.subscriber->on_stopped(stop, one.waiting);
}

void Bridge::announce_resumed(Owner by) {
  const auto told = everyone();
  for (const auto& one : told)
    if (one.owner != by) one.subscriber->on_resumed();
}

Task<Result<void>> Bridge::resume(Owner owner, Resume how) {
  const auto lock = co_await lock_.lock();
  auto attached = co_await attach_locked(Then::as_before, owner);
  if (!attached) co_return pass(attached);
  if (state_ == TargetState::running) {
    if (how.kind == Resume::Kind::step || how.steps)
      co_return fail(ErrorCode::TARGET_RUNNING, "the machine runs, perhaps for another client; pause it before a step");
    if (const auto member = members_.find(owner); member != members_.end() && how.waits) member->second.waiting = true;
    co_return Result<void>();
  }
  co_return co_await run(owner, std::move(how));
}

Task<Result<void>> Bridge::run(Owner owner, Resume how) {
  if (aborted_)
    co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "the processor has aborted and {} cannot run it on; reset the board", target_.quirks.name);
  auto clean = co_await forget_unwanted();
  if (!clean) co_return pass(clean);
  const bool steps = how.kind == Resume::Kind::step || how.steps;
  running_packet_ = how.kind == Resume::Kind::packet ? how.packet
                    : steps                          ? client_->step_packet(thread_or_current(how.thread))
                                                     : client_->resume_packet();
  running_steps_ = steps;
  state_ = TargetState::running;
  holders_.clear();
  interrupter_.reset();
  const auto member = members_.find(owner);
  if (member != members_.end()) member->second.waiting = how.waits;
  announce_resumed(owner);
  if (!steps && target_.quirks.step_off_breakpoints && !installed_.empty()) {
    auto goes_on = co_await step_off();
    if (!goes_on) co_return pass(goes_on);
    if (!*goes_on) co_return Result<void>();
  }
  if (steps && target_.quirks.step_hits_breakpoints && !installed_.empty()) {
    quiet_stop_.reset();
    auto stepped = co_await step_off();
    if (!stepped) co_return pass(stepped);
    if (!*stepped) co_return Result<void>();
    if (quiet_stop_) {  // that was the step
      announce(*quiet_stop_);
      co_return Result<void>();
    }
  }
  co_return co_await send_resume();
}

Task<Result<void>> Bridge::send_resume() {
  if (!client_) co_return fail(*lost_);
  auto sent = co_await client_->resume(running_packet_);
  if (!sent) co_return pass(sent);
  if (interrupter_ && state_ == TargetState::running) co_return co_await send_interrupt();  // came before it ran
  co_return Result<void>();
}

Task<Result<bool>> Bridge::step_off() {
  const auto* reg = client_->description().program_counter();
  if (!reg) co_return true;
  const auto thread = client_->current_thread();
  auto value = co_await client_->read_register(*reg, thread);
  if (!client_) co_return fail(*lost_);
  if (!value) co_return true;
  std::uint64_t little = 0, big = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(value->size(), 8); ++i) {
    little |= std::to_integer<std::uint64_t>((*value)[i]) << 8 * i;
    big = big << 8 | std::to_integer<std::uint64_t>((*value)[i]);
  }
  std::vector<Breakpoint> here;
  for (const auto& b : installed_)
    if (!b.is_watch() && (b.address == little || b.address == big)) here.push_back(b);
  if (here.empty()) co_return true;
  if (!target_.quirks.step_hits_breakpoints) co_return co_await quiet_step();
  if (client_->insertions_left() < static_cast<int>(here.size()))
    co_return fail(ErrorCode::BREAKPOINT_REFUSED, "the machine stands at a breakpoint, and {} could not put it in again behind it: it takes {} in the life of a process; "
                   "remove the breakpoint, or reset the board", target_.quirks.name, target_.quirks.breakpoint_insertions);
  for (const auto& b : here) {
    auto removed = co_await client_->remove(b);
    if (!client_) co_return fail(*lost_);
    if (!removed) co_return pass(removed);
    installed_.erase(b);
  }
  auto goes_on = co_await quiet_step();
  for (const auto& b : here) {
    if (!client_) co_return fail(*lost_);
    auto put = co_await put_in(b);
    if (!put) co_return pass(put);
  }
  co_return goes_on;
}

Task<Result<bool>> Bridge::quiet_step() {
  quiet_ = Quiet::step;
  quiet_stop_.reset();
  auto sent = co_await client_->resume(client_->step_packet(client_->current_thread()));
  if (!sent) co_return pass(sent);
  if (!co_await wait_for(stop_timeout, &Bridge::quiet_over)) {
    quiet_ = Quiet::no;  // a long instruction: its stop will be announced
    co_return false;
  }
  if (!client_) co_return fail(*lost_);
  if (quiet_ == Quiet::no) co_return false;
  quiet_ = Quiet::no;
  if (!interrupter_) co_return true;
  quiet_stop_->signal = kSignalInt;  // someone interrupted while it stepped
  announce(*quiet_stop_);
  co_return false;
}

Task<Result<void>> Bridge::send_interrupt() {
  if (target_.quirks.interrupt == Quirks::Interrupt::byte) co_return client_->interrupt();
  if (!target_.interrupt) co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "{} cannot be interrupted while it runs", target_.quirks.name);
  interrupting_ = true;
  auto done = co_await target_.interrupt();
  if (!done) interrupting_ = false;
  else if (interrupting_) scope_.spawn(interrupt_again(connection_));
  co_return done;
}

// From outside a machine can be stopped before its stub has taken the resume that was sent to it, and runs then all the same.
Task<> Bridge::interrupt_again(unsigned connection) {
  asio::steady_timer timer(executor_);
  for (auto pause = 10ms; pause < stop_timeout; pause *= 2) {
    timer.expires_after(pause);
    co_await timer.async_wait(tuple_awaitable);
    if (!interrupting_ || connection_ != connection || !client_ || !client_->running()) co_return;
    auto done = co_await target_.interrupt();
    if (!done) co_return;
  }
}

Task<Result<StopReply>> Bridge::interrupt(Owner owner) {
  auto attached = co_await attach(Then::halt, owner);
  if (!attached) co_return pass(attached);
  if (state_ == TargetState::running) {
    interrupter_ = owner;
    if (quiet_ == Quiet::no) {
      auto sent = co_await send_interrupt();
      if (!sent) co_return pass(sent);
    }
  }
  co_return co_await wait_stopped(stop_timeout);
}

Task<Result<StopReply>> Bridge::wait_stopped(std::chrono::milliseconds timeout) {
  if (!co_await wait_for(timeout, &Bridge::at_rest)) co_return fail(ErrorCode::ENGINE_TIMEOUT, "the machine did not stop in time");
  if (last_stop_) co_return *last_stop_;
  co_return fail(lost_.value_or(Error{ErrorCode::TARGET_OFF, "there is no machine to debug: the board is off"}));
}

Task<Result<bool>> Bridge::pause_quietly() {
  if (state_ != TargetState::running || target_.quirks.answers_while_running) co_return false;
  if (undecided_) co_return true;
  if (running_steps_) {  // over in a moment, by itself
    if (co_await wait_for(stop_timeout, &Bridge::at_rest)) co_return false;
  }
  quiet_ = Quiet::interrupt;
  quiet_stop_.reset();
  auto sent = co_await send_interrupt();
  if (!sent) {
    quiet_ = Quiet::no;
    co_return pass(sent);
  }
  if (!co_await wait_for(stop_timeout, &Bridge::quiet_over)) {
    quiet_ = Quiet::no;
    co_return fail(ErrorCode::ENGINE_TIMEOUT, "the machine did not stop in time");
  }
  if (!client_) co_return fail(*lost_);
  co_return quiet_ == Quiet::interrupt;
}

Task<Result<void>> Bridge::resume_quietly() {
  quiet_ = Quiet::no;
  if (!client_) co_return fail(*lost_);
  if (undecided_) co_return co_await judge_locked();
  if (interrupter_) {
    announce(*quiet_stop_);
    co_return Result<void>();
  }
  co_return co_await send_resume();
}

}  // namespace virserver::gdb
