#include "image/dwarf_expression.hpp"

#include <dwarf.h>

#include <vector>

#include "image/byte_reader.hpp"

namespace virserver::image {
namespace {

constexpr int max_steps = 10'000;
constexpr std::size_t max_stack = 256;

class Evaluator {
 public:
  Evaluator(std::span<const std::byte> expression, const ExpressionContext& context)
      : expression_(expression), context_(context), reader_(expression, context.big_endian) {}

  std::optional<std::uint64_t> run(std::optional<std::uint64_t> initial) {
    if (initial) stack_.push_back(*initial);
    for (int steps = 0; !reader_.done(); ++steps)
      if (steps == max_steps || !step(reader_.u8()) || reader_.failed() || stack_.size() > max_stack) return std::nullopt;
    if (stack_.empty()) return std::nullopt;
    return mask(stack_.back());
  }

 private:
  std::uint64_t mask(std::uint64_t value) const { return context_.word == 4 ? value & 0xffffffff : value; }
  std::int64_t as_signed(std::uint64_t value) const {
    return context_.word == 4 ? static_cast<std::int32_t>(value) : static_cast<std::int64_t>(value);
  }
  bool push(std::uint64_t value) {
    stack_.push_back(mask(value));
    return true;
  }
  bool push(std::optional<std::uint64_t> value) { return value && push(*value); }
  bool pop(std::uint64_t& value) {
    if (stack_.empty()) return false;
    value = stack_.back();
    stack_.pop_back();
    return true;
  }
  bool pick(std::size_t depth) { return depth < stack_.size() && push(stack_[stack_.size() - 1 - depth]); }
  bool based(unsigned number) {
    const auto value = context_.reg(number);
    const std::int64_t offset = reader_.sleb128();
    return value && push(*value + static_cast<std::uint64_t>(offset));
  }
  bool dereference(unsigned size) {
    std::uint64_t address;
    return pop(address) && size >= 1 && size <= 8 && push(context_.memory(address, size));
  }
  bool jump() {
    const auto offset = static_cast<std::int16_t>(reader_.u16());
    const std::int64_t to = static_cast<std::int64_t>(reader_.position()) + offset;
    if (to < 0 || to > static_cast<std::int64_t>(expression_.size())) return false;
    reader_ = ByteReader(expression_, context_.big_endian);
    reader_.take(static_cast<std::uint64_t>(to));
    return true;
  }

  bool step(unsigned opcode) {
    if (opcode >= DW_OP_lit0 && opcode <= DW_OP_lit31) return push(std::uint64_t{opcode} - DW_OP_lit0);
    if (opcode >= DW_OP_breg0 && opcode <= DW_OP_breg31) return based(opcode - DW_OP_breg0);
    switch (opcode) {
      case DW_OP_nop: return true;
      case DW_OP_addr: return push(reader_.unsigned_of(context_.word));
      case DW_OP_const1u: return push(std::uint64_t{reader_.u8()});
      case DW_OP_const1s: return push(static_cast<std::uint64_t>(static_cast<std::int8_t>(reader_.u8())));
      case DW_OP_const2u: return push(std::uint64_t{reader_.u16()});
      case DW_OP_const2s: return push(static_cast<std::uint64_t>(static_cast<std::int16_t>(reader_.u16())));
      case DW_OP_const4u: return push(std::uint64_t{reader_.u32()});
      case DW_OP_const4s: return push(static_cast<std::uint64_t>(static_cast<std::int32_t>(reader_.u32())));
      case DW_OP_const8u: case DW_OP_const8s: return push(reader_.u64());
      case DW_OP_constu: return push(reader_.uleb128());
      case DW_OP_consts: return push(static_cast<std::uint64_t>(reader_.sleb128()));
      case DW_OP_bregx: return based(static_cast<unsigned>(reader_.uleb128()));
      case DW_OP_dup: return pick(0);
      case DW_OP_over: return pick(1);
      case DW_OP_pick: return pick(reader_.u8());
      case DW_OP_drop: {
        std::uint64_t value;
        return pop(value);
      }
      case DW_OP_swap: case DW_OP_rot: return rotate(opcode == DW_OP_swap ? 2 : 3);
      case DW_OP_deref: return dereference(context_.word);
      case DW_OP_deref_size: return dereference(reader_.u8());
      case DW_OP_skip: return jump();
      case DW_OP_bra: {
        std::uint64_t value;
        if (!pop(value)) return false;
        if (value) return jump();
        reader_.u16();
        return true;
      }
      case DW_OP_abs: case DW_OP_neg: case DW_OP_not: case DW_OP_plus_uconst: return unary(opcode);
      default: return binary(opcode);
    }
  }

  bool rotate(std::size_t count) {
    if (stack_.size() < count) return false;
    const std::uint64_t top = stack_.back();
    stack_.pop_back();
    stack_.insert(stack_.end() - static_cast<std::ptrdiff_t>(count - 1), top);
    return true;
  }

  bool unary(unsigned opcode) {
    std::uint64_t value;
    if (!pop(value)) return false;
    switch (opcode) {
      case DW_OP_abs: return push(as_signed(value) < 0 ? 0 - value : value);
      case DW_OP_neg: return push(0 - value);
      case DW_OP_not: return push(~value);
      default: return push(value + reader_.uleb128());
    }
  }

  bool binary(unsigned opcode) {
    std::uint64_t b, a;
    if (!pop(b) || !pop(a)) return false;
    const std::int64_t x = as_signed(a), y = as_signed(b);
    const unsigned bits = context_.word * 8;
    switch (opcode) {
      case DW_OP_plus: return push(a + b);
      case DW_OP_minus: return push(a - b);
      case DW_OP_mul: return push(a * b);
      case DW_OP_div: return y != 0 && !(y == -1 && x == INT64_MIN) && push(static_cast<std::uint64_t>(x / y));
      case DW_OP_mod: return b != 0 && push(a % b);
      case DW_OP_and: return push(a & b);
      case DW_OP_or: return push(a | b);
      case DW_OP_xor: return push(a ^ b);
      case DW_OP_shl: return push(b < bits ? a << b : 0);
      case DW_OP_shr: return push(b < bits ? a >> b : 0);
      case DW_OP_shra: return push(static_cast<std::uint64_t>(x >> (b < bits ? b : bits - 1)));
      case DW_OP_eq: return push(std::uint64_t{x == y});
      case DW_OP_ne: return push(std::uint64_t{x != y});
      case DW_OP_lt: return push(std::uint64_t{x < y});
      case DW_OP_gt: return push(std::uint64_t{x > y});
      case DW_OP_le: return push(std::uint64_t{x <= y});
      case DW_OP_ge: return push(std::uint64_t{x >= y});
      default: return false;
    }
  }

  std::span<const std::byte> expression_;
  const ExpressionContext& context_;
  ByteReader reader_;
  std::vector<std::uint64_t> stack_;
};

}  // namespace

std::optional<std::uint64_t> evaluate(std::span<const std::byte> expression, const ExpressionContext& context,
                                      std::optional<std::uint64_t> initial) {
  return Evaluator(expression, context).run(initial);
}

}  // namespace virserver::image
