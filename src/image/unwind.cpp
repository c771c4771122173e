#include "image/unwind.hpp"

#include <algorithm>
#include <set>

#include "image/cfi.hpp"
#include "image/debug_info_impl.hpp"
#include "image/disassemble.hpp"
#include "image/dwarf_expression.hpp"
#include "image/prologue.hpp"
#include "image/unwind_architecture.hpp"

namespace virserver::image {
namespace {

constexpr std::size_t most_frames = 256;

using Values = std::map<unsigned, std::uint64_t>;  // by DWARF number

struct State {
  std::uint64_t pc = 0;
  bool exact = false;  // the instruction at pc has not run yet: innermost, or interrupted; else pc is where a call returns to
  FoundBy found_by = FoundBy::registers;
  Values values;
  std::optional<std::uint64_t> xpsr;

  std::uint64_t lookup() const { return exact || pc == 0 ? pc : pc - 1; }
};

std::optional<std::uint64_t> at(const Values& values, unsigned number) {
  const auto found = values.find(number);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

// Why there is no caller.
struct End {
  UnwindEnd end;
  std::string reason;
};

}  // namespace

class Unwinder {
 public:
  Unwinder(const DebugInfo* info, const UnwindInput& input, const UnwindArchitecture& architecture)
      : input_(input), arch_(architecture) {
    if (!info || info->architecture() != input.architecture) return;
    info_ = info;
    const std::lock_guard lock(info->impl_->mutex);
    cfi_ = &info->impl_->cfi();
  }

  Backtrace run() {
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

 private:
  using Caller = std::expected<State, End>;

  static std::unexpected<End> end(UnwindEnd why, std::string reason) { return std::unexpected(End{why, std::move(reason)}); }

  void finish(Backtrace& trace, End why) const {
    trace.need = need_;
    trace.end = need_ ? UnwindEnd::need_memory : why.end;
    trace.reason = std::move(why.reason);
    if (need_) trace.reason = fmt::format("{} bytes at {} are needed", need_->size, hex_address(need_->address));
  }

  std::uint64_t mask(std::uint64_t value) const { return arch_.word == 4 ? value & 0xffffffff : value; }

  std::optional<std::uint64_t> given(std::string_view name) const {
    auto found = input_.registers.find(name);
    if (found == input_.registers.end())
      if (const auto other = other_name(input_.architecture, name); !other.empty()) found = input_.registers.find(other);
    return found == input_.registers.end() ? std::nullopt : std::optional(mask(found->second));
  }

  bool start(State& state) const {
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

  UnwoundFrame frame(const State& state) const {
    UnwoundFrame frame{.pc = state.pc, .lookup = state.lookup(), .found_by = state.found_by,
                       .interrupted = state.found_by == FoundBy::exception_frame};
    for (const auto& [number, value] : state.values)
      if (number < arch_.names.size()) frame.registers.emplace(arch_.names[number], value);
    frame.registers["pc"] = state.pc;
    if (state.xpsr) frame.registers["xpsr"] = *state.xpsr;
    return frame;
  }

  std::optional<std::uint64_t> memory(std::uint64_t address, unsigned size) {
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
  std::optional<std::uint64_t> word(std::uint64_t address) { return memory(address, arch_.word); }

  bool is_code(std::uint64_t address) const {
    return info_ ? info_->impl_->file.executable(address) != nullptr : address != 0;
  }

  Caller step(const State& state) {
    if (cfi_)
      if (const auto row = cfi_->row(state.lookup())) return by_cfi(state, *row);
    return by_habit(state);
  }

  // --- by call frame information

  Caller by_cfi(const State& state, const CfiRow& row) {
    const ExpressionContext context{
        .word = arch_.word,
        .big_endian = input_.big_endian,
        .reg = [&](unsigned n) { return at(state.values, canonical_register(input_.architecture, n)); },
        .memory = [&](std::uint64_t address, unsigned size) { return memory(address, size); }};
    std::optional<std::uint64_t> cfa;
    if (row.cfa.kind == CfiRule::Kind::in_register) {
      cfa = context.reg(row.cfa.number);
      if (cfa) cfa = mask(*cfa + static_cast<std::uint64_t>(row.cfa.offset));
    } else if (row.cfa.kind == CfiRule::Kind::value_expression) {
      cfa = evaluate(row.cfa.expression, context, std::nullopt);
    }
    if (!cfa) return end(UnwindEnd::no_rule, fmt::format("where the frame of {} lies is not known", hex_address(state.pc)));
    cfa_ = *cfa;

    State caller{.found_by = FoundBy::cfi};
    const unsigned link = canonical_register(input_.architecture, row.return_register);
    std::optional<std::uint64_t> return_value;
    bool no_caller = false;
    const auto apply = [&](unsigned number, const CfiRule& rule) -> std::optional<std::uint64_t> {
      switch (rule.kind) {
        case CfiRule::Kind::same_value: return at(state.values, number);
        case CfiRule::Kind::offset: return word(*cfa + static_cast<std::uint64_t>(rule.offset));
        case CfiRule::Kind::value_offset: return mask(*cfa + static_cast<std::uint64_t>(rule.offset));
        case CfiRule::Kind::in_register: return context.reg(rule.number);
        case CfiRule::Kind::expression: {
          const auto address = evaluate(rule.expression, context, cfa);
          return address ? word(*address) : std::nullopt;
        }
        case CfiRule::Kind::value_expression: return evaluate(rule.expression, context, cfa);
        default: return std::nullopt;
      }
    };
    for (unsigned n = 0; n < arch_.names.size(); ++n)
      if (const auto value = inherited(state, row, *cfa, n)) caller.values[n] = *value;
    bool link_rule = false;
    for (const auto& [number, rule] : row.registers) {
      const unsigned n = canonical_register(input_.architecture, number);
      const auto value = apply(n, rule);
      if (n == link) {
        link_rule = rule.kind != CfiRule::Kind::same_value && rule.kind != CfiRule::Kind::unspecified;
        no_caller = rule.kind == CfiRule::Kind::undefined;
        return_value = value;
      }
      if (value) caller.values[n] = *value;
      else caller.values.erase(n);
    }
    if (!link_rule && !no_caller) {
      // The return address is still in the link register. A function that calls others without saving it never returns.
      if (!state.exact) no_caller = true;
      else return_value = at(state.values, link);
    }
    if (no_caller) return end(UnwindEnd::outermost, "the outermost function, which does not return");
    if (need_) return end(UnwindEnd::need_memory, {});
    if (!return_value) return end(UnwindEnd::no_rule, fmt::format("where {} returns to is not known", hex_address(state.pc)));
    return returned(std::move(caller), *return_value, row.signal_frame);
  }

  // What a register of the caller is without a rule of its own.
  std::optional<std::uint64_t> inherited(const State& state, const CfiRow& row, std::uint64_t cfa, unsigned n) {
    if (row.window_saved && n >= 8 && n < 16) return at(state.values, n + 16);
    if (row.window_saved && n >= 16 && n < 32) return word(cfa + (n - 16) * arch_.word);
    if (n == arch_.stack_pointer) return cfa;
    return arch_.preserved(n) ? at(state.values, n) : std::nullopt;
  }

  // --- by the habits of the architecture

  Caller by_habit(const State& state) {
    const auto prologue = read_prologue_of(state);
    if (prologue && prologue->new_window) return by_frame_pointer(state);
    const bool link_saved = prologue && arch_.link_register && prologue->saved.contains(*arch_.link_register);
    const auto value = link_saved ? std::nullopt : link_value(state);
    if (prologue && (link_saved || value)) return by_prologue(state, *prologue, value);
    if (!value) return by_frame_pointer(state);
    State caller{.found_by = FoundBy::link_register, .values = state.values};
    caller.values.erase(*arch_.link_register);
    cfa_ = at(state.values, arch_.stack_pointer).value_or(0);
    return returned(std::move(caller), *value, false);
  }

  std::optional<Prologue> read_prologue_of(const State& state) const {
    const auto symbol = info_ ? info_->symbol_at(state.lookup()) : std::nullopt;
    if (!symbol || symbol->symbol.kind == SymbolKind::object) return std::nullopt;
    return read_prologue(*info_, symbol->symbol.address, state.pc);
  }

  // `return_value` is the link register where the function has not saved it.
  Caller by_prologue(const State& state, const Prologue& prologue, std::optional<std::uint64_t> return_value) {
    const auto pointer = prologue.frame_register ? at(state.values, *prologue.frame_register) : std::nullopt;
    const auto sp = at(state.values, arch_.stack_pointer);
    if (!pointer && !sp) return end(UnwindEnd::no_rule, "the stack pointer is not known");
    const std::uint64_t cfa = mask(pointer ? *pointer - static_cast<std::uint64_t>(prologue.frame_offset)
                                           : *sp - static_cast<std::uint64_t>(prologue.stack_pointer));
    cfa_ = cfa;
    State caller{.found_by = return_value ? FoundBy::link_register : FoundBy::prologue};
    for (unsigned n = 0; n < arch_.names.size(); ++n)
      if (const auto value = at(state.values, n); value && arch_.preserved(n)) caller.values[n] = *value;
    caller.values[arch_.stack_pointer] = cfa;
    for (const auto& [number, offset] : prologue.saved) {
      const auto value = word(cfa + static_cast<std::uint64_t>(offset));
      if (!value) return end(UnwindEnd::need_memory, {});
      if (number == *arch_.link_register) return_value = *value;
      else caller.values[number] = *value;
    }
    return returned(std::move(caller), *return_value, false);
  }

  // The link register of a function that has not called anything yet. After a call it points into the function itself.
  std::optional<std::uint64_t> link_value(const State& state) const {
    if (!state.exact || !arch_.link_register) return std::nullopt;
    const auto value = at(state.values, *arch_.link_register);
    if (!value || !info_ || is_exception_return(*value)) return value;
    const auto here = info_->symbol_at(state.pc);
    const auto there = info_->symbol_at(return_address(*value));
    if (here && there && here->symbol.address == there->symbol.address) return std::nullopt;
    return value;
  }

  struct Linked {
    std::uint64_t saved_frame_pointer, saved_link, stack;  // addresses, and the caller's stack pointer
  };

  std::optional<Linked> linked(std::uint64_t pointer, bool thumb) const {
    const std::uint64_t w = arch_.word;
    switch (input_.architecture) {
      case Architecture::aarch64: case Architecture::x86: case Architecture::x86_64:
        return Linked{pointer, pointer + w, pointer + 2 * w};
      case Architecture::riscv32: case Architecture::riscv64: return Linked{pointer - 2 * w, pointer - w, pointer};
      case Architecture::arm: return thumb ? Linked{pointer, pointer + 4, pointer + 8} : Linked{pointer - 4, pointer, pointer + 4};
      default: return std::nullopt;
    }
  }

  Caller by_frame_pointer(const State& state) {
    const auto unknown = [&] {
      return end(UnwindEnd::no_rule, fmt::format("neither the file nor the registers tell the caller of {}", hex_address(state.pc)));
    };
    const auto sp = at(state.values, arch_.stack_pointer);
    State caller{.found_by = FoundBy::frame_pointer};
    std::uint64_t value = 0;
    if (input_.architecture == Architecture::ppc) {
      // Every frame begins with a link to the one before it, which has room for the return address.
      const auto back = sp ? word(*sp) : std::nullopt;
      if (back && *back == 0) return end(UnwindEnd::outermost, "the outermost frame: it has no link to another one");
      const auto saved = back ? word(*back + 4) : std::nullopt;
      if (!saved || *back <= *sp) return need_ ? Caller(end(UnwindEnd::need_memory, {})) : Caller(unknown());
      caller.values[arch_.stack_pointer] = cfa_ = *back;
      value = *saved;
    } else if (input_.architecture == Architecture::sparc) {
      const auto saved = at(state.values, 31), pointer = at(state.values, 30);
      if (!saved || !pointer) return unknown();
      // `save` gave a new window: the caller's is on the stack, where the emulator shows it also before it is spilled.
      caller.values[arch_.stack_pointer] = cfa_ = *pointer;
      for (unsigned n = 8; n < 16; ++n)
        if (const auto in = at(state.values, n + 16)) caller.values[n] = *in;
      for (unsigned n = 16; n < 32; ++n)
        if (const auto spilled = word(*pointer + 4 * (n - 16))) caller.values[n] = *spilled;
      if (need_) return end(UnwindEnd::need_memory, {});
      value = *saved;
    } else {
      const bool thumb = input_.cortex_m || (info_ && info_->impl_->symbols.content_at(state.pc) == Content::thumb);
      const unsigned number = input_.architecture == Architecture::arm && thumb ? 7 : arch_.frame_pointer.value_or(~0u);
      const auto pointer = at(state.values, number);
      if (pointer && *pointer == 0) return end(UnwindEnd::outermost, "the outermost frame: the frame pointer is 0");
      const auto places = pointer ? linked(*pointer, thumb) : std::nullopt;
      if (!places || *pointer % arch_.word || (sp && *pointer < *sp)) return unknown();
      const auto saved = word(places->saved_link), before = word(places->saved_frame_pointer);
      if (!saved || !before) return end(UnwindEnd::need_memory, {});
      caller.values[number] = *before;
      caller.values[arch_.stack_pointer] = cfa_ = places->stack;
      value = *saved;
    }
    return returned(std::move(caller), value, false);
  }

  // --- what a return address means

  std::uint64_t return_address(std::uint64_t value) const {
    switch (input_.architecture) {
      case Architecture::arm: case Architecture::riscv32: case Architecture::riscv64: case Architecture::mips:
        return mask(value & ~1ull);
      case Architecture::aarch64:
        // Signed ones (pointer authentication) have a code in the bits that no address uses.
        return value & (1ull << 55) ? value | 0xffff000000000000 : value & 0x0000ffffffffffff;
      default: return mask(value + arch_.return_offset);
    }
  }

  bool is_exception_return(std::uint64_t value) const {
    return input_.cortex_m && input_.architecture == Architecture::arm && (value & 0xff000000) == 0xff000000 && value != 0xffffffff;
  }

  Caller returned(State caller, std::uint64_t value, bool signal_frame) {
    if (is_exception_return(value)) return exception_frame(std::move(caller), value);
    if (mask(value) == 0 || mask(value) == mask(~0ull))
      return end(UnwindEnd::outermost, "the outermost function: nothing called it");
    caller.pc = return_address(value);
    caller.exact = signal_frame;
    // A call of what never returns may be the last instruction of all: what counts is where the call is.
    if (!is_code(caller.lookup()))
      return end(UnwindEnd::bad_caller, fmt::format("the return address {} is no code of this program", hex_address(caller.pc)));
    if (!signal_frame && !follows_call(caller.pc))
      return end(UnwindEnd::outermost, fmt::format("the outermost function: it would go on at {}", info_->describe(caller.pc)));
    return caller;
  }

  // An operating system starts a task with a return address that no call left there: the start of a function.
  bool follows_call(std::uint64_t address) const {
    if (!info_ || input_.architecture == Architecture::x86 || input_.architecture == Architecture::x86_64) return true;
    const auto symbol = info_->symbol_at(address);
    if (!symbol || symbol->offset != 0 || symbol->symbol.kind != SymbolKind::function) return true;
    for (const std::uint64_t back : {std::uint64_t{4}, std::uint64_t{2}, std::uint64_t{8}}) {
      if (address < back || (back == 8) != (arch_.return_offset == 8)) continue;
      const Bytes bytes = info_->bytes(address - back, back == 8 ? 4 : back);
      const auto before = disassemble({.architecture = input_.architecture, .thumb = symbol->symbol.thumb,
                                       .cortex_m = input_.cortex_m, .big_endian = info_->code_big_endian(),
                                       .address = address - back, .bytes = bytes});
      if (before.size() == 1 && before[0].flow == Flow::call) return true;
    }
    return false;
  }

  // Armv7-M and Armv8-M Architecture Reference Manuals, "Exception entry": eight words, with an FPU perhaps 18 more, and
  // one word of padding if the stack was not aligned to eight bytes.
  Caller exception_frame(State handler, std::uint64_t exc_return) {
    auto sp = at(handler.values, arch_.stack_pointer);
    if (exc_return & 4) {
      sp = given("psp");
      if (!sp)
        return end(UnwindEnd::no_rule, "an exception came on the process stack, and the stub does not tell its pointer (psp)");
    }
    if (!sp) return end(UnwindEnd::no_rule, "an exception came, and the stack pointer is not known");
    constexpr unsigned stacked[] = {0, 1, 2, 3, 12, 14, 15};
    State caller{.exact = true, .found_by = FoundBy::exception_frame, .values = std::move(handler.values)};
    for (unsigned i = 0; i < std::size(stacked); ++i)
      if (const auto value = word(*sp + 4 * i)) caller.values[stacked[i]] = *value;
    caller.xpsr = word(*sp + 28);
    if (need_) {
      need_ = {*sp, 32};
      return end(UnwindEnd::need_memory, {});
    }
    caller.pc = caller.values[15] & ~1ull;
    caller.values.erase(15);
    const std::uint64_t size = exc_return & 0x10 ? 0x20 : 0x68;
    caller.values[arch_.stack_pointer] = mask(*sp + size + (*caller.xpsr & 1u << 9 ? 4 : 0));
    if (!is_code(caller.pc))
      return end(UnwindEnd::bad_caller, fmt::format("the interrupted address {} is no code of this program", hex_address(caller.pc)));
    return caller;
  }

  const DebugInfo* info_ = nullptr;
  const CfiTable* cfi_ = nullptr;
  const UnwindInput& input_;
  const UnwindArchitecture& arch_;
  std::optional<MemoryNeed> need_;
  std::uint64_t cfa_ = 0;
};

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
