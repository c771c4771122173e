// What subscribers ask of the machine: breakpoints, memory, registers, the monitor, a reset.
#include "base/log.hpp"
#include "gdb/bridge.hpp"

namespace virserver::gdb {

ThreadId Bridge::thread_or_current(const std::optional<ThreadId>& thread) const {
  return thread && thread->thread > 0 ? *thread : client_->current_thread();
}

Task<Result<void>> Bridge::answering() {
  auto attached = co_await attach();
  if (!attached) co_return pass(attached);
  if (state_ == TargetState::running && !target_.quirks.answers_while_running)
    co_return fail(ErrorCode::TARGET_RUNNING, "the machine runs, perhaps for another client; pause it first");
  co_return Result<void>();
}

Task<Result<void>> Bridge::at_any_time(std::function<Task<Result<void>>()> use) {
  auto paused = co_await pause_quietly();
  if (!paused) co_return pass(paused);
  auto result = co_await use();
  if (!*paused) co_return result;
  auto resumed = co_await resume_quietly();
  if (!resumed) co_return pass(resumed);
  co_return result;
}

// Removing waits until the machine is to run: gdb takes all its breakpoints out at each stop and puts them in again.
Task<Result<void>> Bridge::forget_unwanted() {
  std::vector<Breakpoint> unwanted;
  for (const auto& breakpoint : installed_)
    if (!breakpoints_.wanted(breakpoint)) unwanted.push_back(breakpoint);
  for (const auto& breakpoint : unwanted) {
    installed_.erase(breakpoint);
    auto removed = co_await client_->remove(breakpoint);
    if (!client_) co_return fail(*lost_);
    if (!removed && client_->closed()) co_return pass(removed);
    if (!removed) log::warn("{}", removed.error().message);
  }
  co_return Result<void>();
}

Task<Result<void>> Bridge::put_in(Breakpoint breakpoint) {
  auto inserted = co_await client_->insert(breakpoint);
  if (inserted && client_) installed_.insert(breakpoint);
  co_return inserted;
}

Task<Result<void>> Bridge::insert(Owner owner, Breakpoint breakpoint) {
  const auto lock = co_await lock_.lock();
  auto attached = co_await attach_locked(Then::as_before, owner);
  if (attached && !installed_.contains(breakpoint)) {
    auto put = co_await at_any_time([this, breakpoint] { return put_in(breakpoint); });
    if (!put) co_return pass(put);
  }
  if (!attached && attached.error().code != ErrorCode::TARGET_OFF) co_return pass(attached);
  breakpoints_.add(owner, breakpoint);
  co_return Result<void>();
}

Task<Result<void>> Bridge::remove(Owner owner, Breakpoint breakpoint) {
  const auto lock = co_await lock_.lock();
  if (!breakpoints_.has(owner, breakpoint))
    co_return fail(ErrorCode::BREAKPOINT_NOT_FOUND, "there is no such breakpoint at {}", hex_address(breakpoint.address));
  breakpoints_.remove(owner, breakpoint);
  if (state_ != TargetState::running || breakpoints_.wanted(breakpoint)) co_return Result<void>();
  co_return co_await at_any_time([this] { return forget_unwanted(); });
}

Task<Result<Bytes>> Bridge::read_memory(std::uint64_t address, std::size_t size, std::optional<ThreadId> thread) {
  auto attached = co_await attach();
  if (!attached) co_return pass(attached);
  if (state_ == TargetState::running && !target_.quirks.answers_while_running) {
    if (target_.read_memory_running) co_return co_await target_.read_memory_running(address, size);
    co_return fail(ErrorCode::TARGET_RUNNING, "memory can only be read while the machine is stopped; pause it first");
  }
  co_return co_await client_->read_memory(address, size, thread_or_current(thread));
}

Task<Result<void>> Bridge::write_memory(std::uint64_t address, Bytes bytes, std::optional<ThreadId> thread) {
  const auto lock = co_await lock_.lock();
  auto attached = co_await attach_locked(Then::as_before, 0);
  if (!attached) co_return pass(attached);
  auto write = [this, address, &bytes, thread] { return client_->write_memory(address, bytes, thread_or_current(thread)); };
  auto written = co_await at_any_time(std::move(write));
  if (written) downloads_.written(address, bytes);
  co_return written;
}

Task<Result<std::vector<std::optional<Bytes>>>> Bridge::read_registers(std::vector<Register> which, std::optional<ThreadId> thread) {
  auto ready = co_await answering();
  if (!ready) co_return pass(ready);
  co_return co_await client_->read_registers(std::move(which), thread_or_current(thread));
}

Task<Result<Bytes>> Bridge::read_register(Register reg, std::optional<ThreadId> thread) {
  auto ready = co_await answering();
  if (!ready) co_return pass(ready);
  co_return co_await client_->read_register(std::move(reg), thread_or_current(thread));
}

Task<Result<void>> Bridge::write_register(Register reg, Bytes value, std::optional<ThreadId> thread) {
  auto ready = co_await answering();
  if (!ready) co_return pass(ready);
  co_return co_await client_->write_register(std::move(reg), std::move(value), thread_or_current(thread));
}

Task<Result<std::vector<Client::Thread>>> Bridge::threads() {
  auto ready = co_await answering();
  if (!ready) co_return pass(ready);
  co_return co_await client_->threads();
}

Task<Result<std::vector<ThreadId>>> Bridge::thread_ids() {
  auto ready = co_await answering();
  if (!ready) co_return pass(ready);
  co_return co_await client_->thread_ids();
}

Task<Result<std::string>> Bridge::request(std::string payload, std::optional<ThreadId> thread, std::string* output) {
  auto ready = co_await answering();
  if (!ready) co_return pass(ready);
  co_return co_await client_->request(std::move(payload), thread, output);
}

Task<Result<std::string>> Bridge::monitor(std::string command) {
  if (target_.monitor) co_return co_await target_.monitor(std::move(command));
  auto ready = co_await answering();
  if (!ready) co_return pass(ready);
  co_return co_await client_->monitor(std::move(command));
}

Task<Result<void>> Bridge::briefly(std::function<Task<Result<void>>(Client& client)> use) {
  const auto lock = co_await lock_.lock();
  auto attached = co_await attach_locked(Then::as_before, 0);
  if (!attached) co_return pass(attached);
  auto call = [this, &use] { return use(*client_); };
  co_return co_await at_any_time(std::move(call));
}

// A machine whose images were written over stands for it, so that it never runs what the reset brings back.
Task<Result<void>> Bridge::reset_machine() {
  resetting_ = true;
  if (target_.quirks.reset_reconnects) co_return co_await reset_reconnecting();
  if (downloads_.empty()) co_return co_await reset_unplayed();
  const auto lock = co_await lock_.lock();
  auto attached = co_await attach_locked(Then::as_before, 0);
  if (!attached) co_return pass(attached);
  auto call = [](Bridge* self) -> Task<Result<void>> {
    auto done = co_await self->reset_unplayed();
    if (!done) co_return done;
    co_return co_await self->put_downloads();
  };
  auto use = [this, call] { return call(this); };
  co_return co_await at_any_time(std::move(use));
}

// Nobody is told of the connection that ends: the next one goes on in its place, with the breakpoints in the machine before it
// runs.
Task<Result<void>> Bridge::reset_reconnecting() {
  const auto lock = co_await lock_.lock();
  auto attached = co_await attach_locked(Then::as_before, 0);
  if (!attached) co_return pass(attached);
  const bool ran = state_ == TargetState::running;
  reconnecting_ = true;
  auto done = co_await reset_unplayed();
  if (done) {
    auto connected = co_await connect();
    if (!connected) done = pass(connected);
  }
  reconnecting_ = false;
  if (done) done = co_await put_breakpoints();
  if (done && !downloads_.empty()) done = co_await put_downloads();
  if (!done) {
    lost(done.error());
    co_return done;
  }
  if (!ran) co_return Result<void>();
  running_packet_ = client_->resume_packet();
  running_steps_ = false;
  state_ = TargetState::running;
  co_return co_await send_resume();
}

// No access is completed meanwhile, and one that was to be is of the past.
Task<Result<void>> Bridge::reset_unplayed() {
  const auto unplayed = co_await play_lock_.lock();
  auto done = co_await target_.reset();
  if (done) ++resets_;
  co_return done;
}

Task<Result<void>> Bridge::put_downloads() {
  const auto thread = client_->current_thread();
  const auto pieces = downloads_.all();
  for (const auto& [address, bytes] : pieces) {
    auto written = co_await client_->write_memory(address, bytes, thread);
    if (!written) co_return written;
  }
  if (!target_.vector_table) co_return Result<void>();
  auto table = co_await client_->read_memory(*target_.vector_table, 8, thread);
  if (!table) co_return pass(table);
  if (!description_.stack_pointer() || !description_.program_counter()) co_return Result<void>();
  const Register sp = *description_.stack_pointer(), pc = *description_.program_counter();
  Bytes stack(table->begin(), table->begin() + 4), start(table->begin() + 4, table->end());
  start[0] &= std::byte{0xfe};  // little endian; bit 0 is the Thumb state
  auto set = co_await client_->write_register(sp, std::move(stack), thread);
  if (!set) co_return set;
  co_return co_await client_->write_register(pc, std::move(start), thread);
}

Task<Result<void>> Bridge::reset(Owner owner, Reset after) {
  if (!target_.reset) co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "{} cannot reset the machine", target_.quirks.name);
  if (after == Reset::halt) {
    auto stopped = co_await interrupt(owner);
    if (!stopped) co_return pass(stopped);
  }
  auto done = co_await reset_machine();
  if (!done) co_return pass(done);
  aborted_ = false;
  if (state_ != TargetState::stopped) co_return Result<void>();
  StopReply stop;
  stop.signal = kSignalTrap;
  stop.thread = client_->current_thread();
  last_stop_ = std::move(stop);
  if (after == Reset::halt) holders_.insert(owner);
  if (after == Reset::run) co_return co_await resume(owner, Resume{.waits = false});
  co_return Result<void>();
}

}  // namespace virserver::gdb
