// Bad models: what is said, and where.
#include "models.hpp"

namespace virserver::registers {
namespace {

struct Bad {
  std::string_view models;   // at column 7, from line 10
  std::string_view pointer;  // below /nodes/0/register_models
  int line;
  std::string_view message;  // part of it
};

// The simplest block, with one register or more in flow style.
#define X(registers) "- { block: X, base: 0x40010000, size: 0x10, registers: " registers " }"

constexpr Bad table[] = {
    {"on", "", 10, "must be a list of models, or off; is \"on\""},
    {"- 5", "/0", 10, "must be an object with fields"},
    {"- use: stm32f4-rc", "/0/use", 10, "there is no built-in register model \"stm32f4-rc\"; did you mean stm32f4-rcc"},
    {"- { use: stm32f4-rcc, size: 4 }", "/0/size", 10, "unknown field \"size\""},
    {"- { use: stm32-usart-txe, irq: many }", "/0/irq", 10, "must be a whole number"},
    {"- { use: stm32-usart-txe, block: USART7, irq: 5 }", "/0", 10, "\"base\" is missing"},
    {"- { use: stm32-usart-txe, block: USART7, base: 0x40011000 }", "/0", 10, "\"irq\" is missing"},
    {"- { block: X, size: 4, registers: { A: 0 } }", "/0", 10, "\"base\" is missing"},
    {"- { block: X, base: 0x40010000, registers: { A: 0 } }", "/0", 10, "\"size\" is missing"},
    {"- { base: 0x40010000, size: 4, registers: { A: 0 } }", "/0", 10, "\"block\" is missing"},
    {"- { block: X, base: 0x40010000, size: 4 }", "/0", 10, "\"registers\" is missing"},
    {"- { block: X, base: 0x40010000, size: 4, registers: {} }", "/0/registers", 10, "at least one register"},
    {"- { block: X, base: 0x40010000, size: 1M, registers: { A: 0 } }", "/0/size", 10, "must be from 1 to 65536"},
    {"- { block: X, base: 0xFFFFFFFFFFFFFFFC, size: 8, registers: { A: 0 } }", "/0/base", 10, "ends past the last address"},
    {"- { block: X, base: 0x2001FFFC, size: 8, registers: { A: 0 } }", "/0", 10, "lies over the board's memory sram"},
    {"- use: stm32f4-rcc\n- { block: X, base: 0x40023BFC, size: 8, registers: { A: 0 } }", "/1", 11, "overlaps with RCC, entry 0"},
    {"- use: stm32f4-rcc\n- use: stm32f4-rcc", "/1", 11, "entry 0 is a model of RCC too"},
    {"- { block: X, base: 0x40010000, size: 4, backends: [quemu], registers: { A: 0 } }", "/0/backends/0", 10, "must be qemu, renode or skyeye"},
    {"- { block: X, base: 0x40010000, size: 4, backends: [qemu < x], registers: { A: 0 } }", "/0/backends/0", 10, "with a version"},
    {"- { block: X, base: 0x40010000, size: 8K, rest: keep, registers: { A: 0 } }", "/0/rest", 10, "at most 4096 bytes"},
    {"- { block: X, base: 0x40010000, size: 8, rest: all, registers: { A: 0 } }", "/0/rest", 10, "must be keep or device"},
    {X("{ A: {} }"), "/0/registers/A", 10, "\"offset\" is missing"},
    {X("{ 1A: 0 }"), "/0/registers/1A", 10, "is not a name"},
    {X("{ A: 0x10 }"), "/0/registers/A/offset", 10, "lies at 0x10, outside the block's 0x10 bytes"},
    {X("{ A: 2 }"), "/0/registers/A/offset", 10, "a register of 32 bits lies at a multiple of 4"},
    {X("{ A: 4, B: { offset: 6, width: 16 } }"), "/0/registers/B/offset", 10, "lies over the register A at 0x4"},
    {X("{ A: { offset: 0, width: 24 } }"), "/0/registers/A/width", 10, "must be 8, 16 or 32"},
    {X("{ A: { offset: 0, width: 8, reset: 0x100 } }"), "/0/registers/A/reset", 10, "0x100 has more than the register's 8 bits"},
    {X("{ A: { offset: 0, rest: 1 } }"), "/0/registers/A/rest", 10, "unknown field \"rest\"; did you mean reset"},
    {X("{ A: { offset: 0, fields: { F: 32 } } }"), "/0/registers/A/fields/F", 10, "must be a bit such as 5, or bits such as 7:4"},
    {X("{ A: { offset: 0, fields: { F: 4:7 } } }"), "/0/registers/A/fields/F", 10, "must be a bit"},
    {X("{ A: { offset: 0, fields: { F: { follows: 0 } } } }"), "/0/registers/A/fields/F", 10, "\"bits\" is missing"},
    {X("{ A: { offset: 0, width: 8, fields: { F: 8 } } }"), "/0/registers/A/fields/F", 10, "bit 8 is outside the register's 8 bits"},
    {X("{ A: { offset: 0, fields: { F: { bits: 1, follows: RDY } } } }"), "/0/registers/A/fields/F/follows", 10, "\"RDY\" names nothing here"},
    {X("{ A: { offset: 0, fields: { F: { bits: 1, follows: B.0 } } } }"), "/0/registers/A/fields/F/follows", 10, "the block has no register \"B\""},
    {X("{ CR: { offset: 0, fields: { ON: 0 } }, A: { offset: 4, fields: { F: { bits: 1, follows: CR.OM } } } }"), "/0/registers/A/fields/F/follows", 10, "CR has no field \"OM\""},
    {X("{ A: { offset: 0, fields: { F: { bits: 3:0, follows: 5:4 } } } }"), "/0/registers/A/fields/F/follows", 10, "one bit or as many as the field"},
    {X("{ A: { offset: 0, fields: { F: { bits: 1, follows: 0, constant: 1 } } } }"), "/0/registers/A/fields/F", 10, "two rules for one field: constant, follows"},
    {X("{ A: { offset: 0, fields: { F: { bits: 3:0, constant: 1 }, G: { bits: 5:2, follows: 7 } } } }"), "/0/registers/A/fields/G", 10, "two rules for bits 3:2"},
    {X("{ A: { offset: 0, writable: 0xFF, fields: { F: { bits: 7, constant: 1 } } } }"), "/0/registers/A/fields/F", 10, "driven by a rule and cannot be writable too"},
    {X("{ A: { offset: 0, fields: { F: { bits: 1:0, constant: 4 } } } }"), "/0/registers/A/fields/F/constant", 10, "0x4 has more than the field's 2 bits"},
    {X("{ A: { offset: 0, fields: { F: { bits: 0, follows: F } } } }"), "/0/registers/A/fields/F/follows", 10, "never settles: A.F follows A.F"},
    {X("{ A: { offset: 0, fields: { F: { bits: 0, follows: B.G } } }, B: { offset: 4, fields: { G: { bits: 3, follows: A.F, after_reads: 2 } } } }"), "/0/registers/A/fields/F/follows", 10,
     "never settles: A.F follows B.G follows A.F"},
    {X("{ A: { offset: 0, fields: { F: { bits: 31:1, follows: 30:0 } } } }"), "/0/registers/A/fields/F/follows", 10, "a chain of more than 16"},
    {X("{ A: { offset: 0, fields: { F: { bits: 0, after_reads: 2 } } } }"), "/0/registers/A/fields/F/after_reads", 10, "belongs to a field with \"follows\""},
    {X("{ A: { offset: 0, fields: { F: { bits: 0, set_by: read B } } } }"), "/0/registers/A/fields/F/set_by", 10, "no register \"B\""},
    {X("{ A: { offset: 0, fields: { F: { bits: 0, set_by: [A=x] } } } }"), "/0/registers/A/fields/F/set_by/0", 10, "compares with no number"},
    {X("{ A: { offset: 0, fields: { F: { bits: 7:0, counts_hz: 0 } } } }"), "/0/registers/A/fields/F/counts_hz", 10, "must be from 1 to"},
    {X("{ A: { offset: 0, fields: { F: { bits: 7:0, stream: [] } } } }"), "/0/registers/A/fields/F/stream", 10, "has no value"},
    {X("{ A: { offset: 0, fields: { F: { bits: 7:0, stream: [256] } } } }"), "/0/registers/A/fields/F/stream", 10, "0x100 has more than the field's 8 bits"},
    {X("{ A: { offset: 0, fields: { F: { bits: 7:0, stream: ab, then: stop } } } }"), "/0/registers/A/fields/F/then", 10, "must be repeat or hold"},
    {X("{ A: { offset: 0, observe: true } }"), "/0/registers/A", 10, "no rule or interrupt looks at it"},
    {X("{ A: 0 }, interrupts: [{ when: A.0 }]"), "/0/interrupts/0", 10, "\"irq\" is missing"},
    {X("{ A: 0 }, irq: 5, interrupts: [{ when: [] }]"), "/0/interrupts/0/when", 10, "names no condition"},
    {X("{ A: 0 }, irq: 5, interrupts: [{ when: [A.1:0] }]"), "/0/interrupts/0/when/0", 10, "say which value, as in A.1:0=2"},
    {X("{ A: 0 }, irq: 5, interrupts: [{ when: [\"A.1:0=4\"] }]"), "/0/interrupts/0/when/0", 10, "0x4 has more than the field's 2 bits"},
    {X("{ A: 0 }, irq: 5, interrupts: [{ when: [5] }]"), "/0/interrupts/0/when/0", 10, "must be a condition"},
    {"- block: X\n  base: 0x40010000\n  size: 16\n  registers:\n    A:\n      offset: 0\n      fields:\n        F: { bits: 1, follows: NO }", "/0/registers/A/fields/F/follows", 17, "\"NO\" names nothing"},
};

TEST(RegisterLint, EveryMistakeHasItsPlace) {
  for (const Bad& bad : table) {
    const auto board = virserver::testing::board_of(bad.models);
    ASSERT_FALSE(board) << bad.models;
    ASSERT_EQ(board.error().code, ErrorCode::BOARD_INVALID) << bad.models << ": " << board.error().message;
    const auto& errors = board.error().details.at("errors").as_array();
    const auto& first = errors.front().as_object();
    std::string text(first.at("message").as_string());
    EXPECT_EQ(errors.size(), 1u) << bad.models << ": " << board.error().message;
    EXPECT_EQ(std::string_view(first.at("pointer").as_string()), fmt::format("/nodes/0/register_models{}", bad.pointer)) << text;
    EXPECT_TRUE(text.contains(bad.message)) << bad.models << ": " << text;
    EXPECT_EQ(first.at("line").to_number<int>(), bad.line) << bad.models << ": " << text;
  }
}

TEST(RegisterLint, OffAndSingleBlocksOff) {
  for (const std::string_view off : {"off", "false", "Off"}) {
    const auto board = board::parse_document(fmt::format("nodes:\n  - {{ processor: {{ type: cortex-m4 }}, register_models: {} }}\n", off));
    const auto parsed = board::parse_board(*board);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_TRUE(parsed->nodes[0].register_blocks.empty());
    EXPECT_EQ(parsed->nodes[0].register_models, "off");
  }
  const auto some = virserver::testing::board_of("- { use: stm32f4-rcc, enabled: false }\n- use: stm32f4-pwr");
  ASSERT_TRUE(some) << some.error().message;
  ASSERT_EQ(some->nodes[0].register_blocks.size(), 1u);
  EXPECT_EQ(some->nodes[0].register_blocks[0].name, "PWR");
}

}  // namespace
}  // namespace virserver::registers
