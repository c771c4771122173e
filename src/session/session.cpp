// Construction, state, persistence and views. Power is in power.cpp, programs in programs.cpp, the end and the
// beginning of a server in restore.cpp.
#include "session/session.hpp"

#include <sys/stat.h>

#include "base/log.hpp"
#include "process/console_log.hpp"
#include "session/here.hpp"
#include "session/plan_json.hpp"

namespace virserver::session {

namespace {
std::int64_t micros(Timestamp time) { return time.time_since_epoch().count(); }
}  // namespace

Session::Session(asio::any_io_executor executor, const Services& services, store::SessionRow row)
    : executor_(executor),
      services_(services),
      id_(row.id),
      dir_(services.settings.data / "sessions" / row.id),
      row_(std::move(row)),
      plan_(plan_from_json(row_.plan)),
      backend_(services.backends.find(row_.backend)),
      state_(parse_state(row_.state).value_or(State::error)),
      operation_(executor),
      scope_(executor, "session " + id_),
      last_used_us_(micros(now())),
      ttl_sec_(static_cast<std::int64_t>(row_.ttl_sec.value_or(0))) {
  bridge_ = std::make_unique<gdb::Bridge>(executor_, debug_target());
  debug_owner_ = bridge_->join(power_keys_, gdb::Bridge::Role::other);
  make_rtt();
  debugger_ = std::make_unique<Debugger>(debug_host());
  make_player();
  if (const auto* kept = row_.debug.if_contains("breakpoints"); kept && kept->is_array()) debugger_->restore(kept->get_array());
  doors_ = std::make_unique<GdbDoors>(executor_, *bridge_, [this](int more) { more > 0 ? attach() : detach(); });
}

Session::~Session() = default;

Task<SessionView> Session::view() {
  auto look = [](std::shared_ptr<Session> self) -> Task<SessionView> {
    if (const auto engine = self->engine_) co_await engine->look_at_time();
    co_return self->view_here();
  };
  co_return co_await here(look(shared_from_this()));
}

SessionView Session::view_here() const {
  SessionView view{row_, plan_, state_, {}, {}, loaded_};
  if (settling_ && is_on(view.state) && view.state != settling_to_) {  // true at once, though it is announced later
    view.state = settling_to_;
    view.row.state_reason = settling_reason_;
  }
  view.row.last_used_at = Timestamp{std::chrono::microseconds{last_used_us_.load()}};
  if (engine_) {
    view.sandbox = sandbox_;
    view.virtual_time_ns = engine_->virtual_time_ns();
  }
  return view;
}

Task<Result<SessionView>> Session::update(std::optional<std::string> name, std::optional<boost::json::object> labels,
                                          std::optional<std::optional<std::uint64_t>> ttl_sec) {
  auto change = [](std::shared_ptr<Session> self, auto new_name, auto new_labels, auto new_ttl) -> Task<Result<SessionView>> {
    if (new_name) self->row_.name = std::move(*new_name);
    if (new_labels) self->row_.labels = std::move(*new_labels);
    if (new_ttl) {
      self->row_.ttl_sec = *new_ttl;
      self->ttl_sec_ = static_cast<std::int64_t>(new_ttl->value_or(0));
    }
    self->row_.updated_at = now();
    const store::Caller caller;
    auto kept = co_await self->services_.sessions.update(caller, self->row_);
    if (!kept) co_return pass(kept);
    self->services_.events.append("session.updated", self->id_, {{"name", self->row_.name}});
    co_return self->view_here();
  };
  co_return co_await here(change(shared_from_this(), std::move(name), std::move(labels), std::move(ttl_sec)));
}

Result<void> Session::require(bool allowed, std::string_view what) const {
  if (allowed) return {};
  Error error{ErrorCode::SESSION_STATE, fmt::format("the session is {}: {}", to_string(state_), what)};
  error.details["status"] = to_string(state_);
  return fail(std::move(error));
}

Result<void> Session::require_settled() const {
  const State state = state_;
  if (state == State::destroyed) return fail(ErrorCode::SESSION_NOT_FOUND, "the session '{}' is deleted", id_);
  return require(is_on(state) || is_off(state), "wait until this is done (the events tell) and ask again");
}

void Session::set_state(State state, std::string reason) {
  if (settling_) settling_to_ = state;  // what waits to be announced is out of date
  if (state == state_ && reason == row_.state_reason) return;
  boost::json::object data{{"status", to_string(state)}, {"previous", to_string(state_)}};
  if (!reason.empty()) data["reason"] = reason;
  if (is_off(state) && !row_.last_exit.empty()) data["last_exit"] = row_.last_exit;
  state_ = state;
  row_.state = to_string(state);
  row_.state_reason = std::move(reason);
  services_.events.append("session.state", id_, std::move(data));
  save();
  output_changed_.notify();
}

// Saves are coalesced: a power-on never waits for the disk, the row follows within milliseconds. After a crash in
// between, restore() finds the truth in the engine's directory.
void Session::save() {
  row_.updated_at = now();
  dirty_ = true;
  if (saving_) return;
  saving_ = true;
  auto keep = [](std::shared_ptr<Session> self) -> Task<> { co_await self->save_now(); };
  scope_.spawn(keep(shared_from_this()));
}

Task<> Session::save_now() {
  while (dirty_) {
    dirty_ = false;
    row_.last_used_at = Timestamp{std::chrono::microseconds{last_used_us_.load()}};
    const store::Caller caller;
    const auto kept = co_await services_.sessions.update(caller, row_);
    if (!kept) log::error("session {} could not be saved: {}", id_, kept.error().message);
  }
  saving_ = false;
}

void Session::touch() { last_used_us_ = micros(now()); }

bool Session::expired(Timestamp at) const {
  const std::int64_t ttl = ttl_sec_;
  return ttl > 0 && attached_ == 0 && micros(at) > last_used_us_ + ttl * 1'000'000;
}

std::filesystem::path Session::engine_dir(std::uint64_t number) const { return dir_ / "engines" / std::to_string(number); }

process::Limits Session::limits() const {
  process::Limits limits;
  if (const auto* cores = row_.resources.if_contains("cpu_cores")) limits.cpu_cores = cores->to_number<double>();
  if (const auto* memory = row_.resources.if_contains("memory_mb")) limits.memory_mb = memory->to_number<std::uint64_t>();
  return limits;
}

Task<std::vector<ConsoleView>> Session::consoles() {
  auto look = [](std::shared_ptr<Session> self) -> Task<std::vector<ConsoleView>> {
    std::vector<ConsoleView> views;
    const bool on = self->engine_ != nullptr;
    for (const board::Console& console : self->plan_.consoles)
      views.push_back({console.name, "uart", console.peripheral, console.name == self->plan_.default_console, on});
    if (self->plan_.semihosting) views.push_back({"semihosting", "semihosting", "", false, on});
    for (const RttConsoles::Channel& channel : self->rtt_->channels())
      views.push_back({channel.console, "rtt", channel.name, false, on && channel.input});
    views.push_back({"emulator", "emulator", "", false, false});
    for (ConsoleView& view : views) {
      const process::ConsoleLog log(self->console_dir(), view.name);
      view.begin = log.begin();
      view.end = log.end();
    }
    co_return views;
  };
  co_return co_await here(look(shared_from_this()));
}

Task<Result<void>> Session::write_console(std::string console, Bytes bytes) {
  auto write = [](std::shared_ptr<Session> self, std::string name, Bytes data) -> Task<Result<void>> {
    bool known = name == "semihosting" && self->plan_.semihosting;
    for (const board::Console& each : self->plan_.consoles) known |= each.name == name;
    if (!known && RttConsoles::is_name(name)) {
      for (const RttConsoles::Channel& each : self->rtt_->channels())
        if (each.console == name && each.input) co_return co_await self->rtt_->write(std::move(name), std::move(data));
      co_return fail(ErrorCode::CONSOLE_NOT_FOUND, "the program has no RTT channel '{}' that takes input", name);
    }
    if (name == "emulator") co_return fail(ErrorCode::CONSOLE_CLOSED, "the emulator's own output takes no input");
    if (!known) co_return fail(ErrorCode::CONSOLE_NOT_FOUND, "the session has no console '{}'", name);
    const auto engine = self->engine_;
    if (!engine) co_return fail(ErrorCode::CONSOLE_CLOSED, "the board is off: power it on to type on {}", name);
    co_return co_await engine->type(std::move(name), std::move(data));
  };
  co_return co_await here(write(shared_from_this(), std::move(console), std::move(bytes)));
}

}  // namespace virserver::session
