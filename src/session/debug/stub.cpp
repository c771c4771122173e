// The session's side of its debugger: the machine below the bridge, and the ways in.
#include <boost/json.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <map>

#include "backend/load_check.hpp"
#include "base/log.hpp"
#include "session/debug/socket_stream.hpp"
#include "session/here.hpp"

namespace virserver::session {

using namespace std::chrono_literals;

namespace {
// Stops and steps of a debugger come by the thousand; a state is announced once it has lasted.
constexpr auto settle_time = 50ms;
}  // namespace

// The functions hold the session's own machine of the moment; the bridge lives in the session.
gdb::Target Session::debug_target() {
  gdb::Target target;
  target.dial = [this] { return dial_stub(); };
  target.architecture = plan_.architecture;
  backend::Machine* machine = engine_ ? engine_->machine() : nullptr;
  if (!machine) return target;
  target.quirks = machine->quirks();
  target.version = machine->version();
  target.images = images_;
  target.mapped = machine->mapped();
  if (plan_.architecture == Architecture::arm && plan_.profile == 'M') target.vector_table = backend::vector_table(plan_);
  target.reset = [this] { return reset_machine(); };
  target.interrupt = [this] { return interrupt_machine(); };
  target.read_register = [this](std::string name) { return read_register_beside(std::move(name)); };
  target.monitor = [this](std::string command) { return ask_monitor(std::move(command)); };
  target.read_memory_running = [this](std::uint64_t address, std::size_t size) { return read_beside(address, size); };
  return target;
}

DebugHost Session::debug_host() {
  DebugHost host{*bridge_, plan_, services_.pool, {}, {}, {}, {}, {}};
  host.powered = [this] { return engine_ != nullptr; };
  host.paused = [this] { return engine_ && engine_->paused(); };
  host.programs = [this] { return debugged_programs(); };
  host.keep = [this](boost::json::array breakpoints) {
    row_.debug["breakpoints"] = std::move(breakpoints);
    save();
  };
  host.last_exit = [this] { return row_.last_exit; };
  return host;
}

void Session::keep_loaded() {
  boost::json::array ids;
  for (const std::string& id : loaded_) ids.emplace_back(id);
  row_.debug["loaded"] = std::move(ids);
}

void Session::restore_loaded() {
  const auto* kept = row_.debug.if_contains("loaded");
  if (!kept || !kept->is_array()) return;
  for (const auto& id : kept->get_array())
    if (id.is_string()) loaded_.emplace_back(id.get_string());
}

// What runs; of a board that is off, what its next power-on would load.
Task<Result<std::vector<ProgramFile>>> Session::debugged_programs() {
  auto rows = co_await programs();
  if (!rows) co_return pass(rows);
  std::vector<const store::ProgramRow*> chosen;
  if (engine_) {
    for (const store::ProgramRow& row : *rows)
      if (std::ranges::find(loaded_, row.id) != loaded_.end()) chosen.push_back(&row);
  } else {
    std::map<std::string, const store::ProgramRow*> by_role;
    for (const store::ProgramRow& row : *rows)
      if (row.status != "stopped") by_role[row.role] = &row;
    for (const auto& [role, row] : by_role) chosen.push_back(row);
  }
  std::vector<ProgramFile> files;
  for (const store::ProgramRow* row : chosen) {
    auto path = co_await services_.blobs.local_path(row->blob);
    if (!path) co_return pass(path);
    files.push_back({row->id, row->name, std::move(*path)});
  }
  co_return files;
}

namespace {
Error board_off() { return {ErrorCode::TARGET_OFF, "the board is off: power it on to debug it"}; }
}  // namespace

Task<Result<gdb::Target::Connection>> Session::dial_stub() {
  const auto engine = engine_;  // it may end by itself meanwhile
  if (!engine) co_return fail(board_off());
  if (!engine->machine()) co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "{} has no debugger", row_.backend);
  auto stub = co_await engine->machine()->open_stub();
  if (!stub) co_return pass(stub);
  co_return gdb::Target::Connection{std::move(stub->socket), stub->was_running};
}

Task<Result<void>> Session::reset_machine() {
  const auto engine = engine_;
  if (!engine) co_return fail(board_off());
  co_return co_await engine->machine()->reset();
}

Task<Result<void>> Session::interrupt_machine() {
  const auto engine = engine_;
  if (!engine) co_return fail(board_off());
  co_return co_await engine->machine()->interrupt();
}

Task<Result<std::uint64_t>> Session::read_register_beside(std::string name) {
  const auto engine = engine_;
  if (!engine) co_return fail(board_off());
  co_return co_await engine->machine()->read_register(std::move(name));
}

Task<Result<std::string>> Session::ask_monitor(std::string command) {
  const auto engine = engine_;
  if (!engine) co_return fail(board_off());
  co_return co_await engine->machine()->monitor(std::move(command));
}

Task<Result<Bytes>> Session::read_beside(std::uint64_t address, std::size_t size) {
  const auto engine = engine_;
  if (!engine) co_return fail(board_off());
  co_return co_await engine->machine()->read_memory(address, size);
}

// A new engine: whoever waits for this board is attached before its first instruction.
Task<> Session::connect_debugger(bool held, bool stay_paused) {
  bridge_->set_target(debug_target());
  co_await debugger_->before_start(held);
  if (!held) co_return;
  const auto ready = co_await bridge_->attach(stay_paused ? gdb::Bridge::Then::as_before : gdb::Bridge::Then::run);
  if (!ready) log::warn("session {}: its debugger could not be attached: {}", id_, ready.error().message);
}

bool Session::debugger_waits() const {
  return bridge_->subscribers(gdb::Bridge::Role::gdb) > 0 || !bridge_->breakpoints().empty() || debugger_->waits();
}
bool Session::debugger_attached() const { return bridge_->state() != gdb::TargetState::detached; }

// A state that the debugger caused. Another one within the settle time takes its place, and the same one as before is none.
void Session::settle(State state, std::string reason) {
  if (!debugger_attached()) {
    if (state_ != state) set_state(state, std::move(reason));
    return;
  }
  if (settling_to_ != state) ++settle_changes_;
  settling_to_ = state;
  settling_reason_ = std::move(reason);
  if (std::exchange(settling_, true)) return;
  auto later = [](std::shared_ptr<Session> self) -> Task<> {
    unsigned seen;
    do {  // it must have lasted
      seen = self->settle_changes_;
      asio::steady_timer timer(self->executor_, settle_time);
      co_await timer.async_wait(asio::use_awaitable);
    } while (seen != self->settle_changes_);
    self->settling_ = false;
    if (is_on(self->state_) && self->state_ != self->settling_to_) self->set_state(self->settling_to_, self->settling_reason_);
  };
  scope_.spawn(later(shared_from_this()));
}

void Session::follow_debugger(std::string why) {
  if (is_on(state_) && debugger_attached()) settle(bridge_->state() == gdb::TargetState::running ? State::running : State::paused, std::move(why));
}

Task<Result<std::uint16_t>> Session::open_gdb_port(std::uint16_t port) {
  auto open = [](std::shared_ptr<Session> self, std::uint16_t wanted) -> Task<Result<std::uint16_t>> {
    auto opened = self->doors_->listen(wanted);
    if (opened) self->row_.gdb_port = *opened;
    co_return opened;
  };
  co_return co_await here(open(shared_from_this(), port));
}

void Session::reopen_gdb_port() {
  auto port = doors_->listen(static_cast<std::uint16_t>(row_.gdb_port.value_or(0)));
  if (!port) {  // an earlier server's number, which somebody else has taken meanwhile
    log::warn("session {}: {}", id_, port.error().message);
    port = doors_->listen(0);
  }
  if (!port || row_.gdb_port == *port) return;
  row_.gdb_port = *port;
  save();
}

Task<Result<Fd>> Session::open_gdb() {
  auto open = [](std::shared_ptr<Session> self) -> Task<Result<Fd>> {
    if (self->state_ == State::destroyed) co_return fail(ErrorCode::SESSION_NOT_FOUND, "the session '{}' is deleted", self->id_);
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
      co_return fail(system_error(ErrorCode::STORAGE_ERROR, errno, "a connection to the debugger cannot be made"));
    Fd theirs(pair[0]);
    self->doors_->serve(std::make_unique<SocketStream>(self->executor_, Fd(pair[1])));
    co_return theirs;
  };
  co_return co_await here(open(shared_from_this()));
}

}  // namespace virserver::session
