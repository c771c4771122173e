// Every kind of rule, as firmware sees it.
#include <gmock/gmock.h>

#include "models.hpp"

namespace virserver::registers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using virserver::testing::bank_of;

// One block "X" at 0x50000000 with the given registers.
Bank block(std::string_view registers, std::string_view rest = "") {
  return bank_of(fmt::format("- block: X\n  base: 0x50000000\n  size: 0x100\n{}  registers:\n{}", rest, virserver::testing::indented(registers, "    ")));
}
std::uint64_t read(Bank& bank, std::uint64_t offset, std::uint64_t now = 0) { return bank.read(0x50000000 + offset, 4, now).value; }
Answer write(Bank& bank, std::uint64_t offset, std::uint64_t value, std::uint64_t now = 0) { return bank.write(0x50000000 + offset, 4, value, now); }

TEST(RegisterRules, ARegisterKeepsItsWritableBits) {
  Bank bank = block("A: { offset: 0, reset: 0xF0, writable: 0x0F }\nB: 4");
  write(bank, 0, 0xFFFFFF05);
  write(bank, 4, 0x12345678);
  EXPECT_EQ(read(bank, 0), 0xF5u);
  EXPECT_EQ(read(bank, 4), 0x12345678u);
}

TEST(RegisterRules, UnreadableBitsReadZeroAndAreKept) {
  Bank bank = block("A: { offset: 0, readable: 0xFFFF, fields: { LOW: 15:0, HIGH: 31:16 } }\nB: { offset: 4, fields: { COPY: { bits: 15:0, follows: A.HIGH } } }");
  write(bank, 0, 0xABCD1234);
  EXPECT_EQ(read(bank, 0), 0x1234u);
  EXPECT_EQ(read(bank, 4), 0xABCDu);
}

TEST(RegisterRules, ABitFollowsAnotherAtOnce) {
  Bank bank = block("CR: { offset: 0, fields: { ON: 16, RDY: { bits: 17, follows: ON } } }");
  EXPECT_EQ(read(bank, 0), 0u);
  write(bank, 0, 0x00010000);
  EXPECT_EQ(read(bank, 0), 0x00030000u);
  write(bank, 0, 0x00020000);  // software cannot write a driven bit
  EXPECT_EQ(read(bank, 0), 0u);
}

TEST(RegisterRules, ABitFollowsAfterReads) {
  Bank bank = block("CR: { offset: 0, fields: { ON: 0, RDY: { bits: 1, follows: ON, after_reads: 2 } } }");
  write(bank, 0, 1);
  EXPECT_EQ(read(bank, 0), 1u);
  EXPECT_EQ(read(bank, 0), 1u);
  EXPECT_EQ(read(bank, 0), 3u);
  write(bank, 0, 0);
  EXPECT_EQ(read(bank, 0), 2u);
  write(bank, 0, 1);  // back before the reads were over: nothing had changed
  EXPECT_EQ(read(bank, 0), 3u);
  write(bank, 0, 0);
  EXPECT_EQ(read(bank, 0), 2u);
  EXPECT_EQ(read(bank, 0), 2u);
  EXPECT_EQ(read(bank, 0), 0u);
}

TEST(RegisterRules, AFieldMirrorsAFieldAndChainsSettle) {
  Bank bank = block("A: { offset: 0, fields: { SW: 1:0, SWS: { bits: 3:2, follows: SW } } }\n"
                    "B: { offset: 4, fields: { COPY: { bits: 31:30, follows: A.SWS }, ANY: { bits: 7:0, follows: A.0 } } }");
  write(bank, 0, 2);
  EXPECT_EQ(read(bank, 0), 0xAu);
  EXPECT_EQ(read(bank, 4), 0x80000000u);
  write(bank, 0, 3);
  EXPECT_EQ(read(bank, 4), 0xC00000FFu) << "one bit drives a whole field";
}

TEST(RegisterRules, WritingOneOrZeroClears) {
  Bank bank = block("SR: { offset: 0, reset: 0xFF, writable: 0, fields: { W1: { bits: 3:0, write_1_clears: true }, W0: { bits: 7:4, write_0_clears: true } } }");
  write(bank, 0, 0xA5);
  EXPECT_EQ(read(bank, 0), 0xAAu);
}

TEST(RegisterRules, LatchesAreSetAndClearedByWhatSoftwareDoes) {
  Bank bank = block("CR: { offset: 0, writable: 0, fields: { START: 0, LOCK: { bits: 7, set_by: LOCK, cleared_by: KEY=0xCDEF89AB } } }\n"
                    "KEY: { offset: 4, writable: 0 }\n"
                    "SR: { offset: 8, writable: 0, fields: { DONE: { bits: 0, set_by: CR.START, cleared_by: [read DR] }, SENT: { bits: 1, set_by: write DR } } }\n"
                    "DR: { offset: 12 }");
  write(bank, 0, 0x80);
  EXPECT_EQ(read(bank, 0), 0x80u);
  write(bank, 4, 0xCDEF89AA);
  EXPECT_EQ(read(bank, 0), 0x80u);
  write(bank, 4, 0xCDEF89AB);
  EXPECT_EQ(read(bank, 0), 0u);
  write(bank, 0, 1);
  EXPECT_EQ(read(bank, 0), 0u) << "START is no stored bit";
  EXPECT_EQ(read(bank, 8), 1u);
  read(bank, 12);
  EXPECT_EQ(read(bank, 8), 0u);
  write(bank, 12, 0);
  EXPECT_EQ(read(bank, 8), 2u);
}

TEST(RegisterRules, SetWinsOverClear) {
  Bank bank = block("ODR: { offset: 0, writable: 0, fields: { PINS: { bits: 15:0, set_by: BSRR.15:0, cleared_by: BSRR.31:16 } } }\nBSRR: { offset: 4, writable: 0 }");
  write(bank, 4, 0x0000000F);
  write(bank, 4, 0x00030001);
  EXPECT_EQ(read(bank, 0), 0xDu);
}

TEST(RegisterRules, AConstantStays) {
  Bank bank = block("ID: { offset: 0, fields: { DEV: { bits: 11:0, constant: 0x413 } } }");
  write(bank, 0, 0xFFFFFFFF);
  EXPECT_EQ(read(bank, 0), 0xFFFFF413u);
}

TEST(RegisterRules, ACounterFollowsVirtualTime) {
  Bank bank = block("CNT: { offset: 0, fields: { VALUE: { bits: 15:0, counts_hz: 1_000_000 } } }\nDOWN: { offset: 4, fields: { VALUE: { bits: 7:0, counts_hz: 1000, down: true } } }");
  EXPECT_EQ(read(bank, 0, 1'234'567), 1234u);
  EXPECT_EQ(read(bank, 0, 65'536'000 + 5000), 5u) << "modulo its width";
  EXPECT_EQ(read(bank, 4, 70'000'000), (~70u) & 0xFF);
  bank.reset(100'000'000'000);
  EXPECT_EQ(read(bank, 0, 100'000'007'000), 7u);
  EXPECT_EQ(read(bank, 0, UINT64_MAX), (static_cast<std::uint32_t>((UINT64_MAX - 100'000'000'000) / 1000)) & 0xFFFF);
}

TEST(RegisterRules, AStreamGivesOneValueARead) {
  Bank bank = block("DR: { offset: 0, fields: { D: { bits: 7:0, stream: \"ab\" } } }\nONCE: { offset: 4, fields: { D: { bits: 31:0, stream: [1, 0xFFFFFFFF], then: hold } } }");
  EXPECT_EQ(read(bank, 0), 'a');
  EXPECT_EQ(read(bank, 0), 'b');
  EXPECT_EQ(read(bank, 0), 'a');
  EXPECT_EQ(read(bank, 4), 1u);
  EXPECT_EQ(read(bank, 4), 0xFFFFFFFFu);
  EXPECT_EQ(read(bank, 4), 0xFFFFFFFFu);
}

TEST(RegisterRules, ALineIsHighWhileItsConditionHolds) {
  Bank bank = block("CR: { offset: 0, fields: { IE: 7, EN: 0 } }\nSR: { offset: 4, reset: 0x80, fields: { MODE: 1:0 } }",
                    "  irq: 38\n  interrupts:\n    - when: [CR.EN, CR.IE, SR.7]\n    - when: SR.MODE=2\n    - { irq: 40, when: [CR.EN] }\n");
  EXPECT_THAT(write(bank, 0, 0x80).changes, IsEmpty());
  EXPECT_THAT(write(bank, 0, 0x81).changes, ElementsAre(LineChange{38, true}, LineChange{40, true}));
  EXPECT_THAT(write(bank, 4, 0x82).changes, IsEmpty()) << "the other alternative of a line that is high";
  EXPECT_THAT(write(bank, 0, 0x01).changes, IsEmpty());
  EXPECT_THAT(write(bank, 4, 0x81).changes, ElementsAre(LineChange{38, false}));
  EXPECT_THAT(bank.raised(), ElementsAre(40));
  EXPECT_THAT(bank.reset(5), ElementsAre(LineChange{40, false}));
}

TEST(RegisterRules, ResetGoesBackAndKeepsHits) {
  Bank bank = block("A: { offset: 0, reset: 7, fields: { S: { bits: 15:8, stream: [1, 2] } } }");
  write(bank, 0, 0);
  read(bank, 0);
  bank.reset(0);
  EXPECT_EQ(read(bank, 0), 0x107u);
  ASSERT_EQ(bank.hits().size(), 1u);
  EXPECT_EQ(bank.hits()[0].reads, 2u);
  EXPECT_EQ(bank.hits()[0].writes, 1u);
}

}  // namespace
}  // namespace virserver::registers
