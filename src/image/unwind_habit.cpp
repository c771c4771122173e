// Callers by the habits of the architecture, where there is no call frame information.
#include "image/unwinder.hpp"

namespace virserver::image {
namespace {

// Where a frame pointer leads to: addresses of what was saved, and the caller's stack pointer.
struct Places {
  std::uint64_t frame_pointer, link, stack;
};

std::optional<Places> places_at(Architecture architecture, bool thumb, std::uint64_t pointer, std::uint64_t word) {
  switch (architecture) {
    case Architecture::aarch64: case Architecture::x86: case Architecture::x86_64:
      return Places{pointer, pointer + word, pointer + 2 * word};
    case Architecture::riscv32: case Architecture::riscv64: return Places{pointer - 2 * word, pointer - word, pointer};
    case Architecture::arm: return thumb ? Places{pointer, pointer + 4, pointer + 8} : Places{pointer - 4, pointer, pointer + 4};
    default: return std::nullopt;
  }
}

}  // namespace

Unwinder::Caller Unwinder::by_habit(const State& state) {
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

std::optional<Prologue> Unwinder::read_prologue_of(const State& state) const {
  const auto symbol = info_ ? info_->symbol_at(state.lookup()) : std::nullopt;
  if (!symbol || symbol->symbol.kind == SymbolKind::object) return std::nullopt;
  return read_prologue(*info_, symbol->symbol.address, state.pc);
}

// `return_value` is the link register where the function has not saved it.
Unwinder::Caller Unwinder::by_prologue(const State& state, const Prologue& prologue, std::optional<std::uint64_t> return_value) {
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
std::optional<std::uint64_t> Unwinder::link_value(const State& state) const {
  if (!state.exact || !arch_.link_register) return std::nullopt;
  const auto value = at(state.values, *arch_.link_register);
  if (!value || !info_ || is_exception_return(*value)) return value;
  const auto here = info_->symbol_at(state.pc);
  const auto there = info_->symbol_at(return_address(*value));
  if (here && there && here->symbol.address == there->symbol.address) return std::nullopt;
  return value;
}

std::unexpected<Unwinder::End> Unwinder::no_caller(const State& state) const {
  if (need_) return end(UnwindEnd::need_memory, {});
  return end(UnwindEnd::no_rule, fmt::format("neither the file nor the registers tell the caller of {}", hex_address(state.pc)));
}

// PowerPC: every frame begins with a link to the one before it, which has room for the return address.
Unwinder::Caller Unwinder::by_back_chain(const State& state) {
  const auto sp = at(state.values, arch_.stack_pointer);
  const auto back = sp ? word(*sp) : std::nullopt;
  if (back && *back == 0) return end(UnwindEnd::outermost, "the outermost frame: it has no link to another one");
  if (!back || *back <= *sp) return no_caller(state);
  const auto saved = word(*back + 4);
  if (!saved) return no_caller(state);
  cfa_ = *back;
  return returned({.found_by = FoundBy::frame_pointer, .values = {{arch_.stack_pointer, *back}}}, *saved, false);
}

// SPARC: `save` gave a new window. The caller's is on the stack, where the emulator shows it also before it is spilled.
Unwinder::Caller Unwinder::by_window(const State& state) {
  const auto saved = at(state.values, 31), pointer = at(state.values, 30);
  if (!saved || !pointer) return no_caller(state);
  cfa_ = *pointer;
  State caller{.found_by = FoundBy::frame_pointer};
  for (unsigned n = 8; n < 16; ++n)
    if (const auto in = at(state.values, n + 16)) caller.values[n] = *in;
  for (unsigned n = 16; n < 32; ++n)
    if (const auto spilled = word(*pointer + 4 * (n - 16))) caller.values[n] = *spilled;
  caller.values[arch_.stack_pointer] = *pointer;
  if (need_) return no_caller(state);
  return returned(std::move(caller), *saved, false);
}

// The frame pointer of functions that keep one: it leads to the caller's and to the return address.
Unwinder::Caller Unwinder::by_frame_pointer(const State& state) {
  if (input_.architecture == Architecture::ppc) return by_back_chain(state);
  if (input_.architecture == Architecture::sparc) return by_window(state);
  const bool thumb = input_.cortex_m || (info_ && info_->impl_->symbols.content_at(state.pc) == Content::thumb);
  const unsigned number = input_.architecture == Architecture::arm && thumb ? 7 : arch_.frame_pointer.value_or(~0u);
  const auto pointer = at(state.values, number), sp = at(state.values, arch_.stack_pointer);
  if (pointer && *pointer == 0) return end(UnwindEnd::outermost, "the outermost frame: the frame pointer is 0");
  const auto places = pointer ? places_at(input_.architecture, thumb, *pointer, arch_.word) : std::nullopt;
  if (!places || *pointer % arch_.word || (sp && *pointer < *sp)) return no_caller(state);
  const auto saved = word(places->link), before = word(places->frame_pointer);
  if (!saved || !before) return no_caller(state);
  cfa_ = places->stack;
  State caller{.found_by = FoundBy::frame_pointer, .values = {{number, *before}, {arch_.stack_pointer, places->stack}}};
  return returned(std::move(caller), *saved, false);
}

}  // namespace virserver::image
