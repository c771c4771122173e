// Life of the player: watchpoints, state, virtual time, load. The play of one access is in register_player_access.cpp.
#include "session/debug/register_player.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace virserver::session {

using std::chrono::steady_clock;

namespace {

gdb::Breakpoint breakpoint_of(const registers::Watch& watch) {
  using enum gdb::BreakpointType;
  return {watch.reads && watch.writes ? access_watch : watch.reads ? read_watch : write_watch, watch.address, watch.size};
}

}  // namespace

RegisterPlayer::RegisterPlayer(RegisterPlayerHost host, std::vector<registers::Block> blocks, bool bit_band)
    : host_(std::move(host)), blocks_(blocks), bit_band_(bit_band), bank_(std::move(blocks), bit_band), scope_(host_.bridge.executor(), "register models") {
  owner_ = host_.bridge.join(*this, gdb::Bridge::Role::other);
}

RegisterPlayer::~RegisterPlayer() = default;

Task<> RegisterPlayer::insert_watches() {
  co_await host_.bridge.set_player(this, owner_);
  if (std::exchange(watching_, true)) co_return;
  for (const registers::Watch& watch : bank_.watches()) {
    auto inserted = co_await host_.bridge.insert(owner_, breakpoint_of(watch));
    if (!inserted) log::warn("registers at {} are not modelled: {}", hex_address(watch.address), inserted.error().message);
  }
}

Task<> RegisterPlayer::start(std::filesystem::path directory) {
  stand();
  ran_ = {};
  meters_.clear();
  sites_.clear();
  lines_refused_ = false;
  (void)bank_.reset(0);
  auto begun = journal_.begin(std::move(directory), bank_);
  if (!begun) log::warn("{}; register models would begin at reset after a restart of the server", begun.error().message);
  co_await insert_watches();
}

Task<> RegisterPlayer::adopt(std::filesystem::path directory) {
  stand();
  auto resumed = journal_.resume(directory, bank_);
  if (resumed) {
    ran_ = std::chrono::nanoseconds(*resumed);
  } else {
    log::warn("{}; register models begin at reset", resumed.error().message);
    auto begun = journal_.begin(std::move(directory), bank_);
    if (!begun) log::warn("{}", begun.error().message);
  }
  co_await insert_watches();
}

Task<> RegisterPlayer::stop() {
  co_await host_.bridge.set_player(nullptr, 0);
  co_await scope_.stop();
  co_await host_.bridge.leave(owner_, gdb::Bridge::Leave::vanish);
  journal_.close();
}

// The processor's registers are known once the bridge is attached.
void RegisterPlayer::on_attached() {
  sites_.clear();
  registers_.clear();
  const auto& description = host_.bridge.description();
  general_ = host_.plan.architecture == Architecture::arm ? 16 : 32;
  for (std::size_t i = 0; i < general_; ++i)
    if (const auto* reg = description.find(static_cast<int>(i))) registers_.push_back(*reg);
  if (registers_.size() != general_) registers_.clear();
  if (const auto* pc = description.program_counter(); pc && !registers_.empty()) registers_.push_back(*pc);
  if (const auto* status = description.find("xpsr"); status && !registers_.empty()) registers_.push_back(*status);
  else if (const auto* cpsr = description.find("cpsr"); cpsr && !registers_.empty()) registers_.push_back(*cpsr);
}

void RegisterPlayer::machine_was_reset() {
  sites_.clear();
  const auto changes = bank_.reset(now());
  journal_.append({.now = now(), .kind = RegisterJournal::Kind::reset}, bank_);
  if (changes.empty()) return;
  auto fall = [](RegisterPlayer& self, std::vector<registers::LineChange> fallen) -> Task<> { co_await self.drive(fallen); };
  scope_.spawn(fall(*this, changes));
}

void RegisterPlayer::run() {
  if (std::exchange(running_, true)) return;
  running_since_ = steady_clock::now();
}

void RegisterPlayer::stand() {
  if (std::exchange(running_, false)) ran_ += steady_clock::now() - running_since_;
}

std::uint64_t RegisterPlayer::now() const {
  auto ran = ran_;
  if (running_) ran += steady_clock::now() - running_since_;
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(ran).count());
}

std::string RegisterPlayer::block_at(std::uint64_t address) const {
  if (const auto target = registers::bit_band_target(address); target && bit_band_) address = target->address;
  for (const registers::Block& block : blocks_)
    if (address - block.base < block.size) return block.name;
  return {};
}

void RegisterPlayer::measure(std::uint64_t address, steady_clock::duration spent) {
  constexpr auto window = std::chrono::seconds(1);
  const auto name = block_at(address);
  Meter& meter = meters_[name];
  const auto at = steady_clock::now();
  if (meter.count == 0) meter.since = at;
  ++meter.count;
  meter.busy += spent;
  const auto elapsed = at - meter.since;
  if (elapsed < window) return;
  const auto per_second = meter.count * 1'000'000'000ull / static_cast<std::uint64_t>(std::chrono::nanoseconds(elapsed).count());
  if (per_second > busy_rate && !std::exchange(meter.reported, true) && host_.on_load) {
    const RegisterLoad load{name, per_second, std::chrono::duration_cast<std::chrono::microseconds>(meter.busy / meter.count)};
    host_.on_load(load);
  }
  meter.count = 0;
  meter.busy = {};
}

}  // namespace virserver::session
