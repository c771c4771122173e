// The beginning and the end: adoption after a restart, shutdown, destruction.
#include "base/blocking.hpp"
#include "base/log.hpp"
#include "session/here.hpp"

namespace virserver::session {

namespace fs = std::filesystem;
using std::chrono_literals::operator""s;

namespace {
// The newest engine directory; the row may be older than a crash.
std::uint64_t newest_engine(const fs::path& engines) {
  std::uint64_t newest = 0;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(engines, ec))
    if (const auto number = parse_u64(entry.path().filename().string())) newest = std::max(newest, *number);
  return newest;
}
}  // namespace

Task<> Session::restore() {
  auto find = [](std::shared_ptr<Session> self) -> Task<> {
    self->reopen_gdb_port();
    const bool was_on = !is_off(self->state_);
    const std::uint64_t newest = newest_engine(self->dir_ / "engines");
    if (!self->backend_) {
      if (was_on) self->set_state(State::error, fmt::format("the backend {} is not part of this server", self->row_.backend));
      co_return;
    }
    // Newest first: the directory of a sandbox that was only waiting for its power-on may stand above the engine's.
    for (std::uint64_t number = newest; number > 0 && number + 1 >= self->row_.engine && number + 2 > newest; --number) {
      auto adopted = co_await self->backend_->adopt(self->executor_, self->plan_, self->engine_dir(number), self->console_dir());
      if (!adopted) {
        if (adopted.error().code != ErrorCode::NOT_FOUND)
          log::warn("session {}: engine {}: {}", self->id_, number, adopted.error().message);
        continue;
      }
      self->row_.engine = number;
      co_await self->start_player(true);  // its watchpoints go in when the bridge attaches, below
      self->engine_ = std::move(*adopted);
      self->engine_->set_limits(self->limits());
      const bool was_running = self->state_ != State::paused;  // the row may be older than the last change
      self->set_state(self->engine_->paused() ? State::paused : State::running, "taken over after a restart of the server");
      self->wire_engine();
      self->restore_loaded();
      // Whatever breakpoints an earlier server left in the emulator go when its stub is asked why it stands.
      self->bridge_->set_target(self->debug_target());
      co_await self->debugger_->before_start(false);
      const auto cleared = co_await self->bridge_->attach();
      if (!cleared) log::warn("session {}: its debugger could not be attached: {}", self->id_, cleared.error().message);
      co_await self->resume_at_access(was_running);
      self->start_rtt();
      log::info("session {}: engine {} taken over, {}", self->id_, number, to_string(self->state_));
      co_return;
    }
    if (was_on) {
      self->ended(self->backend_->ended(self->plan_, self->engine_dir(self->row_.engine), self->console_dir()));
      log::info("session {}: its engine ended while no server ran: {}", self->id_, self->row_.state_reason);
    }
    self->row_.engine = std::max(self->row_.engine, newest);
  };
  co_await here(find(shared_from_this()));
}

Task<Result<void>> Session::destroy() {
  auto end = [](std::shared_ptr<Session> self) -> Task<Result<void>> {
    auto lock = co_await self->operation_.lock();
    if (std::exchange(self->destroying_, true)) co_return fail(ErrorCode::SESSION_NOT_FOUND, "the session '{}' is already deleted", self->id_);
    self->state_ = State::destroyed;
    co_await self->doors_->stop();
    co_await self->end_engine();
    co_await self->debugger_->stop();
    if (self->player_) co_await self->player_->stop();
    co_await self->bridge_->stop();
    co_await self->discard_prepared();
    lock.release();
    co_await self->scope_.stop();
    const store::Caller caller;
    auto held = std::make_optional(co_await self->services_.content_lock->lock());
    auto rows = co_await self->services_.programs.of_session(caller, self->id_);
    auto removed = co_await self->services_.sessions.remove(caller, self->id_);
    if (!removed) {  // a full disk, perhaps: it can be asked again
      self->destroying_ = false;
      co_return removed;
    }
    if (rows)
      for (const store::ProgramRow& row : *rows) {
        const auto used = co_await self->services_.programs.blob_in_use(row.blob);
        if (used && !*used) co_await self->services_.blobs.remove(row.blob);
      }
    held.reset();
    auto erase = [dir = self->dir_]() -> std::error_code {
      std::error_code ec;
      fs::remove_all(dir, ec);
      return ec;
    };
    const std::error_code ec = co_await blocking(self->services_.pool, std::move(erase));
    if (ec) log::warn("{} could not be removed: {}", self->dir_.string(), ec.message());
    self->services_.events.append("session.deleted", self->id_, {{"name", self->row_.name}});
    self->output_changed_.notify();
    co_return Result<void>{};
  };
  co_return co_await here(end(shared_from_this()));
}

Task<> Session::stop() {
  auto end = [](std::shared_ptr<Session> self) -> Task<> {
    co_await self->doors_->stop();
    auto lock = co_await self->operation_.lock();
    if (self->services_.settings.private_server) co_await self->end_engine();
    co_await self->rtt_->stop();
    co_await self->debugger_->stop();
    // Some stubs let a machine run that their client leaves standing.
    if (self->engine_ && self->bridge_->state() == gdb::TargetState::stopped) co_await self->engine_->pause();
    co_await self->bridge_->detach();
    if (self->player_) co_await self->player_->stop();
    co_await self->bridge_->stop();
    if (const auto engine = std::move(self->engine_)) co_await engine->stop();
    co_await self->discard_prepared();
    lock.release();
    if (self->dirty_ && !self->saving_) self->save();
    while (self->saving_) {  // the last state must reach the disk before the scope cancels its writer
      asio::steady_timer pause(self->executor_, std::chrono::milliseconds(5));
      co_await pause.async_wait(tuple_awaitable);
    }
    co_await self->scope_.stop();
  };
  co_await here(end(shared_from_this()));
}

}  // namespace virserver::session
