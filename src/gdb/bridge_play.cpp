// Accesses that a player completes. Below everything else of the bridge: the machine counts as running meanwhile.
#include <algorithm>

#include "base/log.hpp"
#include "gdb/bridge.hpp"

namespace virserver::gdb {
namespace {

constexpr std::chrono::seconds step_timeout(5);

bool overlap(const Breakpoint& watch, const Bridge::Range& range) {
  return watch.is_watch() && watch.address < range.address + range.size && range.address < watch.address + watch.kind;
}

}  // namespace

Task<> Bridge::set_player(Player* player, Owner owner) {
  const auto unplayed = co_await play_lock_.lock();
  player_ = player;
  breakpoints_.hide(player ? owner : 0);
}

Task<> Bridge::play(StopReply stop, unsigned connection, unsigned resets) {
  const auto lock = co_await play_lock_.lock();
  if (connection != connection_) co_return;
  playing_ = connection;
  Player::Played played;
  if (resets != resets_) played.outcome = Player::Played::Outcome::done;  // the access was of an earlier life
  else if (player_) played = co_await player_->play(*client_, std::move(stop));
  else played.stop = std::move(stop);
  if (connection != connection_ || closing_) co_return;
  auto done = co_await after_play(std::move(played));
  if (!done) log::warn("the machine does not run on after an access that was played: {}", done.error().message);
}

Task<Result<void>> Bridge::after_play(Player::Played played) {
  using Outcome = Player::Played::Outcome;
  if (played.outcome == Outcome::not_mine || played.outcome == Outcome::failed) {
    decide(std::move(played.stop));
    co_return Result<void>();
  }
  const bool runs_on = !running_steps_ && !interrupter_ && quiet_ == Quiet::no;
  if (runs_on) co_return co_await client_->resume(running_packet_, std::move(played.writes));

  const auto thread = client_->current_thread();
  for (Client::RegisterValue& write : played.writes) {
    auto written = co_await client_->write_register(std::move(write.reg), std::move(write.value), thread);
    if (!client_) co_return fail(*lost_);
    if (!written) co_return pass(written);
  }
  StopReply over;
  over.thread = thread;
  over.signal = quiet_ != Quiet::step && (interrupter_ || quiet_ == Quiet::interrupt) ? kSignalInt : kSignalTrap;
  decide(std::move(over));
  co_return Result<void>();
}

Task<Result<void>> Bridge::let_access_happen(std::vector<Range> accessed) {
  const auto gone = [this] { return playing_ != connection_; };  // perhaps before this call: the player has waited for answers
  if (gone()) co_return fail(*lost_);
  std::vector<Breakpoint> lifted;
  for (const auto& watch : installed_)
    if (std::ranges::any_of(accessed, [&](const Range& range) { return overlap(watch, range); })) lifted.push_back(watch);
  for (const auto& watch : lifted) {
    auto removed = co_await client_->remove(watch);
    if (gone()) co_return fail(*lost_);
    if (!removed) co_return pass(removed);
  }
  const auto thread = client_->current_thread();
  const auto* counter = description_.program_counter();
  if (!counter) co_return fail(ErrorCode::REGISTER_UNAVAILABLE, "the emulator does not give the program counter");
  const Register pc = *counter;
  auto before = co_await client_->read_register(pc, thread);
  if (gone()) co_return fail(*lost_);
  if (!before) co_return pass(before);
  for (bool stepped = false; !stepped;) {
    passing_ = true;
    passed_stop_.reset();
    auto sent = co_await client_->resume(client_->step_packet(thread));
    const bool over = sent && co_await wait_for(step_timeout, &Bridge::passed_over);
    passing_ = false;
    if (gone()) co_return fail(*lost_);
    if (!sent) co_return pass(sent);
    if (!over) co_return fail(ErrorCode::ENGINE_TIMEOUT, "a step over an access did not end in time");
    stepped = !passed_stop_->interrupted();
    if (stepped) break;
    auto after = co_await client_->read_register(pc, thread);  // somebody's interrupt may have come before the instruction
    if (gone()) co_return fail(*lost_);
    if (!after) co_return pass(after);
    stepped = *after != *before;
  }
  for (const auto& watch : lifted) {
    auto inserted = co_await client_->insert(watch);
    if (gone()) co_return fail(*lost_);
    if (!inserted) co_return pass(inserted);
  }
  co_return Result<void>();
}

}  // namespace virserver::gdb
