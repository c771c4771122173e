#include "session/debug/condition.hpp"

#include <gtest/gtest.h>

#include <map>

namespace virserver::session {
namespace {

struct Source : ConditionSource {
  std::map<std::string, Register> registers{{"r0", {3, 32}}, {"r1", {0xffffffff, 32}}, {"sp", {0x20000100, 32}}, {"x0", {~0ull, 64}}, {"count", {99, 32}}};
  std::map<std::string, Symbol> symbols{{"count", {0x20000000, 4}}, {"byte", {0x20000001, 1}}, {"big", {0x20000000, 8}},
                                        {"table", {0x20000000, 40}}, {"_label", {0x20000004, 0}}, {"ns::value", {0x20000002, 2}}, {"pointer", {0x20000010, 4}}};
  bool swapped = false, wide = false;
  int reads = 0;

  Task<Result<std::optional<Register>>> read_register(std::string name) override {
    const auto found = registers.find(name);
    co_return found == registers.end() ? std::nullopt : std::optional(found->second);
  }
  Task<Result<std::optional<Symbol>>> find_symbol(std::string name) override {
    const auto found = symbols.find(name);
    co_return found == symbols.end() ? std::nullopt : std::optional(found->second);
  }
  // 0x20000000..: f0 f1 f2 ... ff 02 00 00 20 ...
  Task<Result<Bytes>> read_memory(std::uint64_t address, std::size_t size) override {
    ++reads;
    if (address < 0x20000000 || address + size > 0x20000200) co_return fail(ErrorCode::MEMORY_UNMAPPED, "there is no memory at {:#x}", address);
    Bytes bytes;
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint64_t at = address + i - 0x20000000;
      bytes.push_back(static_cast<std::byte>(at < 16 ? 0xf0 + at : at == 16 ? 2 : at == 19 ? 0x20 : 0));
    }
    co_return bytes;
  }
  bool big_endian() const override { return swapped; }
  bool words_of_64_bits() const override { return wide; }
};

Task<> run(const Condition& condition, Source& source, Result<std::uint64_t>& result) { result = co_await condition.evaluate(source); }

Result<std::uint64_t> evaluate(std::string_view text, Source& source) {
  auto condition = Condition::parse(text);
  if (!condition) return pass(condition);
  Result<std::uint64_t> result = fail(ErrorCode::INTERNAL, "it never ended");
  asio::io_context io(1);
  asio::co_spawn(io, run(*condition, source, result), asio::detached);
  io.run();
  return result;
}

std::int64_t value(std::string_view text, Source source = {}) {
  const auto result = evaluate(text, source);
  EXPECT_TRUE(result) << text << ": " << (result ? "" : result.error().message);
  return result ? static_cast<std::int64_t>(*result) : -0x5eed;
}

Error error(std::string_view text) {
  Source source;
  const auto result = evaluate(text, source);
  EXPECT_FALSE(result) << text;
  return result ? Error{} : result.error();
}

std::int64_t column(std::string_view text) { return error(text).details.at("column").to_number<std::int64_t>(); }

TEST(Condition, OperatorsBindAsInC) {
  EXPECT_EQ(value("1 + 2 * 3"), 7);
  EXPECT_EQ(value("(1 + 2) * 3"), 9);
  EXPECT_EQ(value("10 - 3 - 2"), 5);
  EXPECT_EQ(value("100 / 7 % 4"), 2);
  EXPECT_EQ(value("1 << 2 + 1"), 8);
  EXPECT_EQ(value("1 | 2 ^ 3 & 1 == 1"), 1 | (2 ^ (3 & (1 == 1))));
  EXPECT_EQ(value("3 > 2 > 1"), 0);
  EXPECT_EQ(value("1 || 0 && 0"), 1);
  EXPECT_EQ(value("0 ? 1 : 2 ? 3 : 4"), 3);
  EXPECT_EQ(value("1 ? 0 ? 5 : 6 : 7"), 6);
  EXPECT_EQ(value("-~-+5"), -(~-5));
  EXPECT_EQ(value("!3 + !0"), 1);
  EXPECT_EQ(value("5 && 7"), 1);
  EXPECT_EQ(value("0 || 7"), 1);
  EXPECT_EQ(value("7 >= 7 && 6 <= 7 && 6 != 7 && 1 < 2"), 1);
}

TEST(Condition, Constants) {
  EXPECT_EQ(value("0x7Fff"), 0x7fff);
  EXPECT_EQ(value("18446744073709551615 == -1"), 1);
  EXPECT_EQ(value("'A' + '\\n' + '\\x1b' + '\\0' + '\\''"), 'A' + '\n' + 0x1b + '\'');
  EXPECT_EQ(value("\t1\n"), 1);
}

TEST(Condition, ArithmeticHasNoUndefinedCase) {
  EXPECT_EQ(value("9223372036854775807 + 1 < 0"), 1);
  EXPECT_EQ(value("(-9223372036854775807 - 1) / -1 == -9223372036854775807 - 1"), 1);
  EXPECT_EQ(value("(-9223372036854775807 - 1) % -1"), 0);
  EXPECT_EQ(value("1 << 64"), 0);
  EXPECT_EQ(value("-8 >> 1"), -4);
  EXPECT_EQ(value("-8 >> 1000"), -1);
  EXPECT_EQ(value("1 << -1"), 0);
  EXPECT_EQ(value("0x8000000000000000 >> 63"), 1);
  EXPECT_EQ(value("-7 / 2"), -3);
  EXPECT_EQ(value("-7 % 2"), -1);
  EXPECT_EQ(value("0x8000000000000000 > 1"), 1);
  EXPECT_EQ(value("-1 < 1"), 1);
  EXPECT_EQ(value("0xffffffffffffffff / 2 > 1"), 1);
}

TEST(Condition, RegistersAndSymbols) {
  EXPECT_EQ(value("$r0"), 3);
  EXPECT_EQ(value("r0 == 3"), 1);
  EXPECT_EQ(value("$r1 == 0xffffffff && (i32)$r1 == -1 && $r1 > 0"), 1);
  EXPECT_EQ(value("$x0 == -1 && $x0 > 1"), 1);
  EXPECT_EQ(value("count == 0xf3f2f1f0"), 1) << "a symbol goes before a register of its name";
  EXPECT_EQ(value("$count"), 99);
  EXPECT_EQ(value("byte"), 0xf1);
  EXPECT_EQ(value("big == 0xf7f6f5f4f3f2f1f0 && big > 0"), 1);
  EXPECT_EQ(value("ns::value"), 0xf3f2);
  EXPECT_EQ(value("0 ? byte : ns::value"), 0xf3f2);
  EXPECT_EQ(value("&table + 4"), 0x20000004);
  EXPECT_EQ(value("& _label"), 0x20000004);
  EXPECT_EQ(value("*pointer"), 0xf5f4f3f2);
}

TEST(Condition, Memory) {
  EXPECT_EQ(value("*(u8*)0x20000000"), 0xf0);
  EXPECT_EQ(value("*(i8 *)0x20000000"), -16);
  EXPECT_EQ(value("*(uint16_t*)(0x20000000 + 1)"), 0xf2f1);
  EXPECT_EQ(value("*(int16_t*)&count"), static_cast<std::int16_t>(0xf1f0));
  EXPECT_EQ(value("i32[&table] < 0"), 1);
  EXPECT_EQ(value("u64[0x20000000] > 0"), 1);
  EXPECT_EQ(value("i64[0x20000000] < 0"), 1);
  EXPECT_EQ(value("[$sp - 0x100]"), 0xf3f2f1f0);
  EXPECT_EQ(value("u8[&count + 2] + 1"), 0xf3);
  EXPECT_EQ(value("*(u8*)0x20000000 * 2"), 0x1e0) << "what follows is no part of the address";
  Source target;
  target.swapped = true;
  EXPECT_EQ(value("u32[0x20000000]", target), 0xf0f1f2f3);
  target.wide = true;
  EXPECT_EQ(value("[0x20000000] == 0xf0f1f2f3f4f5f6f7", target), 1);
}

TEST(Condition, CastsCutAndWiden) {
  EXPECT_EQ(value("(u8)0x1ff"), 0xff);
  EXPECT_EQ(value("(i8)0x1ff"), -1);
  EXPECT_EQ(value("(u32)-1 > 0"), 1);
  EXPECT_EQ(value("(i64)0xffffffffffffffff < 0"), 1);
  EXPECT_EQ(value("(u64)-1 > 0"), 1);
}

TEST(Condition, EvaluatesOnlyWhatItNeeds) {
  Source source;
  for (const char* text : {"0 && [0]", "1 || [0]", "1 ? 1 : [0]", "0 ? [0] : 1", "1 || 1 / 0"}) EXPECT_TRUE(evaluate(text, source)) << text;
  EXPECT_EQ(source.reads, 0);
  EXPECT_EQ(evaluate("1 && [0]", source).error().code, ErrorCode::MEMORY_UNMAPPED);
}

TEST(Condition, WrongTextsNameTheColumn) {
  EXPECT_EQ(column(""), 1);
  EXPECT_EQ(column("1 +"), 4);
  EXPECT_EQ(column("1 2"), 3);
  EXPECT_EQ(column("(1 + 2"), 7);
  EXPECT_EQ(column("$"), 2);
  EXPECT_EQ(column("$ r0"), 2);
  EXPECT_EQ(column("r0 = 3"), 4);
  EXPECT_EQ(column("&5"), 2);
  EXPECT_EQ(column("&u8"), 2);
  EXPECT_EQ(column("0x"), 3);
  EXPECT_EQ(column("12ab"), 3);
  EXPECT_EQ(column("010"), 1);
  EXPECT_EQ(column("1 + 18446744073709551616"), 5);
  EXPECT_EQ(column("'"), 2);
  EXPECT_EQ(column("'ab'"), 3);
  EXPECT_EQ(column("'\\q'"), 3);
  EXPECT_EQ(column("1 ? 2"), 6);
  EXPECT_EQ(column("u8 + 1"), 4);
  EXPECT_EQ(column("*(u8)1"), 7 - 1);
  EXPECT_EQ(column("[1"), 3);
  EXPECT_EQ(column("(u7)1"), 5) << "(u7) is a symbol in parentheses";
  EXPECT_EQ(column("1 \xc3\xa4"), 3);
  const Error wrong = error("count == ");
  EXPECT_EQ(wrong.code, ErrorCode::INVALID_REQUEST);
  EXPECT_EQ(wrong.message,
            "the condition is wrong at column 10: expected a value: a number, a $register, a symbol, memory or \"(\", found the end");
}

TEST(Condition, EvaluationErrorsSayWhatToDo) {
  EXPECT_NE(error("1 + 5 / (byte - byte)").message.find("division by zero at column 7"), std::string::npos);
  EXPECT_NE(error("5 % 0").message.find("division by zero"), std::string::npos);
  EXPECT_NE(error("table == 1").message.find("40 bytes"), std::string::npos);
  EXPECT_NE(error("_label == 1").message.find("*(u32*)&_label"), std::string::npos);
  EXPECT_NE(error("&nothing").message.find("no symbol nothing"), std::string::npos);
  EXPECT_NE(error("nothing").message.find("no symbol and no register nothing"), std::string::npos);
  EXPECT_EQ(error("1 + $nothing").code, ErrorCode::REGISTER_NOT_FOUND);
  EXPECT_EQ(column("1 + $nothing"), 5);
}

TEST(Condition, LengthAndDepthAreBounded) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '(') + "1" + std::string(depth, ')'); };
  EXPECT_EQ(value(nested(Condition::max_depth)), 1);
  EXPECT_NE(error(nested(Condition::max_depth + 1)).message.find("nested"), std::string::npos);
  EXPECT_NE(error(std::string(500, '-') + "1").message.find("nested"), std::string::npos);
  std::string choices = "1";
  for (int i = 0; i < 100; ++i) choices = "0?1:" + choices;
  EXPECT_NE(error(choices).message.find("nested"), std::string::npos);
  std::string sum = "1";
  while (sum.size() + 2 <= Condition::max_length) sum += "+1";
  EXPECT_EQ(value(sum), static_cast<std::int64_t>(sum.size() / 2 + 1));
  sum.resize(Condition::max_length, ' ');
  EXPECT_TRUE(Condition::parse(sum));
  EXPECT_FALSE(Condition::parse(sum + " "));
}

}  // namespace
}  // namespace virserver::session
