#include "session/debug/fault_words.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace virserver::session {
namespace {

bool says(const std::vector<std::string>& sentences, std::string_view words) {
  return std::ranges::any_of(sentences, [&](const std::string& each) { return each.find(words) != each.npos; });
}

TEST(AddressHint, WhatAnAddressLooksLike) {
  EXPECT_NE(address_hint(0)->find("null pointer"), std::string::npos);
  EXPECT_NE(address_hint(0x18)->find("0x18 of a null pointer"), std::string::npos);
  EXPECT_NE(address_hint(0xa5a5a5a5)->find("fill pattern"), std::string::npos);
  EXPECT_NE(address_hint(0xdeadbeef)->find("0xdeadbeef"), std::string::npos);
  EXPECT_NE(address_hint(0xdeadbefb)->find("fill pattern"), std::string::npos) << "a member of what was never written";
  EXPECT_NE(address_hint(0xcdcdcdcdcdcdcdcd)->find("fill pattern"), std::string::npos);
  EXPECT_NE(address_hint(0xfffffff8)->find("-1"), std::string::npos);
  EXPECT_NE(address_hint(0xfffffffffffffff8)->find("-1"), std::string::npos);
  EXPECT_NE(address_hint(0x6c6c6548)->find("\"Hell\""), std::string::npos);
  for (const std::uint64_t ordinary : {0x20001000ull, 0x08000123ull, 0x40004400ull, 0x80000000ull, 0xffff000012345678ull})
    EXPECT_FALSE(address_hint(ordinary)) << ordinary;
}

TEST(CortexMAdvice, StackOverflowComesFirst) {
  const auto advice = cortex_m_advice({.cfsr = 1u << 12 | 1u << 17}, std::nullopt);
  ASSERT_GE(advice.size(), 2u);
  EXPECT_NE(advice[0].find("stack is too small"), std::string::npos);
}

TEST(CortexMAdvice, NullPointers) {
  EXPECT_TRUE(says(cortex_m_advice({.cfsr = 1u << 9 | 1u << 15, .bfar = 0x8}, 0x08000100), "null pointer"));
  EXPECT_TRUE(says(cortex_m_advice({.cfsr = 1u << 17}, 0), "a null function pointer was called"));
  EXPECT_FALSE(says(cortex_m_advice({.cfsr = 1u << 17}, 0x08000100), "a null function pointer was called"));
  EXPECT_FALSE(says(cortex_m_advice({.cfsr = 1u << 9, .bfar = 0x8}, 0x08000100), "null pointer")) << "BFAR is not valid";
}

TEST(CortexMAdvice, PeripheralsAndHandlers) {
  const auto advice = cortex_m_advice({.cfsr = 1u << 9 | 1u << 15, .hfsr = 1u << 30, .bfar = 0x50000000}, 0x08000100);
  EXPECT_TRUE(says(advice, "0x50000000 is among the peripherals"));
  EXPECT_TRUE(says(advice, "SHCSR.BUSFAULTENA"));
  EXPECT_FALSE(says(advice, "USGFAULTENA"));
  EXPECT_FALSE(says(cortex_m_advice({.cfsr = 1u << 9, .hfsr = 1u << 30, .shcsr = 1u << 17}, {}), "BUSFAULTENA"))
      << "its handler is on, so that it was the priority";
  EXPECT_TRUE(says(cortex_m_advice({.dfsr = 1u << 1}, {}), "DFSR.BKPT"));
  EXPECT_TRUE(cortex_m_advice({}, 0x08000100).empty());
}

TEST(CortexMAdvice, EveryBitOfCfsrHasSome) {
  for (const unsigned bit : {0, 1, 3, 4, 5, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 24, 25})
    EXPECT_EQ(cortex_m_advice({.cfsr = 1u << bit}, std::nullopt).size(), 1u) << bit;
}

TEST(FaultWords, ArmDataAborts) {
  FaultWords words = arm_data_abort(0x805, 0x10);  // short format: translation fault of a section, a write
  EXPECT_EQ(words.cause, "data_abort");
  EXPECT_EQ(words.what, "a store failed: the address is not mapped");
  EXPECT_EQ(words.address, 0x10u);
  EXPECT_TRUE(says(words.details, "null pointer"));
  EXPECT_EQ(arm_data_abort(0x001, 0x40000001).what, "a load failed: the address is not aligned");
  EXPECT_EQ(arm_data_abort(0x008, 0x90000000).what, "a load failed: the bus answered with an error");
  EXPECT_EQ(arm_data_abort(0x80d, 0x40200000).what, "a store failed: the mapping forbids this access");
  words = arm_data_abort(0x406, 0x1234);  // an error that came later tells no address
  EXPECT_EQ(words.what, "a load failed: the bus answered with an error, later");
  EXPECT_FALSE(words.address);
  EXPECT_EQ(arm_data_abort(0x206, 0).what, "a load failed: the address is not mapped") << "long format, level 2";
  EXPECT_TRUE(says(arm_data_abort(0x00a, 0).details, "status code 0xa"));
}

TEST(FaultWords, ArmPrefetchAborts) {
  const FaultWords words = arm_prefetch_abort(0x005, 0);
  EXPECT_EQ(words.cause, "prefetch_abort");
  EXPECT_EQ(words.what, "an instruction could not be fetched: the address is not mapped");
  EXPECT_EQ(words.address, 0u);
}

TEST(FaultWords, AArch64) {
  FaultWords words = aarch64_exception(0x96000046, 0x18);  // same level, a write, translation fault at level 2
  EXPECT_EQ(words.cause, "data_abort");
  EXPECT_EQ(words.what, "a store failed: the address is not mapped");
  EXPECT_EQ(words.address, 0x18u);
  EXPECT_TRUE(says(words.details, "level 2"));
  EXPECT_TRUE(says(words.details, "null pointer"));
  EXPECT_EQ(aarch64_exception(0x96000021, 0x40000001).what, "a load failed: the address is not aligned");
  words = aarch64_exception(0x86000010, 0x90000000);
  EXPECT_EQ(words.cause, "instruction_abort");
  EXPECT_EQ(words.what, "an instruction could not be fetched: the bus answered with an error");
  EXPECT_FALSE(aarch64_exception(0x96000410, 0x90000000).address) << "FAR is not valid";
  EXPECT_TRUE(says(aarch64_exception(0x92000006, 0).details, "lower exception level"));
  EXPECT_EQ(aarch64_exception(0x02000000, 0).cause, "undefined_instruction");
  EXPECT_TRUE(says(aarch64_exception(0x1fe00000, 0).details, "FPEN"));
  EXPECT_EQ(aarch64_exception(0x8a000000, 0x3).cause, "pc_alignment");
  words = aarch64_exception(0xf2000000 | 0x3e8, 0);
  EXPECT_EQ(words.cause, "breakpoint_instruction");
  EXPECT_TRUE(says(words.details, "0x3e8"));
  EXPECT_TRUE(aarch64_exception(0x56000000, 0).cause.empty()) << "SVC is no fault";
  EXPECT_FALSE(aarch64_exception(0xfc000000, 0).what.empty());
}

TEST(FaultWords, RiscV) {
  FaultWords words = riscv_trap(5, 0x4, 32);
  EXPECT_EQ(words.cause, "load_access");
  EXPECT_EQ(words.address, 0x4u);
  EXPECT_TRUE(says(words.details, "null pointer"));
  words = riscv_trap(2, 0xffffffff, 64);
  EXPECT_EQ(words.cause, "illegal_instruction");
  EXPECT_TRUE(says(words.details, "0xffffffff"));
  EXPECT_FALSE(words.address) << "mtval is the instruction";
  EXPECT_EQ(riscv_trap(7, 0x20000000, 32).cause, "store_access");
  EXPECT_EQ(riscv_trap(15, 0x1000, 64).cause, "store_page");
  EXPECT_TRUE(riscv_trap(0x80000007, 0, 32).cause.empty()) << "an interrupt";
  EXPECT_EQ(riscv_trap(0x80000007, 0, 32).what, "interrupt 7");
  EXPECT_EQ(riscv_trap(0x8000000000000005, 0, 64).what, "interrupt 5");
  EXPECT_TRUE(riscv_trap(11, 0, 64).cause.empty()) << "a call";
  EXPECT_TRUE(riscv_trap(24, 0, 64).cause.empty());
  EXPECT_FALSE(riscv_trap(24, 0, 64).what.empty());
}

}  // namespace
}  // namespace virserver::session
