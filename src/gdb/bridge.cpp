// Members, the connection to the stub, and its loss. Run control is in bridge_run.cpp, the rest in bridge_access.cpp.
#include "gdb/bridge.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace virserver::gdb {

Bridge::Bridge(asio::any_io_executor executor, Target target)
    : executor_(executor), target_(std::move(target)), lock_(executor), play_lock_(executor), scope_(executor, "gdb bridge") {}

Bridge::~Bridge() = default;

void Bridge::set_target(Target target) {
  target_ = std::move(target);
  downloads_.start(target_.images);
  resetting_ = false;
}

Owner Bridge::join(Subscriber& subscriber, Role role) {
  const auto owner = next_owner_++;
  members_.emplace(owner, Member{&subscriber, role});
  return owner;
}

std::vector<Bridge::Told> Bridge::everyone() const {
  std::vector<Told> all;
  all.reserve(members_.size());
  for (const auto& [owner, member] : members_) all.push_back({owner, member.subscriber, member.waiting});
  return all;
}

std::size_t Bridge::subscribers(Role role) const {
  return static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(), [role](const auto& member) { return member.second.role == role; }));
}

Task<> Bridge::leave(Owner owner, Leave how) {
  if (members_.erase(owner) == 0) co_return;
  const auto lock = co_await lock_.lock();
  const auto gone = breakpoints_.remove_all(owner);
  const bool held = holders_.erase(owner) > 0;
  if (state_ == TargetState::running && std::any_of(gone.begin(), gone.end(), [this](const auto& b) { return installed_.contains(b); })) {
    auto removed = co_await at_any_time([this] { return forget_unwanted(); });
    if (!removed) log::warn("breakpoints of a client that left stay in the machine: {}", removed.error().message);
  }
  if (how != Leave::detach || state_ != TargetState::stopped || !held || !holders_.empty() || subscribers(Role::gdb) > 0) co_return;
  auto resumed = co_await run(owner, Resume{.waits = false});
  if (!resumed) log::warn("the machine does not run on after a detach: {}", resumed.error().message);
}

Task<Result<void>> Bridge::attach(Then then, Owner by) {
  if (client_) co_return Result<void>();
  const auto lock = co_await lock_.lock();
  co_return co_await attach_locked(then, by);
}

Task<Result<void>> Bridge::attach_locked(Then then, Owner by) {
  if (client_) co_return Result<void>();
  auto was_running = co_await connect();
  if (!was_running) co_return pass(was_running);
  lost_.reset();
  auto put = co_await put_breakpoints();
  if (!put) co_return pass(put);
  const auto told = everyone();
  for (const auto& one : told) one.subscriber->on_attached();
  if (then == Then::run || (then == Then::as_before && *was_running)) co_return co_await run(0, Resume{.waits = false});
  if (*was_running) {
    if (by != 0) interrupter_ = by;
    last_stop_->signal = kSignalInt;
  }
  announce(*last_stop_);
  co_return Result<void>();
}

Task<Result<bool>> Bridge::connect() {
  if (closing_) co_return fail(ErrorCode::TARGET_OFF, "the session ends");
  if (!client_) co_await reap();
  auto connection = co_await target_.dial();
  if (!connection) co_return pass(connection);
  auto client = std::make_unique<Client>(executor_, std::move(connection->socket), target_.quirks, target_.architecture);
  if (!target_.quirks.tells_unmapped) client->keep_to(target_.mapped);
  client->read_outside = target_.read_register;
  auto stop = co_await client->negotiate();
  if (!stop || client->closed() || closing_) {
    retired_.push_back(std::move(client));
    if (!stop) co_return pass(stop);
    co_return fail(ErrorCode::ENGINE_DIED, "the emulator closed its debug connection");
  }
  client->on_stop = [this, one = client.get()](const StopReply& reply) {
    if (client_.get() == one) stopped(reply);
  };
  client->on_closed = [this, one = client.get()](const Error& why) {
    if (client_.get() == one) lost(why);
  };
  if (client_) retire();
  client_ = std::move(client);
  description_ = client_->description();
  state_ = TargetState::stopped;
  last_stop_ = std::move(*stop);
  aborted_ = interrupting_ = false;
  installed_.clear();
  co_return connection->was_running;
}

Task<Result<void>> Bridge::put_breakpoints() {
  for (const auto& breakpoint : breakpoints_.all()) {
    auto inserted = co_await client_->insert(breakpoint);
    if (!client_) co_return fail(*lost_);
    if (inserted) installed_.insert(breakpoint);
    else if (client_->closed()) co_return pass(inserted);
    else log::warn("{}", inserted.error().message);
  }
  co_return Result<void>();
}

Task<Result<void>> Bridge::forget_all() {
  std::vector<Breakpoint> gone;
  for (const auto& breakpoint : installed_)
    if (!breakpoints_.hidden_has(breakpoint)) gone.push_back(breakpoint);
  for (const auto& breakpoint : gone) {
    if (!client_) break;
    installed_.erase(breakpoint);
    auto removed = co_await client_->remove(breakpoint);
    if (!removed && client_ && !client_->closed()) log::warn("{}", removed.error().message);
  }
  if (!client_) co_return fail(*lost_);
  co_return Result<void>();
}

Task<> Bridge::detach() {
  const auto lock = co_await lock_.lock();
  if (client_) {
    auto forgotten = co_await at_any_time([this] { return forget_all(); });
    if (!forgotten) log::warn("breakpoints stay in the machine: {}", forgotten.error().message);
  }
  {
    const auto unplayed = co_await play_lock_.lock();  // an access is completed, or not begun
    if (client_) retire();
  }
  state_ = TargetState::detached;
  co_await reap();
}

// Kept until it can be stopped: its calls may be on the stack, or wait.
void Bridge::retire() {
  ++connection_;
  retired_.push_back(std::move(client_));
}

Task<> Bridge::reap() {
  const auto unused = co_await play_lock_.lock();
  while (!retired_.empty()) {
    const auto client = std::move(retired_.back());
    retired_.pop_back();
    co_await client->stop();
  }
}

void Bridge::lost(Error why) {
  if (!client_ || reconnecting_) return;
  retire();
  state_ = TargetState::detached;
  last_stop_.reset();
  installed_.clear();
  holders_.clear();
  interrupter_.reset();
  quiet_ = Quiet::no;
  quiet_stop_.reset();
  undecided_.reset();
  passing_ = false;
  passed_stop_.reset();
  lost_ = std::move(why);
  wake();
  const auto told = everyone();
  const auto error = *lost_;
  for (const auto& one : told) one.subscriber->on_lost(error, one.waiting);
}

void Bridge::engine_ended(std::string why) { lost({ErrorCode::TARGET_OFF, std::move(why)}); }

void Bridge::machine_was_reset() {
  ++resets_;
  aborted_ = false;
  const auto told = everyone();
  for (const auto& one : told) one.subscriber->on_reset();
  if (std::exchange(resetting_, false) || downloads_.empty()) return;
  auto again = [](Bridge* self) -> Task<> {
    auto done = co_await self->reset(0, Reset::keep);
    if (!done) log::warn("what was written over the images could not be put back after a reset: {}", done.error().message);
  };
  scope_.spawn(again(this));
}

Task<> Bridge::stop() {
  closing_ = true;
  members_.clear();
  lost({ErrorCode::TARGET_OFF, "the session ends"});
  co_await scope_.stop();
  const auto lock = co_await lock_.lock();
  co_await reap();
}

}  // namespace virserver::gdb
