#include <array>
#include <charconv>

#include "session/debug/condition.hpp"

namespace virserver::session {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool continues_name(char c) { return begins_name(c) || is_digit(c) || c == '.' || c == '$'; }

}  // namespace

// By recursive descent; binary operators by precedence climbing. A failed function has set `error_`.
class ConditionParser {
 public:
  explicit ConditionParser(std::string_view text) : text_(text) {}

  Result<Condition> parse() {
    if (!ternary()) return fail(std::move(error_));
    blanks();
    if (at_ < text_.size()) {
      expected("an operator or the end");
      return fail(std::move(error_));
    }
    Condition condition;
    condition.text_ = text_;
    condition.steps_ = std::move(steps_);
    return condition;
  }

 private:
  using Op = Condition::Op;
  using Type = Condition::Type;
  struct Binary {
    std::string_view text;
    int strength;
    Op op;
  };
  // Longer texts before their beginnings. && and || have the ops of their jumps.
  static constexpr std::array<Binary, 18> operators{{{"||", 1, Op::skip_if_nonzero}, {"&&", 2, Op::skip_if_zero},
      {"==", 6, Op::equal}, {"!=", 6, Op::not_equal}, {"<<", 8, Op::shift_left}, {">>", 8, Op::shift_right},
      {"<=", 7, Op::less_equal}, {">=", 7, Op::greater_equal}, {"<", 7, Op::less}, {">", 7, Op::greater},
      {"|", 3, Op::bit_or}, {"^", 4, Op::bit_xor}, {"&", 5, Op::bit_and}, {"+", 9, Op::add}, {"-", 9, Op::subtract},
      {"*", 10, Op::multiply}, {"/", 10, Op::divide}, {"%", 10, Op::remainder}}};

  struct Nesting {
    explicit Nesting(unsigned& level) : depth(level) { ++depth; }
    ~Nesting() { --depth; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    unsigned& depth;
  };

  bool expected(std::string_view what) {
    std::string found = "the end";
    if (at_ < text_.size()) {
      const char c = text_[at_];
      found = c >= ' ' && c < 0x7f ? fmt::format("\"{}\"", c) : fmt::format("the byte 0x{:02x}", static_cast<unsigned char>(c));
    }
    return refuse(fmt::format("expected {}, found {}", what, found), what);
  }
  bool refuse(std::string_view message, std::string_view what) {
    error_ = {ErrorCode::INVALID_REQUEST, fmt::format("the condition is wrong at column {}: {}", at_ + 1, message),
              {{"column", at_ + 1}, {"expected", what}}};
    return false;
  }
  bool shallow() { return depth_ <= Condition::max_depth + 1 || refuse(fmt::format("it is nested more than {} deep", Condition::max_depth), "a simpler expression"); }

  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
  }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool take(char c) {
    blanks();
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  std::size_t step(Op op, std::size_t place, Type type = {}, std::uint64_t value = 0, std::string name = {}) {
    steps_.push_back({op, type, static_cast<std::uint32_t>(place + 1), value, std::move(name)});
    return steps_.size() - 1;
  }
  bool put(Op op, std::size_t place, Type type = {}, std::uint64_t value = 0, std::string name = {}) {
    step(op, place, type, value, std::move(name));
    return true;
  }
  void land(std::size_t jump) { steps_[jump].value = steps_.size(); }

  bool ternary() {
    if (!binary(1)) return false;
    blanks();
    const std::size_t place = at_;
    if (!take('?')) return true;
    const Nesting nesting(depth_);
    const std::size_t to_second = step(Op::branch_if_zero, place);
    if (!shallow() || !ternary()) return false;
    if (!take(':')) return expected("\":\" and the value for the other case");
    const std::size_t to_end = step(Op::branch, place);
    land(to_second);
    if (!ternary()) return false;
    land(to_end);
    return true;
  }

  bool binary(int weakest) {
    if (!unary()) return false;
    for (;;) {
      blanks();
      const Binary* found = nullptr;
      for (const Binary& candidate : operators) {
        if (!text_.substr(at_).starts_with(candidate.text)) continue;
        found = &candidate;
        break;
      }
      if (!found || found->strength < weakest) return true;
      const std::size_t place = at_;
      at_ += found->text.size();
      const bool logic = found->op == Op::skip_if_zero || found->op == Op::skip_if_nonzero;
      const std::size_t jump = logic ? step(found->op, place) : 0;
      if (!binary(found->strength + 1)) return false;
      step(logic ? Op::is_nonzero : found->op, place);
      if (logic) land(jump);
    }
  }

  bool unary() {
    const Nesting nesting(depth_);
    if (!shallow()) return false;
    blanks();
    const std::size_t place = at_;
    switch (peek()) {
      case '-': return ++at_, unary() && put(Op::negate, place);
      case '+': return ++at_, unary();
      case '!': return ++at_, unary() && put(Op::is_zero, place);
      case '~': return ++at_, unary() && put(Op::invert, place);
      case '&': {
        ++at_;
        blanks();
        const std::size_t start = at_;
        std::string name = this->name();
        if (name.empty() || type_named(name)) return at_ = start, expected("the name of a symbol after \"&\"");
        return put(Op::address_of, start, {}, 0, std::move(name));
      }
      case '*': {
        ++at_;
        bool pointer = false;
        const std::optional<Type> type = parenthesized_type(pointer);
        if (type && !pointer) return expected("\"*\" of a pointer's type, as in *(u32*)0x20000000");
        return unary() && put(Op::load, place, type.value_or(Type{}));
      }
      case '(': {
        bool pointer = false;
        if (const std::optional<Type> type = parenthesized_type(pointer))
          return unary() && (pointer || put(Op::cast, place, *type));  // a pointer is its address
        break;
      }
      default: break;
    }
    return primary();
  }

  bool primary() {
    const std::size_t place = at_;
    const char c = peek();
    if (c == '(') {
      ++at_;
      if (!ternary()) return false;
      return take(')') || expected("an operator or \")\"");
    }
    if (c == '[') return element({});
    if (c == '\'') return character();
    if (is_digit(c)) return constant();
    if (c == '$') {
      ++at_;
      std::string name = this->name();
      if (name.empty()) return expected("the name of a register after \"$\"");
      return put(Op::reg, place, {}, 0, std::move(name));
    }
    std::string name = this->name();
    if (name.empty()) return expected("a value: a number, a $register, a symbol, memory or \"(\"");
    if (const std::optional<Type> type = type_named(name)) {
      blanks();
      if (peek() != '[') return expected(fmt::format("\"[\" and an address after {}", name));
      return element(*type);
    }
    return put(Op::name, place, {}, 0, std::move(name));
  }

  bool element(Type type) {
    const std::size_t place = at_++;
    if (!ternary()) return false;
    if (!take(']')) return expected("an operator or \"]\"");
    return put(Op::load, place, type);
  }

  // Empty where there is none. C++ names go on over "::".
  std::string name() {
    const std::size_t start = at_;
    while (begins_name(peek())) {
      while (continues_name(peek())) ++at_;
      if (peek() != ':' || peek(1) != ':' || !begins_name(peek(2))) break;
      at_ += 2;
    }
    return std::string(text_.substr(start, at_ - start));
  }

  static std::optional<Type> type_named(std::string_view name) {
    for (const unsigned bits : {8, 16, 32, 64})
      for (const bool is_signed : {false, true})
        if (name == fmt::format("{}{}", is_signed ? 'i' : 'u', bits) || name == fmt::format("{}int{}_t", is_signed ? "" : "u", bits))
          return Type{static_cast<std::uint8_t>(bits / 8), is_signed};
    return std::nullopt;
  }

  // "(u32)" or "(u32*)"; takes nothing where there is neither.
  std::optional<Type> parenthesized_type(bool& pointer) {
    const std::size_t start = at_;
    if (take('(')) {
      blanks();
      if (const std::optional<Type> type = type_named(name())) {
        pointer = take('*');
        if (take(')')) return type;
      }
    }
    at_ = start;
    return std::nullopt;
  }

  bool constant() {
    const std::size_t place = at_;
    int base = 10;
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
      at_ += 2;
      base = 16;
      if (!is_hex(peek())) return expected("a hexadecimal digit after 0x");
    } else if (peek() == '0' && is_digit(peek(1))) {
      return refuse("a decimal number does not begin with 0, and there are no octal ones", "a decimal or 0x number");
    }
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value, base);
    if (error != std::errc()) return at_ = place, refuse("the number does not fit into 64 bits", "a number of at most 64 bits");
    at_ = static_cast<std::size_t>(end - text_.data());
    if (continues_name(peek())) return expected("the end of the number");
    return put(Op::constant, place, {}, value);
  }

  bool character() {
    const std::size_t place = at_++;
    std::uint64_t value = static_cast<unsigned char>(peek());
    if (at_ >= text_.size() || value < ' ' || value >= 0x7f || value == '\'') return expected("an ASCII character");
    ++at_;
    if (value == '\\') {
      constexpr std::string_view letters = "nrt0\\'\"", values("\n\r\t\0\\'\"", 7);
      const std::size_t known = at_ < text_.size() ? letters.find(peek()) : letters.npos;
      if (peek() == 'x' && is_hex(peek(1)) && is_hex(peek(2))) {
        std::from_chars(text_.data() + at_ + 1, text_.data() + at_ + 3, value, 16);
        at_ += 3;
      } else if (known != letters.npos) {
        value = static_cast<unsigned char>(values[known]);
        ++at_;
      } else {
        return expected("one of n r t 0 \\ ' \" or xHH after \"\\\"");
      }
    }
    if (peek() != '\'') return expected("\"'\" after one character");
    ++at_;
    return put(Op::constant, place, {}, value);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
  std::vector<Condition::Step> steps_;
  Error error_;
};

Result<Condition> Condition::parse(std::string_view text) {
  if (text.size() > max_length)
    return fail({ErrorCode::INVALID_REQUEST, fmt::format("the condition has {} characters, more than {}", text.size(), max_length),
                 {{"column", max_length + 1}, {"expected", "a shorter expression"}}});
  return ConditionParser(text).parse();
}

}  // namespace virserver::session
