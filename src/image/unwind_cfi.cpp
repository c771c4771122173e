// Callers by call frame information.
#include "image/dwarf_expression.hpp"
#include "image/unwinder.hpp"

namespace virserver::image {

Unwinder::Caller Unwinder::by_cfi(const State& state, const CfiRow& row) {
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
std::optional<std::uint64_t> Unwinder::inherited(const State& state, const CfiRow& row, std::uint64_t cfa, unsigned n) {
  if (row.window_saved && n >= 8 && n < 16) return at(state.values, n + 16);
  if (row.window_saved && n >= 16 && n < 32) return word(cfa + (n - 16) * arch_.word);
  if (n == arch_.stack_pointer) return cfa;
  return arch_.preserved(n) ? at(state.values, n) : std::nullopt;
}

}  // namespace virserver::image
