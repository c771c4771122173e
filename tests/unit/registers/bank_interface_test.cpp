// Widths, aliases, what is watched, what is left to the device, and the saved state.
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

#include "models.hpp"

namespace virserver::registers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using virserver::testing::bank_of;

constexpr std::string_view words = "- { block: X, base: 0x40010000, size: 0x20, registers: { A: 0, B: 4, H: { offset: 10, width: 16 }, C: { offset: 12, width: 8 } } }";

TEST(RegisterBank, PartsOfRegistersAndSeveralAtOnce) {
  Bank bank = bank_of(words);
  bank.write(0x40010000, 8, 0x8877665544332211, 0);
  EXPECT_EQ(bank.read(0x40010001, 1, 0).value, 0x22u);
  EXPECT_EQ(bank.read(0x40010002, 2, 0).value, 0x4433u);
  EXPECT_EQ(bank.read(0x40010002, 4, 0).value, 0x66554433u) << "across two registers";
  bank.write(0x40010005, 2, 0xABCD, 0);
  EXPECT_EQ(bank.read(0x40010004, 4, 0).value, 0x88ABCD55u);
  bank.write(0x4001000A, 4, 0xAB1234, 0);
  EXPECT_EQ(bank.read(0x40010008, 8, 0).value, 0x000000AB'12340000u) << "bytes of no register read 0";
}

TEST(RegisterBank, WhatNoRegisterCoversIsTheDevices) {
  Bank bank = bank_of(words);
  EXPECT_TRUE(bank.covers(0x4001000F - 3, 4));
  EXPECT_FALSE(bank.covers(0x4001000D, 4));
  EXPECT_TRUE(bank.read(0x4001000D, 1, 0).device);
  EXPECT_TRUE(bank.write(0x40020000, 4, 1, 0).device);
  EXPECT_FALSE(bank.read(0x40010000, 4, 0).device);
  EXPECT_FALSE(bank.covers(UINT64_MAX, 1));
  EXPECT_FALSE(bank.covers(UINT64_MAX - 2, 8)) << "does not wrap";
}

TEST(RegisterBank, TriggersSeeOnlyTheBytesOfTheAccess) {
  Bank bank = bank_of("- { block: X, base: 0x40010000, size: 4, registers: { SR: { offset: 0, reset: 0x0101, writable: 0, fields: { F: { bits: 15:0, write_0_clears: true } } } } }");
  bank.write(0x40010001, 1, 0, 0);
  EXPECT_EQ(bank.read(0x40010000, 4, 0).value, 1u);
}

TEST(RegisterBank, TheBitBandAliasReachesTheRegisters) {
  EXPECT_EQ(bit_band_target(0x41FFFFFC), std::nullopt);
  EXPECT_EQ(bit_band_target(0x44000000), std::nullopt);
  // RCC_CR bit 24: 0x42000000 + 0x23800 * 32 + 24 * 4
  const std::uint64_t pll_on = 0x42000000 + 0x23800 * 32 + 24 * 4;
  ASSERT_TRUE(bit_band_target(pll_on));
  EXPECT_EQ(bit_band_target(pll_on)->address, 0x40023803u);
  EXPECT_EQ(bit_band_target(pll_on)->bit, 0u);
  Bank bank = bank_of("- use: stm32f4-rcc", true);
  EXPECT_TRUE(bank.covers(pll_on, 4));
  EXPECT_EQ(bank.read(pll_on + 4, 4, 0).value, 0u);
  EXPECT_FALSE(bank.write(pll_on, 4, 1, 0).device);
  EXPECT_EQ(bank.read(pll_on + 4, 4, 0).value, 1u) << "PLLRDY";
  EXPECT_EQ(bank.read(0x40023800, 4, 0).value, 0x03000083u);
  EXPECT_TRUE(bank.read(0x42000000, 4, 0).device);
  EXPECT_FALSE(bank_of("- use: stm32f4-rcc").covers(pll_on, 4)) << "a processor without the alias";
}

TEST(RegisterBank, WatchesAreMerged) {
  Bank bank = bank_of(words, true);
  EXPECT_THAT(bank.watches(), ElementsAre(Watch{0x40010000, 8, true, true}, Watch{0x4001000A, 3, true, true},
                                          Watch{0x42200000, 0x100, true, true}, Watch{0x42200140, 0x60, true, true}));
}

TEST(RegisterBank, AnObservedRegisterIsTheDevicesAndStillRaisesTheLine) {
  Bank bank = bank_of("- use: stm32-usart-txe");
  EXPECT_THAT(bank.watches(), ElementsAre(Watch{0x40004404, 4, true, false}, Watch{0x4000440C, 4, false, true}));
  const Answer on = bank.write(0x4000440C, 4, 0x2088, 0);
  EXPECT_TRUE(on.device);
  EXPECT_THAT(on.changes, ElementsAre(LineChange{38, true}));
  EXPECT_TRUE(bank.read(0x4000440C, 4, 0).device);
  EXPECT_THAT(bank.write(0x4000440C, 2, 0x2008, 0).changes, ElementsAre(LineChange{38, false}));
}

TEST(RegisterBank, AnObservedRegisterIsWatchedForReadsWhereARuleWaitsForThem) {
  Bank bank = bank_of("- { block: X, base: 0x40010000, size: 8, registers: { DR: { offset: 0, writable: 0, observe: true }, SR: { offset: 4, writable: 0, fields: { F: { bits: 0, cleared_by: read DR } } } } }");
  EXPECT_THAT(bank.watches(), ElementsAre(Watch{0x40010000, 4, true, false}, Watch{0x40010004, 4, true, true}));
}

TEST(RegisterBank, TheStateIsSavedAndLoaded) {
  constexpr std::string_view models =
      "- { block: X, base: 0x40010000, size: 0x20, irq: 3, registers: { A: { offset: 0, fields: { ON: 0, RDY: { bits: 1, follows: ON, after_reads: 3 } } },\n"
      "    D: { offset: 4, fields: { S: { bits: 7:0, stream: [1, 2, 3] } } }, C: { offset: 8, fields: { N: { bits: 31:0, counts_hz: 1000 } } } }, interrupts: [{ when: A.ON }] }\n"
      "- use: stm32f4-rcc";
  Bank first = bank_of(models);
  first.reset(5'000'000);
  first.write(0x40010000, 4, 1, 6'000'000);
  first.read(0x40010000, 4, 6'000'000);
  first.read(0x40010004, 4, 6'000'000);
  first.write(0x40023800, 4, 0x01010081, 6'000'000);
  const auto saved = first.save();
  Bank second = bank_of(models);
  ASSERT_TRUE(second.load(saved));
  EXPECT_EQ(boost::json::serialize(second.save()), boost::json::serialize(saved));
  EXPECT_THAT(second.raised(), ElementsAre(3));
  for (Bank* bank : {&first, &second}) {
    EXPECT_EQ(bank->read(0x40010000, 4, 7'000'000).value, 1u);
    EXPECT_EQ(bank->read(0x40010000, 4, 7'000'000).value, 1u);
    EXPECT_EQ(bank->read(0x40010000, 4, 7'000'000).value, 3u);
    EXPECT_EQ(bank->read(0x40010004, 4, 7'000'000).value, 2u);
    EXPECT_EQ(bank->read(0x40010008, 4, 9'000'000).value, 4u);
    EXPECT_EQ(bank->read(0x40023800, 4, 9'000'000).value, 0x03030083u);
  }
  EXPECT_EQ(first.hits()[0].reads, second.hits()[0].reads);
}

TEST(RegisterBank, AForeignStateIsRefusedAndChangesNothing) {
  Bank bank = bank_of("- { block: X, base: 0x40010000, size: 8, registers: { A: { offset: 0, fields: { S: { bits: 7:0, stream: [1, 2] } } } } }");
  bank.read(0x40010000, 4, 0);
  const auto good = bank.save();
  const auto with = [&](auto change) {
    auto state = good;
    change(state);
    return state;
  };
  const auto a = [](boost::json::object& state) -> boost::json::object& { return state["blocks"].as_object()["X"].as_object()["A"].as_object(); };
  for (const auto& bad : {boost::json::object{}, with([](auto& s) { s["version"] = 2; }), with([](auto& s) { s["blocks"].as_object().erase("X"); }),
                          with([](auto& s) { s["blocks"].as_object()["Y"] = boost::json::object(); }), with([](auto& s) { s["raised"] = {5}; }),
                          with([&](auto& s) { a(s)["stored"] = -1; }), with([&](auto& s) { a(s)["stored"] = "1"; }), with([&](auto& s) { a(s).erase("reads"); }),
                          with([&](auto& s) { a(s)["progress"] = {{"S", 2}}; }), with([&](auto& s) { a(s)["progress"] = {{"T", 1}}; }),
                          with([](auto& s) { s["origin_ns"] = nullptr; })}) {
    const auto loaded = bank.load(bad);
    ASSERT_FALSE(loaded) << boost::json::serialize(bad);
    EXPECT_EQ(loaded.error().code, ErrorCode::BOARD_INVALID);
    EXPECT_EQ(bank.save(), good);
  }
}

}  // namespace
}  // namespace virserver::registers
