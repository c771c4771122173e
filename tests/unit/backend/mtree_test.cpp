#include "backend/qemu/mtree.hpp"

#include <gtest/gtest.h>

namespace virserver::backend::qemu {
namespace {

// Cut from QEMU 7.2.22.
constexpr std::string_view microbit =
    "FlatView #0\r\n AS \"memory\", root: system\r\n Root memory region: system\r\n"
    "  0000000040000000-0000000040007fff (prio -1000, i/o): nrf51_soc.io\r\n\r\n"
    "FlatView #1\r\n AS \"cpu-memory-0\", root: armv7m-container\r\n Root memory region: armv7m-container\r\n"
    "  0000000000000000-000000000003ffff (prio 0, romd): nrf51_soc.flash\r\n"
    "  0000000010001000-00000000100010ff (prio 0, i/o): nrf51_soc.uicr\r\n"
    "  0000000020000000-0000000020003fff (prio 0, ram): nrf51.sram parent:{obj path=/machine/unattached}\r\n"
    "  0000000040000000-0000000040000fff (prio -1, i/o): nrf51_soc.clock\r\n"
    "FlatView #2\r\n AS \"I/O\", root: io\r\n  0000000000000000-000000000000ffff (prio 0, ram): io\r\n";

TEST(MemoryMap, TakesTheProcessorsView) {
  auto map = parse_machine_map(microbit).memory;
  ASSERT_EQ(map.size(), 3u);
  EXPECT_EQ(map[0].name, "nrf51_soc.flash");
  EXPECT_EQ(map[0].size, 0x40000u);
  EXPECT_FALSE(map[0].writable);
  EXPECT_EQ(map[1].name, "nrf51_soc.uicr");
  EXPECT_EQ(map[2].name, "nrf51.sram");
  EXPECT_EQ(map[2].address, 0x20000000u);
  EXPECT_TRUE(map[2].writable);
}

TEST(MemoryMap, MemoryBehindAProtectionControllerCounts) {
  auto map = parse_machine_map(
      "FlatView #9\n AS \"cpu-secure-memory-0\", root: c\n AS \"cpu-memory-0\", root: c\n"
      "  0000000010000000-00000000103fffff (prio 0, i/o): tz-mpc-upstream\n"
      "  0000000040000000-0000000040000fff (prio 0, i/o): tz-ppc-port[0]\n").memory;
  ASSERT_EQ(map.size(), 1u);
  EXPECT_TRUE(map[0].writable);
}

TEST(MemoryMap, JoinsPiecesOfOneRegion) {
  auto map = parse_machine_map(
      "FlatView #0\n AS \"memory\", root: system\n"
      "  0000000000000000-0000000000000fff (prio 0, ram): mach.ram\n"
      "  0000000000001000-0000000000001fff (prio 0, ram): mach.ram @0000000000001000 KVM\n"
      "  0000000000002000-0000000000002fff (prio 0, rom): mach.rom\n").memory;
  ASSERT_EQ(map.size(), 2u);
  EXPECT_EQ(map[0].size, 0x2000u);
}

TEST(MemoryMap, SurvivesNonsense) {
  EXPECT_TRUE(parse_machine_map("").memory.empty());
  EXPECT_TRUE(parse_machine_map("FlatView").memory.empty());
  EXPECT_TRUE(parse_machine_map("FlatView #0\n AS \"memory\", root: x\n  zz-yy (prio 0, ram): a\n  2-1 (prio 0, ram): b\n"
                               "  0000000000000000-ffffffffffffffff (prio 0, ram): all\n  0-1 (prio\n  )\n").memory.empty());
}

// Cut from QEMU 7.2.22, musca-a.
TEST(MachineMap, WhatLiesBehindAProtectionControllersPort) {
  const auto map = parse_machine_map(
      "FlatView #1\n AS \"tz-ppc-port[0]\", root: musca-device-container\n Root memory region: musca-device-container\n"
      "  0000000000001000-0000000000001fff (prio 0, i/o): pl011 owner:{dev path=/machine/uart0}\n"
      "FlatView #2\n AS \"cpu-secure-memory-0\", root: armv7m-container\n Root memory region: armv7m-container\n"
      "  0000000050100000-00000000501fffff (prio 0, i/o): tz-ppc-port[0] owner:{dev path=/machine/ahb_ppcexp0}\n");
  ASSERT_EQ(map.io.size(), 1u);
  ASSERT_EQ(map.ports.size(), 1u);
  EXPECT_EQ(map.ports[0].root, "musca-device-container");
  ASSERT_EQ(map.ports[0].io.size(), 1u);
  EXPECT_EQ(map.ports[0].io[0].owner, "/machine/uart0");
}

// Cut from QEMU 7.2.22, mps2-an505 and netduinoplus2.
TEST(MachineMap, RegistersWithTheDeviceThatOwnsThem) {
  const auto io = parse_machine_map(
      "FlatView #2\r\n AS \"cpu-memory-0\", root: armv7m-container\r\n Root memory region: armv7m-container\r\n"
      "  0000000040023800-0000000040023bff (prio -1000, i/o): RCC owner:{dev path=/machine/unattached/device[34]}\r\n"
      "  00000000e000e000-00000000e000e00f (prio 0, i/o): nvic_sysregs owner:{dev path=/machine/a/nvic}\r\n"
      "  00000000e000e010-00000000e000efff (prio 0, i/o): nvic_sysregs @00000000000000f0 owner:{dev path=/machine/a/nvic}\r\n"
      "  00000000f0000000-00000000f000ffff (prio 0, i/o): io\r\n").io;
  ASSERT_EQ(io.size(), 3u);
  EXPECT_EQ(io[0].name, "RCC");
  EXPECT_EQ(io[0].owner, "/machine/unattached/device[34]");
  EXPECT_EQ(io[0].size, 0x400u);
  EXPECT_EQ(io[1].size, 0x1000u);
  EXPECT_EQ(io[2].owner, "");
}

}  // namespace
}  // namespace virserver::backend::qemu
