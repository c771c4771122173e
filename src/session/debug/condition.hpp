// Conditions of breakpoints: C-like expressions over registers, symbols, memory and constants.
//
//   $r0 == 3 && count > 10        registers as the target description names them; variables by their symbol
//   *(u32*)0x20000000 & ~0xff     memory at an address; u8 u16 u32 u64 i8 i16 i32 i64, also as uint8_t ... int64_t
//   [$sp + 4], u8[&buffer + 2]    the same; a type is the target's word where none is given, also in `*pointer`
//   (i8)$r1 < 0 ? ready : 'x'     casts, ?:, characters
//
// Operators, from the weakest: ?: || && | ^ & == != < <= > >= << >> + - * / % and the unary - + ! ~ * & (type).
// `name` is the value of a symbol of 1, 2, 4 or 8 bytes, `&name` its address; a name that is no symbol is a register.
//
// Arithmetic is C's with 64-bit integers: what has 64 unsigned bits (u64, a 64-bit register, a constant above 2^63) makes
// its operation unsigned, all else is signed and narrower values keep their value. Overflow wraps; a shift by 64 or more
// shifts everything out; division by zero is an error. && || ?: evaluate only what they need.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/asio.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"

namespace virserver::session {

// Where an expression's values come from: the stopped machine and its program.
class ConditionSource {
 public:
  struct Register {
    std::uint64_t value = 0;
    unsigned bits = 32;  // at most 64
  };
  struct Symbol {
    std::uint64_t address = 0;
    std::uint64_t size = 0;  // 0: not known
  };

  virtual ~ConditionSource() = default;
  virtual Task<Result<std::optional<Register>>> read_register(std::string name) = 0;  // nullopt: there is no such register
  virtual Task<Result<std::optional<Symbol>>> find_symbol(std::string name) = 0;      // nullopt: there is no such symbol
  virtual Task<Result<Bytes>> read_memory(std::uint64_t address, std::size_t size) = 0;  // all of it or an error
  virtual bool big_endian() const = 0;
  virtual bool words_of_64_bits() const = 0;
};

// Immutable; may be copied and evaluated at the same time.
class Condition {
 public:
  static constexpr std::size_t max_length = 1024;
  static constexpr unsigned max_depth = 64;  // of parentheses, unary operators and ?: within each other

  // Error: INVALID_REQUEST; details name `column` (from 1) and what was `expected` there.
  static Result<Condition> parse(std::string_view text);

  const std::string& text() const { return text_; }

  // The value's 64 bits; anything but 0 means that the condition holds. The condition and `source` must outlive the call.
  // Errors: REGISTER_NOT_FOUND; INVALID_REQUEST (no such symbol, a symbol of another size, division by zero) with
  // `column` in the details; those of the source.
  Task<Result<std::uint64_t>> evaluate(ConditionSource& source) const;

 private:
  friend class ConditionParser;
  // The expression in postfix order, for a stack of values.
  enum class Op : std::uint8_t {
    constant, reg, name, address_of, load, cast,               // `type` is what is read or made
    negate, invert, is_zero, is_nonzero,
    multiply, divide, remainder, add, subtract, shift_left, shift_right,
    less, less_equal, greater, greater_equal, equal, not_equal, bit_and, bit_xor, bit_or,
    skip_if_zero, skip_if_nonzero,  // && and ||: leave 0 or 1 and go to step `value`; else drop the value
    branch_if_zero, branch,         // ?:
  };
  struct Type {
    std::uint8_t size = 0;  // bytes; 0: the target's word
    bool is_signed = false;
  };
  struct Step {
    Op op;
    Type type;
    std::uint32_t column = 0;  // from 1
    std::uint64_t value = 0;   // a constant, or the step to go to
    std::string name;
  };
  struct Value {
    std::uint64_t bits = 0;
    bool is_unsigned = false;
  };
  static Value widened(std::uint64_t bits, unsigned size, bool is_signed);
  static Result<Value> binary(const Step& step, Value left, Value right);
  Task<Result<Value>> load(ConditionSource& source, const Step& step, std::uint64_t address, std::uint64_t size) const;
  Task<Result<Value>> named(ConditionSource& source, const Step& step) const;

  std::string text_;
  std::vector<Step> steps_;
};

}  // namespace virserver::session
