// One access to a modelled register, completed in the processor's place.
#include <algorithm>

#include "base/log.hpp"
#include "session/debug/register_player.hpp"

namespace virserver::session {

using image::kNoRegister;
using image::MemoryAccess;
using std::chrono::steady_clock;
using Outcome = gdb::Player::Played::Outcome;

namespace {

constexpr std::uint32_t it_bits = 0x0600fc00, thumb_bit = 1u << 5, carry_bit = 1u << 29;
constexpr int signal_illegal = 4;  // gdb's SIGILL
constexpr std::size_t max_sites = 4096;

std::vector<gdb::Bridge::Range> ranges_of(const image::ResolvedAccess& resolved) {
  std::vector<gdb::Bridge::Range> ranges;
  for (const auto& transfer : resolved.transfers) ranges.push_back({transfer.address, transfer.size});
  return ranges;
}

}  // namespace

std::uint64_t RegisterPlayer::number(const Bytes& bytes) const {
  std::uint64_t value = 0;
  const auto size = std::min<std::size_t>(bytes.size(), 8);
  for (std::size_t i = 0; i < size; ++i) {
    const auto at = host_.plan.big_endian ? bytes.size() - size + i : size - 1 - i;
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[at]);
  }
  return value;
}

void RegisterPlayer::add_write(std::vector<gdb::Client::RegisterValue>& writes, const gdb::Register* reg, std::uint64_t value) const {
  if (!reg) return;
  Bytes bytes(reg->size());
  for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 8); ++i)
    bytes[host_.plan.big_endian ? bytes.size() - 1 - i : i] = static_cast<std::byte>(value >> 8 * i);
  writes.push_back({*reg, std::move(bytes)});
}

bool RegisterPlayer::is_thumb(const Processor& processor) const {
  if (host_.plan.architecture != Architecture::arm) return false;
  return host_.plan.profile == 'M' || (processor.status & thumb_bit) != 0;
}

image::Code RegisterPlayer::code_of(const Site& site, std::uint64_t pc) const {
  return {.architecture = host_.plan.architecture,
          .thumb = site.thumb,
          .cortex_m = host_.plan.profile == 'M' && host_.plan.architecture == Architecture::arm,
          .big_endian = host_.plan.big_endian,
          .address = pc,
          .bytes = std::span(site.bytes).first(site.size)};
}

Task<Result<RegisterPlayer::Site>> RegisterPlayer::site_at(gdb::Client& client, std::uint64_t pc, bool thumb) {
  if (const auto known = sites_.find(pc); known != sites_.end() && known->second.thumb == thumb) co_return known->second;
  Site site{.thumb = thumb};
  for (const std::size_t size : {4, 2}) {  // a short one may be the last of its memory
    auto bytes = co_await client.read_memory(pc, size, client.current_thread());
    if (!bytes && client.closed()) co_return pass(bytes);
    if (!bytes) continue;
    std::ranges::copy(*bytes, site.bytes.begin());
    site.size = bytes->size();
    break;
  }
  site.access = image::decode_memory_access(code_of(site, pc));
  const bool fixed = std::ranges::any_of(host_.plan.memory, [pc](const backend::MemoryRegion& region) {
    return !region.writable && pc - region.address < region.size;
  });
  if (fixed && sites_.size() < max_sites) sites_[pc] = site;
  co_return site;
}

Task<Result<RegisterPlayer::Instruction>> RegisterPlayer::look(gdb::Client& client) {
  if (registers_.empty()) co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "the emulator does not name the processor's registers");
  auto values = co_await client.read_registers(registers_, client.current_thread());
  if (!values) co_return pass(values);
  Instruction instruction;
  Processor& processor = instruction.processor;
  for (std::size_t i = 0; i < values->size(); ++i) {
    if (!(*values)[i]) co_return fail(ErrorCode::REGISTER_UNAVAILABLE, "the emulator does not give the register {}", registers_[i].name);
    const auto value = number(*(*values)[i]);
    if (i < general_) processor.values.push_back(value);
    else if (i == general_) processor.pc = value;
    else processor.status = value;
  }
  auto site = co_await site_at(client, processor.pc, is_thumb(processor));
  if (!site) co_return pass(site);
  instruction.site = std::move(*site);
  if (instruction.site.access) {
    const auto value_of = [&](image::RegisterNumber reg) { return reg < processor.values.size() ? processor.values[reg] : 0; };
    instruction.resolved = image::resolve(*instruction.site.access, code_of(instruction.site, processor.pc), value_of,
                                          (processor.status & carry_bit) != 0);
  }
  co_return instruction;
}

bool RegisterPlayer::concerns(const image::ResolvedAccess& resolved) const {
  return std::ranges::any_of(resolved.transfers, [this](const auto& transfer) { return bank_.covers(transfer.address, transfer.size); });
}

bool RegisterPlayer::is_own_watch(const gdb::StopReply& stop) const {
  const auto watches = bank_.watches();
  return stop.watch_address && std::ranges::any_of(watches, [&](const auto& watch) { return *stop.watch_address - watch.address < watch.size; });
}

bool RegisterPlayer::others_watch(const image::ResolvedAccess& resolved, gdb::StopReply& stop) const {
  using enum gdb::BreakpointType;
  using Reason = gdb::StopReply::Reason;
  for (const auto& place : host_.bridge.breakpoints().all()) {
    if (!place.is_watch() || !host_.bridge.breakpoints().others_have(owner_, place)) continue;
    for (const auto& transfer : resolved.transfers) {
      const bool meets = transfer.address < place.address + place.kind && place.address < transfer.address + transfer.size;
      const bool told = place.type == access_watch || (place.type == read_watch && transfer.load) || (place.type == write_watch && transfer.store);
      if (!meets || !told) continue;
      stop.watch_address = place.address;
      stop.reason = place.type == access_watch ? Reason::access_watch : place.type == read_watch ? Reason::read_watch : Reason::watch;
      return true;
    }
  }
  return false;
}

gdb::Player::Played RegisterPlayer::failed(gdb::StopReply stop, const Instruction* instruction, std::string_view why) const {
  const auto where = stop.watch_address ? block_at(*stop.watch_address) : std::string();
  stop.signal = signal_illegal;
  stop.reason = gdb::StopReply::Reason::signal;
  stop.watch_address.reset();
  if (instruction) {
    const auto bytes = std::span(instruction->site.bytes).first(instruction->site.size);
    stop.note = fmt::format("the instruction at {} (bytes {}) accesses the modelled registers of {} in a way that cannot be played: {}; "
                            "change the firmware there, or create the session with register_models: off",
                            hex_address(instruction->processor.pc), to_hex(bytes), where, why);
  } else {
    stop.note = fmt::format("an access to the modelled registers of {} cannot be played: {}", where, why);
  }
  log::warn("{}", stop.note);
  return {Outcome::failed, std::move(stop), {}};
}

Task<gdb::Player::Played> RegisterPlayer::play(gdb::Client& client, gdb::StopReply stop) {
  stand();
  const auto begun = steady_clock::now();
  const auto watched = stop.watch_address.value_or(0);
  auto played = co_await complete(client, std::move(stop));
  if (played.outcome == Outcome::done || played.outcome == Outcome::passed) {
    measure(watched, steady_clock::now() - begun);
    run();
  }
  co_return played;
}

Task<gdb::Player::Played> RegisterPlayer::complete(gdb::Client& client, gdb::StopReply stop) {
  auto instruction = co_await look(client);
  if (!instruction) co_return is_own_watch(stop) ? failed(std::move(stop), nullptr, instruction.error().message)
                                                 : Played{Outcome::not_mine, std::move(stop), {}};
  if (!instruction->site.access) {
    if (!is_own_watch(stop)) co_return Played{Outcome::not_mine, std::move(stop), {}};
    co_return failed(std::move(stop), &*instruction, instruction->site.access.error());
  }
  if (others_watch(instruction->resolved, stop)) co_return Played{Outcome::not_mine, std::move(stop), {}};
  if (!concerns(instruction->resolved)) {
    if (!is_own_watch(stop)) co_return Played{Outcome::not_mine, std::move(stop), {}};
    co_return failed(std::move(stop), &*instruction, "it is decoded as an access elsewhere");
  }
  auto played = co_await perform(client, *instruction);
  if (!played) co_return failed(std::move(stop), &*instruction, played.error().message);
  co_return std::move(*played);
}

registers::Answer RegisterPlayer::ask(bool store, std::uint64_t address, unsigned size, std::uint64_t value) {
  const auto at = now();
  auto answer = store ? bank_.write(address, size, value, at) : bank_.read(address, size, at);
  const auto kind = store ? RegisterJournal::Kind::write : RegisterJournal::Kind::read;
  journal_.append({.now = at, .address = address, .value = value, .kind = kind, .width = static_cast<std::uint8_t>(size)}, bank_);
  return answer;
}

Task<> RegisterPlayer::drive(const std::vector<registers::LineChange>& changes) {
  for (const registers::LineChange& change : changes) {
    auto driven = co_await host_.set_line(change.line, change.level);
    if (!driven && !std::exchange(lines_refused_, true)) log::warn("interrupt lines of register models are not driven: {}", driven.error().message);
  }
}

Task<Result<gdb::Player::Played>> RegisterPlayer::perform(gdb::Client& client, const Instruction& instruction) {
  const MemoryAccess& access = *instruction.site.access;
  const auto& processor = instruction.processor;
  const auto& transfers = instruction.resolved.transfers;
  const auto value_of = [&](image::RegisterNumber reg) { return reg < processor.values.size() ? processor.values[reg] : std::uint64_t{0}; };
  Played played{Outcome::done, {}, {}};
  std::vector<registers::LineChange> changes;
  std::vector<std::uint64_t> loaded(transfers.size());
  std::vector<bool> by_device(transfers.size());
  const auto take = [&](std::size_t i, registers::Answer answer) {
    changes.insert(changes.end(), answer.changes.begin(), answer.changes.end());
    if (answer.device) by_device[i] = true;
    return answer.value;
  };
  for (std::size_t i = 0; i < transfers.size(); ++i) {
    const auto& transfer = transfers[i];
    if (transfer.load) loaded[i] = take(i, ask(false, transfer.address, transfer.size, 0));
    const auto stored = access.kind == MemoryAccess::Kind::modify
                            ? image::modified(access, loaded[i], value_of(access.operand), value_of(transfer.reg))
                            : transfer.value;
    if (transfer.store) take(i, ask(true, transfer.address, transfer.size, stored));
  }
  const auto devices = static_cast<std::size_t>(std::ranges::count(by_device, true));
  if (devices == transfers.size() || access.exclusive) {
    auto happened = co_await host_.bridge.let_access_happen(ranges_of(instruction.resolved));
    if (!happened) co_return pass(happened);
    played.outcome = Outcome::passed;
  }
  for (std::size_t i = 0; i < transfers.size() && devices < transfers.size(); ++i) {
    if (by_device[i] && transfers[i].store)
      co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "it stores to modelled registers and to a device of the machine at once");
    if (by_device[i] && played.outcome == Outcome::done) {
      auto bytes = co_await client.read_memory(transfers[i].address, transfers[i].size, client.current_thread());
      if (!bytes) co_return pass(bytes);
      loaded[i] = number(*bytes);
    }
    if (transfers[i].reg != kNoRegister && !(by_device[i] && played.outcome == Outcome::passed))
      add_write(played.writes, &registers_[transfers[i].reg], image::loaded(access, loaded[i]));
  }
  if (played.outcome == Outcome::done) {
    for (const auto& write : instruction.resolved.writes)
      if (write.reg != kNoRegister) add_write(played.writes, &registers_[write.reg], write.value);
    if (instruction.site.thumb && (processor.status & it_bits) != 0)
      add_write(played.writes, &registers_.back(), image::after_it_instruction(static_cast<std::uint32_t>(processor.status)));
    add_write(played.writes, &registers_[general_], processor.pc + access.length);
  }
  // A device of the machine may have lowered a line that it shares with a model.
  if (played.outcome == Outcome::passed)
    for (const unsigned line : bank_.raised()) changes.push_back({line, true});
  co_await drive(changes);
  co_return played;
}

Task<bool> RegisterPlayer::waits_at_access() {
  bool waits = false;
  auto at_rest = [this, &waits](gdb::Client& client) -> Task<Result<void>> {
    auto instruction = co_await look(client);
    waits = instruction && instruction->site.access && concerns(instruction->resolved);
    co_return Result<void>();
  };
  auto looked = co_await host_.bridge.briefly(std::move(at_rest));
  co_return looked && waits;
}

}  // namespace virserver::session
