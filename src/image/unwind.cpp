#include "image/unwind.hpp"

#include <algorithm>
#include <set>

#include "image/unwinder.hpp"

namespace virserver::image {
namespace {

constexpr std::size_t most_frames = 256;

}  // namespace

Unwinder::Unwinder(const DebugInfo* info, const UnwindInput& input, const UnwindArchitecture& architecture)
    : input_(input), arch_(architecture) {
  if (!info || info->architecture() != input.architecture) return;
  info_ = info;
  const std::lock_guard lock(info->impl_->mutex);
  cfi_ = &info->impl_->cfi();
}

Backtrace Unwinder::run() {
  Backtrace trace;
  State state;
  if (!start(state)) {
    trace.end = UnwindEnd::no_rule;
    trace.reason = "the program counter is not among the registers";
    return trace;
  }
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  const std::size_t limit = std::clamp<std::size_t>(input_.max_frames, 1, most_frames);
  for (;;) {
    trace.frames.push_back(frame(state));
    if (trace.frames.size() == limit) {
      finish(trace, {UnwindEnd::limit, fmt::format("there may be more than {} frames", limit)});
      return trace;
    }
    cfa_ = 0;
    auto caller = step(state);
    trace.frames.back().cfa = cfa_;
    if (!caller) {
      finish(trace, caller.error());
      return trace;
    }
    if (!seen.emplace(caller->pc, at(caller->values, arch_.stack_pointer).value_or(0)).second) {
      finish(trace, {UnwindEnd::loop, fmt::format("the caller at {} was there before", hex_address(caller->pc))});
      return trace;
    }
    state = std::move(*caller);
  }
}

void Unwinder::finish(Backtrace& trace, End why) const {
  trace.need = need_;
  trace.end = need_ ? UnwindEnd::need_memory : why.end;
  trace.reason = std::move(why.reason);
  if (need_) trace.reason = fmt::format("{} bytes at {} are needed", need_->size, hex_address(need_->address));
}

std::optional<std::uint64_t> Unwinder::given(std::string_view name) const {
  auto found = input_.registers.find(name);
  if (found == input_.registers.end())
    if (const auto other = other_name(input_.architecture, name); !other.empty()) found = input_.registers.find(other);
  return found == input_.registers.end() ? std::nullopt : std::optional(mask(found->second));
}

bool Unwinder::start(State& state) const {
  auto pc = given("pc");
  if (!pc) pc = given("eip");
  if (!pc) pc = given("rip");
  if (!pc) return false;
  state.pc = input_.architecture == Architecture::arm ? *pc & ~1ull : *pc;
  state.exact = true;
  state.xpsr = given("xpsr");
  for (unsigned i = 0; i < arch_.names.size(); ++i)
    if (const auto value = given(arch_.names[i])) state.values[i] = *value;
  return true;
}

UnwoundFrame Unwinder::frame(const State& state) const {
  UnwoundFrame frame{.pc = state.pc, .lookup = state.lookup(), .found_by = state.found_by,
                     .interrupted = state.found_by == FoundBy::exception_frame};
  for (const auto& [number, value] : state.values)
    if (number < arch_.names.size()) frame.registers.emplace(arch_.names[number], value);
  frame.registers["pc"] = state.pc;
  if (state.xpsr) frame.registers["xpsr"] = *state.xpsr;
  return frame;
}

std::optional<std::uint64_t> Unwinder::memory(std::uint64_t address, unsigned size) {
  address = mask(address);
  for (const MemoryWindow& window : input_.memory) {
    if (address < window.address) continue;
    const std::uint64_t offset = address - window.address;
    if (offset >= window.bytes.size() || window.bytes.size() - offset < size) continue;
    std::uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i)
      value |= std::to_integer<std::uint64_t>(window.bytes[offset + i]) << 8 * (input_.big_endian ? size - 1 - i : i);
    return value;
  }
  if (!need_) need_ = {address, size};
  return std::nullopt;
}

bool Unwinder::is_code(std::uint64_t address) const {
  return info_ ? info_->impl_->file.executable(address) != nullptr : address != 0;
}

Unwinder::Caller Unwinder::step(const State& state) {
  if (cfi_)
    if (const auto row = cfi_->row(state.lookup())) return by_cfi(state, *row);
  return by_habit(state);
}

Backtrace unwind(const DebugInfo* info, const UnwindInput& input) {
  const UnwindArchitecture* const architecture = unwind_architecture(input.architecture);
  if (architecture) return Unwinder(info, input, *architecture).run();
  Backtrace trace{.end = UnwindEnd::no_rule,
                  .reason = fmt::format("there are no backtraces for {}", to_string(input.architecture))};
  if (const auto pc = input.registers.find("pc"); pc != input.registers.end())
    trace.frames.push_back({.pc = pc->second, .lookup = pc->second, .registers = input.registers});
  return trace;
}

std::string_view to_string(FoundBy found_by) {
  switch (found_by) {
    case FoundBy::registers: return "registers";
    case FoundBy::cfi: return "cfi";
    case FoundBy::prologue: return "prologue";
    case FoundBy::link_register: return "link_register";
    case FoundBy::frame_pointer: return "frame_pointer";
    case FoundBy::exception_frame: break;
  }
  return "exception_frame";
}

}  // namespace virserver::image
