// The built-in models, as the vendors' start-up code uses them.
#include <gmock/gmock.h>

#include "models.hpp"

namespace virserver::registers {
namespace {

using ::testing::ElementsAre;
using virserver::testing::bank_of;

TEST(BuiltinModels, AllAreReadAndNameTheirSource) {
  EXPECT_GE(board::builtin_models().size(), 10u);
  for (const auto& model : board::builtin_models()) {
    EXPECT_FALSE(model.description.empty()) << model.id;
    const auto board = virserver::testing::board_of(fmt::format("- use: {}", model.id));
    ASSERT_TRUE(board) << board.error().message;
    EXPECT_EQ(board->nodes[0].register_blocks.at(0).model, model.id);
  }
}

TEST(BuiltinModels, AnotherBlockOfTheKind) {
  const auto board = virserver::testing::board_of("- { use: stm32-usart-txe, block: USART2 }\n- { use: stm32-usart-txe, block: USART9, base: 0x40011000, irq: 37 }\n- { use: stm32f4-gpio, block: GPIOD }");
  ASSERT_TRUE(board) << board.error().message;
  const auto& blocks = board->nodes[0].register_blocks;
  EXPECT_EQ(blocks[0].base, 0x40004400u);
  EXPECT_EQ(blocks[0].interrupts[0].line, 38u);
  EXPECT_EQ(blocks[1].base, 0x40011000u);
  EXPECT_EQ(blocks[1].interrupts[1].line, 37u);
  EXPECT_EQ(blocks[2].base, 0x40020C00u) << "from the chip's table of names";
  EXPECT_FALSE(virserver::testing::board_of("- { use: stm32-usart-txe, block: USART9 }"));
}

TEST(BuiltinModels, ForBackendsAndVersions) {
  const auto board = virserver::testing::board_of("- use: stm32f4-rcc\n- use: stm32-usart-txe\n- { block: X, base: 0x50000000, size: 4, registers: { A: 0 } }");
  const auto names = [&](std::string_view backend, std::string_view version) {
    std::vector<std::string> list;
    for (const auto& block : board::models_for(board->nodes[0], backend, version)) list.push_back(block.name);
    return list;
  };
  EXPECT_THAT(names("qemu", "7.2.22 (Debian 1:7.2)"), ElementsAre("RCC", "USART2", "X"));
  EXPECT_THAT(names("qemu", "8.1.99"), ElementsAre("RCC", "USART2", "X"));
  EXPECT_THAT(names("qemu", "8.2.0"), ElementsAre("RCC", "X"));
  EXPECT_THAT(names("qemu", "10.0"), ElementsAre("RCC", "X"));
  EXPECT_THAT(names("renode", "1.15"), ElementsAre("X"));
}

// What HAL_RCC_OscConfig and HAL_RCC_ClockConfig of the F4 do and wait for.
TEST(BuiltinModels, TheClockSetUpOfAnStm32F4GetsThrough) {
  Bank bank = bank_of("- use: stm32f4-rcc\n- use: stm32f4-pwr\n- use: stm32f4-flash");
  constexpr std::uint64_t cr = 0x40023800, cfgr = 0x40023808, bdcr = 0x40023870, csr = 0x40023874, acr = 0x40023C00, pwr_csr = 0x40007004;
  const auto modify = [&](std::uint64_t address, std::uint64_t set) { bank.write(address, 4, bank.read(address, 4, 0).value | set, 0); };
  EXPECT_EQ(bank.read(cr, 4, 0).value, 0x83u);
  modify(cr, 1u << 16);
  EXPECT_TRUE(bank.read(cr, 4, 0).value & 1u << 17);
  modify(cr, 1u << 24);
  EXPECT_TRUE(bank.read(cr, 4, 0).value & 1u << 25);
  EXPECT_TRUE(bank.read(pwr_csr, 4, 0).value & 1u << 14) << "VOSRDY";
  modify(acr, 5);
  EXPECT_EQ(bank.read(acr, 4, 0).value & 0xF, 5u);
  modify(cfgr, 2);
  EXPECT_EQ(bank.read(cfgr, 4, 0).value >> 2 & 3, 2u);
  modify(bdcr, 1);
  EXPECT_EQ(bank.read(bdcr, 4, 0).value, 3u);
  modify(csr, 1);
  EXPECT_EQ(bank.read(csr, 4, 0).value, 0x0E000003u);
  modify(csr, 1u << 24);
  EXPECT_EQ(bank.read(csr, 4, 0).value, 3u) << "the reset flags are gone";
}

TEST(BuiltinModels, TheFlashLockOpensWithItsKey) {
  Bank bank = bank_of("- use: stm32f4-flash");
  constexpr std::uint64_t keyr = 0x40023C04, sr = 0x40023C0C, cr = 0x40023C10;
  bank.write(keyr, 4, 0x45670123, 0);
  EXPECT_EQ(bank.read(cr, 4, 0).value, 0x80000000u);
  bank.write(keyr, 4, 0xCDEF89AB, 0);
  EXPECT_EQ(bank.read(cr, 4, 0).value, 0u);
  bank.write(cr, 4, 0x00010002, 0);
  EXPECT_EQ(bank.read(cr, 4, 0).value, 2u) << "STRT is over at once";
  EXPECT_EQ(bank.read(sr, 4, 0).value, 1u);
  bank.write(sr, 4, 1, 0);
  EXPECT_EQ(bank.read(sr, 4, 0).value, 0u);
  bank.write(cr, 4, 0x80000000, 0);
  EXPECT_EQ(bank.read(cr, 4, 0).value, 0x80000000u);
}

TEST(BuiltinModels, AnNrf51StartsItsClocksByInterrupt) {
  Bank bank = bank_of("- use: nrf51-clock");
  bank.write(0x40000304, 4, 3, 0);
  EXPECT_EQ(bank.read(0x40000308, 4, 0).value, 3u) << "INTENCLR reads what is enabled";
  EXPECT_THAT(bank.write(0x40000000, 4, 1, 0).changes, ElementsAre(LineChange{0, true}));
  EXPECT_EQ(bank.read(0x40000100, 4, 0).value, 1u);
  EXPECT_EQ(bank.read(0x4000040C, 4, 0).value, 0x10001u);
  EXPECT_THAT(bank.write(0x40000100, 4, 0, 0).changes, ElementsAre(LineChange{0, false}));
  bank.write(0x40000518, 4, 1, 0);
  bank.write(0x40000008, 4, 1, 0);
  EXPECT_EQ(bank.read(0x40000418, 4, 0).value, 0x10001u);
  EXPECT_THAT(bank.write(0x40000308, 4, 2, 0).changes, ElementsAre(LineChange{0, false}));
  EXPECT_EQ(bank.read(0x40000304, 4, 0).value, 1u);
  EXPECT_EQ(bank.read(0x40000000, 4, 0).value, 0u) << "tasks read 0";
  EXPECT_TRUE(bank.read(0x40000578, 4, 0).device) << "POWER is the machine's";
}

TEST(BuiltinModels, PinsOfAnStm32F4) {
  Bank bank = bank_of("- use: stm32f4-gpio");
  bank.write(0x40020014, 4, 0x00F0, 0);
  bank.write(0x40020018, 4, 0x00100001, 0);
  EXPECT_EQ(bank.read(0x40020014, 4, 0).value, 0x00E1u);
  EXPECT_EQ(bank.read(0x40020010, 4, 0).value, 0x00E1u);
  bank.write(0x40020014, 4, 0, 0);
  EXPECT_EQ(bank.read(0x40020010, 4, 0).value, 0u);
}

}  // namespace
}  // namespace virserver::registers
