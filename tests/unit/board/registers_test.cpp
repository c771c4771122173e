#include "board/registers.hpp"

#include <gtest/gtest.h>

namespace virserver::board {
namespace {

TEST(Registers, TablesAreWellFormed) { EXPECT_NO_THROW(load_register_tables()); }

TEST(Registers, AreFoundByChipAndAddress) {
  EXPECT_EQ(find_register("STM32F407VG", 0x40023800)->text(), "RCC_CR");
  EXPECT_EQ(find_register("stm32f205rf", 0x40023808)->text(), "RCC_CFGR");
  EXPECT_EQ(find_register("STM32F100RB", 0x40021000)->text(), "RCC_CR");
  EXPECT_EQ(find_register("nRF51822", 0x40000100)->text(), "CLOCK_EVENTS_HFCLKSTARTED");
  EXPECT_EQ(find_register("LM3S6965", 0x400fe060)->text(), "SYSCTL_RCC");
  EXPECT_EQ(find_register("STM32F407VG", 0x40023801)->text(), "RCC_CR") << "a byte of it";
  EXPECT_EQ(find_register("STM32F407VG", 0x40023a00)->text(), "RCC+0x200");
  EXPECT_FALSE(find_register("STM32F407VG", 0x40024000));
  EXPECT_FALSE(find_register("STM32F407VG", 0));
  EXPECT_FALSE(find_register("Z80", 0x40023800));
  EXPECT_FALSE(find_register("", 0x40023800));
}

}  // namespace
}  // namespace virserver::board
