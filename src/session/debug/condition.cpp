#include "session/debug/condition.hpp"

namespace virserver::session {
namespace {

Error refusal(ErrorCode code, std::uint32_t column, std::string message) {
  return {code, fmt::format("the condition cannot be evaluated: {}", message), {{"column", column}}};
}

std::uint64_t shifted(std::uint64_t bits, bool is_unsigned, std::uint64_t count, bool left) {
  const bool negative = !is_unsigned && static_cast<std::int64_t>(bits) < 0;
  if (count >= 64) return !left && negative ? ~std::uint64_t{0} : 0;
  if (left) return bits << count;
  return is_unsigned ? bits >> count : static_cast<std::uint64_t>(static_cast<std::int64_t>(bits) >> count);
}

}  // namespace

Condition::Value Condition::widened(std::uint64_t bits, unsigned size, bool is_signed) {
  if (size >= 8) return {bits, !is_signed};
  const unsigned unused = 64 - 8 * size;
  bits <<= unused;
  return {is_signed ? static_cast<std::uint64_t>(static_cast<std::int64_t>(bits) >> unused) : bits >> unused, false};
}

Result<Condition::Value> Condition::binary(const Step& step, Value left, Value right) {
  const bool is_unsigned = left.is_unsigned || right.is_unsigned;
  const std::uint64_t a = left.bits, b = right.bits;
  const auto sa = static_cast<std::int64_t>(a), sb = static_cast<std::int64_t>(b);
  const auto truth = [](bool holds) { return Value{holds, false}; };
  switch (step.op) {
    case Op::multiply: return Value{a * b, is_unsigned};
    case Op::add: return Value{a + b, is_unsigned};
    case Op::subtract: return Value{a - b, is_unsigned};
    case Op::bit_and: return Value{a & b, is_unsigned};
    case Op::bit_xor: return Value{a ^ b, is_unsigned};
    case Op::bit_or: return Value{a | b, is_unsigned};
    case Op::divide:
    case Op::remainder: {
      const bool divide = step.op == Op::divide;
      if (b == 0) return fail(refusal(ErrorCode::INVALID_REQUEST, step.column, fmt::format("division by zero at column {}", step.column)));
      if (is_unsigned) return Value{divide ? a / b : a % b, true};
      if (sb == -1) return Value{divide ? 0 - a : 0, false};  // also of the smallest number, which wraps
      return Value{static_cast<std::uint64_t>(divide ? sa / sb : sa % sb), false};
    }
    case Op::shift_left: return Value{shifted(a, left.is_unsigned, b, true), left.is_unsigned};
    case Op::shift_right: return Value{shifted(a, left.is_unsigned, b, false), left.is_unsigned};
    case Op::less: return truth(is_unsigned ? a < b : sa < sb);
    case Op::less_equal: return truth(is_unsigned ? a <= b : sa <= sb);
    case Op::greater: return truth(is_unsigned ? a > b : sa > sb);
    case Op::greater_equal: return truth(is_unsigned ? a >= b : sa >= sb);
    case Op::equal: return truth(a == b);
    case Op::not_equal: return truth(a != b);
    default: return fail(ErrorCode::INTERNAL, "step {} of a condition is no binary operation", static_cast<int>(step.op));
  }
}

Task<Result<Condition::Value>> Condition::load(ConditionSource& source, const Step& step, std::uint64_t address, std::uint64_t size) const {
  auto bytes = co_await source.read_memory(address, size);
  if (!bytes) co_return pass(bytes);
  if (bytes->size() != size) co_return fail(ErrorCode::INTERNAL, "{} bytes of memory were read instead of {}", bytes->size(), size);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < size; ++i)
    bits = bits << 8 | std::to_integer<std::uint64_t>((*bytes)[source.big_endian() ? i : size - 1 - i]);
  co_return widened(bits, static_cast<unsigned>(size), step.type.is_signed);
}

// $register, name and &name.
Task<Result<Condition::Value>> Condition::named(ConditionSource& source, const Step& step) const {
  if (step.op != Op::reg) {
    auto symbol = co_await source.find_symbol(step.name);
    if (!symbol) co_return pass(symbol);
    if (*symbol && step.op == Op::address_of)
      co_return Value{(*symbol)->address, source.words_of_64_bits()};
    if (*symbol) {
      const std::uint64_t size = (*symbol)->size;
      if (size == 1 || size == 2 || size == 4 || size == 8) co_return co_await load(source, step, (*symbol)->address, size);
      co_return fail(refusal(ErrorCode::INVALID_REQUEST, step.column,
                             size == 0 ? fmt::format("the size of {} is not known; say how to read it, as in *(u32*)&{}", step.name, step.name)
                                       : fmt::format("{} has {} bytes, not 1, 2, 4 or 8; say which to read, as in *(u32*)(&{} + 4)",
                                                     step.name, size, step.name)));
    }
    if (step.op == Op::address_of)
      co_return fail(refusal(ErrorCode::INVALID_REQUEST, step.column, fmt::format("the program has no symbol {}", step.name)));
  }
  auto value = co_await source.read_register(step.name);
  if (!value) co_return pass(value);
  if (*value) co_return Value{(*value)->value, (*value)->bits >= 64};
  co_return fail(step.op == Op::reg
                     ? refusal(ErrorCode::REGISTER_NOT_FOUND, step.column, fmt::format("the processor has no register {}", step.name))
                     : refusal(ErrorCode::INVALID_REQUEST, step.column, fmt::format("there is no symbol and no register {}", step.name)));
}

Task<Result<std::uint64_t>> Condition::evaluate(ConditionSource& source) const {
  std::vector<Value> stack;  // the parser has seen to it that no step takes more than there is
  const auto pop = [&stack] {
    const Value value = stack.back();
    stack.pop_back();
    return value;
  };
  for (std::size_t at = 0; at < steps_.size(); ++at) {
    const Step& step = steps_[at];
    switch (step.op) {
      case Op::constant: stack.push_back({step.value, step.value >> 63 != 0}); break;
      case Op::reg:
      case Op::name:
      case Op::address_of: {
        auto value = co_await named(source, step);
        if (!value) co_return pass(value);
        stack.push_back(*value);
        break;
      }
      case Op::load: {
        const std::uint64_t size = step.type.size ? step.type.size : source.words_of_64_bits() ? 8 : 4;
        auto value = co_await load(source, step, pop().bits, size);
        if (!value) co_return pass(value);
        stack.push_back(*value);
        break;
      }
      case Op::cast: stack.back() = widened(stack.back().bits, step.type.size, step.type.is_signed); break;
      case Op::negate: stack.back().bits = 0 - stack.back().bits; break;
      case Op::invert: stack.back().bits = ~stack.back().bits; break;
      case Op::is_zero: stack.back() = {stack.back().bits == 0, false}; break;
      case Op::is_nonzero: stack.back() = {stack.back().bits != 0, false}; break;
      case Op::skip_if_zero:
      case Op::skip_if_nonzero: {
        const bool nonzero = pop().bits != 0;
        if (nonzero != (step.op == Op::skip_if_nonzero)) break;
        stack.push_back({nonzero, false});
        at = step.value - 1;
        break;
      }
      case Op::branch_if_zero:
        if (pop().bits == 0) at = step.value - 1;
        break;
      case Op::branch: at = step.value - 1; break;
      default: {
        const Value right = pop(), left = pop();
        auto value = binary(step, left, right);
        if (!value) co_return pass(value);
        stack.push_back(*value);
      }
    }
  }
  co_return stack.back().bits;
}

}  // namespace virserver::session
