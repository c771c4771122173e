// Power: on, off, reset, pause, resume, and what happens when an engine ends.
#include <boost/json.hpp>
#include <sys/stat.h>

#include <algorithm>

#include "base/blocking.hpp"
#include "base/log.hpp"
#include "process/console_log.hpp"
#include "session/diagnosis.hpp"
#include "session/here.hpp"

namespace virserver::session {

namespace fs = std::filesystem;
using std::chrono_literals::operator""s;

Task<Result<SessionView>> Session::power(PowerAction action, bool wait) {
  auto act = [](std::shared_ptr<Session> self, PowerAction wanted, bool until_done) -> Task<Result<SessionView>> {
    auto done = co_await self->on_power(wanted, until_done);
    if (!done) co_return pass(done);
    co_return self->view_here();
  };
  co_return co_await here(act(shared_from_this(), action, wait));
}

Task<Result<void>> Session::on_power(PowerAction action, bool wait) {
  if (auto settled = require_settled(); !settled) co_return settled;
  auto lock = co_await operation_.lock();  // a sandbox may be in the making; that is short
  if (auto settled = require_settled(); !settled) co_return settled;
  switch (action) {
    case PowerAction::on:
      if (is_on(state_)) co_return Result<void>{};
      break;
    case PowerAction::off:
      if (is_off(state_)) co_return Result<void>{};
      break;
    case PowerAction::reset:
      if (auto allowed = require(is_on(state_), "power it on before a reset"); !allowed) co_return allowed;
      break;
    case PowerAction::pause:
    case PowerAction::resume:
      if (auto allowed = require(is_on(state_), "power it on first"); !allowed) co_return allowed;
      break;
  }
  auto run = [](std::shared_ptr<Session> self, PowerAction wanted, AsyncMutex::Lock held, State before) -> Task<Result<void>> {
    const auto engine = self->engine_;
    Result<void> result;
    switch (wanted) {
      case PowerAction::on: {
        auto images = co_await self->load_images({});
        if (!images) {
          result = pass(images);
          self->set_state(before, result.error().message);
        } else {
          result = co_await self->launch(std::move(*images), StartOptions{});
        }
        break;
      }
      case PowerAction::off:
        co_await self->end_engine();
        self->set_state(State::stopped);
        self->prestart();
        break;
      case PowerAction::reset:
        result = self->debugger_attached() ? co_await self->bridge_->reset(self->debug_owner_, gdb::Bridge::Reset::run) : co_await engine->reset();
        if (self->engine_ == engine) self->set_state(State::running);
        break;
      case PowerAction::pause:
        if (self->debugger_attached()) {
          auto stopped = co_await self->bridge_->interrupt(self->debug_owner_);
          if (!stopped) result = pass(stopped);
        } else {
          result = co_await engine->pause();
        }
        if (result && self->engine_ == engine) self->set_state(State::paused);
        break;
      case PowerAction::resume:
        result = self->debugger_attached() ? co_await self->bridge_->resume(self->debug_owner_, {}) : co_await engine->resume();
        if (result && self->engine_ == engine) self->set_state(State::running);
        break;
    }
    if (!result) log::warn("session {}: {}", self->id_, result.error().message);
    held.release();
    co_return result;
  };
  const State before = state_;
  if (action == PowerAction::on) set_state(State::starting);
  if (action == PowerAction::off) set_state(State::stopping);
  if (action == PowerAction::reset) set_state(State::resetting);
  auto work = run(shared_from_this(), action, std::move(lock), before);
  if (wait) co_return co_await std::move(work);
  auto background = [](Task<Result<void>> started) -> Task<> { co_await std::move(started); };
  scope_.spawn(background(std::move(work)));
  co_return Result<void>{};
}

Result<fs::path> Session::make_engine_dir() {
  const fs::path dir = engine_dir(row_.engine + 1);
  std::error_code ec;
  fs::remove_all(dir, ec);
  fs::create_directories(dir, ec);
  if (!ec) fs::create_directories(console_dir(), ec);
  if (ec) return fail(system_error(ErrorCode::STORAGE_ERROR, ec.value(), fmt::format("{} cannot be created", dir.string())));
  ::chmod(dir.c_str(), 0700);
  // The engine before is kept until now for a look at what happened; older ones are not.
  if (row_.engine > 0) fs::remove_all(engine_dir(row_.engine - 1), ec);
  return dir;
}

std::vector<std::pair<std::string, std::uint64_t>> Session::console_offsets() const {
  std::vector<std::pair<std::string, std::uint64_t>> offsets;
  auto add = [&](const std::string& name) { offsets.emplace_back(name, process::ConsoleLog(console_dir(), name).end()); };
  for (const board::Console& console : plan_.consoles) add(console.name);
  if (plan_.semihosting) add("semihosting");
  add("emulator");
  return offsets;
}

void Session::prestart() {
  if (prepared_ || engine_ || services_.settings.prestarted_sandboxes == 0) return;
  auto start = [](std::shared_ptr<Session> self) -> Task<> {
    auto lock = co_await self->operation_.lock();
    if (self->prepared_ || self->engine_ || !is_off(self->state_)) co_return;
    const auto dir = self->make_engine_dir();
    if (!dir) co_return;
    process::PrepareSpec spec;
    spec.engine_dir = *dir;
    spec.console_dir = self->console_dir();
    spec.limits = self->limits();
    auto prepared = co_await self->backend_->prepare(self->executor_, self->plan_, std::move(spec));
    if (prepared) self->prepared_ = std::move(*prepared);
    else log::debug("session {}: no sandbox ahead of power-on: {}", self->id_, prepared.error().message);
  };
  scope_.spawn(start(shared_from_this()));
}

Task<> Session::discard_prepared() {
  if (!prepared_) co_return;
  const auto prepared = std::move(prepared_);
  co_await prepared->kill();
  co_await prepared->stop();
}

Task<Result<void>> Session::launch(std::shared_ptr<LoadSet> images, StartOptions options) {
  auto give_up = [this](Error error) -> std::unexpected<Error> {
    set_state(State::error, error.message);
    return fail(std::move(error));
  };
  if (!backend_) co_return give_up({ErrorCode::BACKEND_ABSENT, fmt::format("the backend {} is not part of this server", row_.backend)});
  backend::LaunchSpec spec;
  spec.console_dir = console_dir();
  spec.images = images->list();
  co_await start_player(false);
  const bool held = options.paused || debugger_waits();
  spec.start_paused = held;
  if (const auto* wanted = row_.features.if_contains("deterministic")) spec.deterministic = wanted->is_bool() && wanted->get_bool();
  spec.arguments = std::move(options.arguments);
  spec.limits = limits();
  spec.console_offsets = console_offsets();
  if (prepared_) {
    spec.engine_dir = engine_dir(row_.engine + 1);
  } else {
    auto dir = make_engine_dir();
    if (!dir) co_return give_up(std::move(dir.error()));
    process::PrepareSpec sandbox;
    sandbox.engine_dir = spec.engine_dir = *dir;
    sandbox.console_dir = console_dir();
    sandbox.limits = limits();
    auto prepared = co_await backend_->prepare(executor_, plan_, std::move(sandbox));
    if (!prepared) co_return give_up(std::move(prepared.error()));
    prepared_ = std::move(*prepared);
  }
  prepared_->on_output = [this](std::string_view, std::uint64_t) { output_changed_.notify(); };
  ++row_.engine;
  row_.last_exit.clear();
  const bool paused = options.paused;
  auto launched = co_await backend_->launch(executor_, plan_, std::move(spec), std::move(prepared_));
  if (!launched) {
    co_return give_up(std::move(launched.error()));
  }
  engine_ = std::move(*launched);
  loaded_.clear();
  for (const store::ProgramRow& row : images->rows) loaded_.push_back(row.id);
  images_.clear();
  for (const image::Image& image : images->images)
    for (const image::Region& region : image.regions) images_.push_back({region.address, region.bytes.size()});
  keep_loaded();
  set_state(paused ? State::paused : State::running);
  wire_engine();
  co_await connect_debugger(held, paused);
  start_rtt();
  co_return Result<void>{};
}

void Session::wire_engine() {
  sandbox_ = engine_->process().sandbox();
  engine_->process().on_output = [this](std::string_view, std::uint64_t) { output_changed_.notify(); };
  engine_->on_reset = [this] {
    if (player_) player_->machine_was_reset();
  };
  engine_->on_event = [this](const backend::EngineEvent& event) { on_engine_event(event); };
  const auto* diagnosis = row_.features.if_contains("diagnosis");
  if (!diagnosis || !diagnosis->is_bool() || diagnosis->as_bool()) engine_->watch_guest();
}

// Where the emulator tells the program counter, the event says what that is in the program.
Task<> Session::tell_accesses(std::shared_ptr<Session> self, std::vector<backend::GuestAccess> accesses) {
  const std::string soc = soc_of(self->row_.board);
  std::vector<AccessView> views;
  for (const auto& access : accesses) views.push_back(view_of(access, self->plan_, soc));
  const bool located = std::ranges::any_of(accesses, [](const auto& access) { return access.pc.has_value(); });
  if (located)
    if (auto files = co_await self->debugged_programs()) {
      auto find = [&views, &files] {
        std::vector<ProgramCode> programs;
        for (const auto& file : *files)
          if (auto debug = image::DebugInfo::open(file.path)) programs.push_back({*debug, {}});
        for (auto& view : views)
          if (view.access.pc) view.location = place_of(*view.access.pc, programs);
      };
      co_await blocking(self->services_.pool, find);
    }
  boost::json::array array;
  for (const auto& view : views) array.push_back(access_json(view));
  self->services_.events.append("session.diagnosis", self->id_, {{"accesses", std::move(array)}});
}

void Session::on_engine_event(const backend::EngineEvent& event) {
  using Kind = backend::EngineEvent::Kind;
  switch (event.kind) {
    case Kind::running:
      if (is_on(state_) && !debugger_attached()) settle(State::running, {});  // else the bridge tells, without its own short halts
      break;
    case Kind::paused:
      if (is_on(state_) && !debugger_attached()) settle(State::paused, event.message);
      break;
    case Kind::device:
      for (const auto& change : event.changes) tell_device(change, "board");
      break;
    case Kind::reset:
      ++resets_;
      services_.events.append("session.state", id_, {{"status", to_string(state_)}, {"reset", true}});
      if (debugger_attached()) bridge_->machine_was_reset();
      break;
    case Kind::warning:
      services_.events.append("session.warning", id_, {{"message", event.message}});
      break;
    case Kind::access:
      scope_.spawn(tell_accesses(shared_from_this(), event.accesses));
      break;
    case Kind::exited:
      if (event.report) ended(*event.report);
      break;
  }
}

void Session::ended(const backend::ExitReport& report) {
  using backend::ExitCause;
  auto optional = [](const std::optional<int>& value) { return value ? boost::json::value(*value) : boost::json::value(nullptr); };
  row_.last_exit = {{"cause", backend::to_string(report.cause)}, {"message", report.message},
                    {"exit_code", optional(report.exit_code)},   {"signal", optional(report.signal)},
                    {"registers", report.registers},             {"output", report.output},
                    {"at", to_rfc3339(now())}};
  bridge_->engine_ended(report.message);
  if (ending_) return;  // we ended it; end_engine() goes on
  if (auto engine = std::move(engine_)) {
    auto let_go = [](std::shared_ptr<Session> self, std::shared_ptr<backend::Engine> gone) -> Task<> {
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());  // the session may be deleted meanwhile
      if (!self->engine_) co_await self->rtt_->stop();
      co_await gone->stop();
    };
    scope_.spawn(let_go(shared_from_this(), std::move(engine)));
  }
  loaded_.clear();
  debugger_->programs_changed();
  const bool by_itself = report.cause == ExitCause::guest_exit || report.cause == ExitCause::guest_shutdown ||
                         report.cause == ExitCause::powered_off;
  set_state(by_itself ? State::stopped : State::error, report.message);
  prestart();
}

Task<> Session::end_engine() {
  const auto engine = std::move(engine_);
  loaded_.clear();
  debugger_->programs_changed();
  if (!engine) co_return;
  ending_ = true;
  bridge_->engine_ended("the board was switched off");  // before its stub says the same in its own way
  co_await rtt_->stop();
  co_await engine->power_off(2s);
  co_await engine->stop();
  ending_ = false;
}

}  // namespace virserver::session
