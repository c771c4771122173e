// Life, symbols, and the use of a machine that stands. What the debugger does is in debugger_*.cpp.
#include "session/debug/debugger.hpp"

#include "base/log.hpp"
#include "session/debug/debugger_impl.hpp"

namespace virserver::session {

Debugger::Debugger(DebugHost host)
    : host_(std::move(host)), bridge_(host_.bridge), scope_(bridge_.executor(), "debugger"), symbols_lock_(bridge_.executor()),
      sync_lock_(bridge_.executor()) {
  owner_ = bridge_.join(*this, gdb::Bridge::Role::other);
  auto decide = [this](gdb::Client& client, gdb::StopReply stop) { return judge(client, std::move(stop)); };
  bridge_.set_judge(std::move(decide));
}

Debugger::~Debugger() = default;

Task<> Debugger::stop() {
  bridge_.set_judge({});
  closing_ = true;
  if (step_) step_->abandoned = true;
  co_await scope_.stop();
  co_await bridge_.leave(owner_, gdb::Bridge::Leave::vanish);
}

void Debugger::restore(const boost::json::array& breakpoints) { book_.from_json(breakpoints); }

void Debugger::programs_changed() { symbols_stale_ = true; }

Task<> Debugger::before_start(bool held) {
  symbols_stale_ = true;
  starting_ = held;
  if (!book_.empty()) co_await locate_all();
}

Task<std::shared_ptr<const Symbols>> Debugger::symbols() {
  const auto lock = co_await symbols_lock_.lock();
  if (!symbols_stale_ && symbols_) co_return symbols_;
  symbols_stale_ = false;
  auto files = co_await host_.programs();
  if (!files) {
    log::warn("the programs of a session cannot be looked at: {}", files.error().message);
    symbols_stale_ = true;
    if (!symbols_) symbols_ = std::make_shared<const Symbols>(std::vector<Symbols::Program>());
    co_return symbols_;
  }
  std::vector<std::string> ids;
  for (const ProgramFile& file : *files) ids.push_back(file.id);
  if (symbols_ && ids == symbols_of_) co_return symbols_;
  auto read = [list = std::move(*files)] { return Symbols::read(list); };
  symbols_ = co_await blocking(host_.pool, std::move(read));
  symbols_of_ = std::move(ids);
  co_return symbols_;
}

Task<Result<Symbols::Place>> Debugger::find_data(std::string text) {
  auto location = parse_location(text);
  if (!location) co_return pass(location);
  if (const auto* address = std::get_if<AddressLocation>(&*location)) {
    Symbols::Place place{{address->address}, 0, false, {}};
    co_return place;
  }
  auto find = [wanted = std::move(*location)](const Symbols& symbols) { return symbols.find_data(wanted); };
  co_return co_await with_symbols(std::move(find));
}

Result<void> Debugger::may_use(bool halt) const {
  if (!host_.powered()) return fail(ErrorCode::TARGET_OFF, "the board is off: power it on to debug it");
  const bool runs = bridge_.state() == gdb::TargetState::running || (bridge_.state() == gdb::TargetState::detached && !host_.paused());
  if (runs && !halt && !bridge_.target().quirks.answers_while_running)
    return fail(ErrorCode::TARGET_RUNNING, "the processor runs: pause it first, or ask with ?halt=true, which stops it for the moment that this takes");
  return {};
}

Task<Result<void>> Debugger::at_rest(bool halt, ClientUse use) {
  if (auto allowed = may_use(halt); !allowed) co_return allowed;
  co_return co_await bridge_.briefly(std::move(use));
}

Task<Result<gdb::ThreadId>> Debugger::thread_of(gdb::Client& client, std::optional<unsigned> core) {
  if (!core) co_return client.current_thread();
  auto ids = co_await client.thread_ids();
  if (!ids) co_return pass(ids);
  if (*core < ids->size()) co_return (*ids)[*core];
  co_return fail(ErrorCode::NOT_FOUND, "there is no core {}; the processor has {}", *core, ids->size());
}

Task<unsigned> Debugger::core_of(gdb::Client& client, gdb::ThreadId thread) {
  auto ids = co_await client.thread_ids();
  if (!ids) co_return 0;
  for (std::size_t i = 0; i < ids->size(); ++i)
    if ((*ids)[i] == thread) co_return static_cast<unsigned>(i);
  co_return 0;
}

std::uint64_t Debugger::number(const Bytes& value) const {
  std::uint64_t result = 0;
  const std::size_t size = std::min<std::size_t>(value.size(), 8);
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t at = host_.plan.big_endian ? value.size() - size + i : size - 1 - i;
    result = result << 8 | std::to_integer<std::uint64_t>(value[at]);
  }
  return result;
}

Task<std::optional<std::uint64_t>> Debugger::read_pointer(gdb::Client& client, const gdb::Register* reg, std::optional<gdb::ThreadId> thread) {
  if (!reg) co_return std::nullopt;
  auto value = co_await client.read_register(*reg, thread.value_or(client.current_thread()));
  if (!value) co_return std::nullopt;
  co_return number(*value);
}

}  // namespace virserver::session
