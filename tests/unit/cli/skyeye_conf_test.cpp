#include "cli/skyeye_conf.hpp"

#include <gtest/gtest.h>

namespace virserver::cli {
namespace {

constexpr const char* conf = R"(# Linux on an AT91RM9200
arch:arm
cpu:  arm920t
mach: at91rm92
mem_bank: map=M, type=RW, addr=0x00000000, size=0x00004000
mem_bank: map=M, type=R, addr=0x00100000, size=0x00010000, file=./rom.bin,boot=yes
mem_bank: map=F, type=RW, addr=0x10000000, size=4096
mem_bank: map=I, type=RW, addr=0xfffa0000, size=0x00060000
mem_bank: map=I, type=RW, addr=0xfffa0000, size=0x00060000
net: type=cs8900a, base=0x19000300, int=9
uart: mod = stdio
load_file: filename=./initrd.img, start=0xc0200000
load_addr:base=0xA0000000, mask=0xFFFFFF
log: logon=0
nothing
)";

TEST(SkyEyeConf, TakesMachineBanksUartsAndPrograms) {
  const auto read = read_skyeye_conf(conf);
  EXPECT_EQ(read.mach, "at91rm92");
  EXPECT_EQ(read.cpu, "arm920t");
  EXPECT_EQ(read.banks.size(), 4u);
  EXPECT_EQ(read.uarts, 1u);
  ASSERT_EQ(read.programs.size(), 2u);
  EXPECT_EQ(read.programs[0].file, "./rom.bin");
  EXPECT_EQ(read.programs[0].address, "0x00100000");
  EXPECT_EQ(read.programs[1].file, "./initrd.img");
  EXPECT_EQ(read.programs[1].address, "0xc0200000");
}

TEST(SkyEyeConf, ListsEveryLineThatItDidNotTake) {
  std::vector<int> lines;
  for (const auto& ignored : read_skyeye_conf(conf).ignored) {
    lines.push_back(ignored.line);
    EXPECT_FALSE(ignored.reason.empty());
  }
  EXPECT_EQ(lines, (std::vector<int>{9, 10, 13, 14, 15}));
}

TEST(SkyEyeConf, WritesABoard) {
  EXPECT_EQ(board_yaml(read_skyeye_conf(conf)), R"(schema: 1
name: "at91rm92"
nodes:
  - id: node0
    backend: skyeye
    memory:
      - { type: RAM, name: ram0, address: 0x00000000, size: 0x4000, access: RWX }
      - { type: ROM, name: rom0, address: 0x00100000, size: 0x10000, access: RX }
      - { type: Flash, name: flash0, address: 0x10000000, size: 0x1000, access: RX }
    targets:
      skyeye:
        mach: "at91rm92"
        cpu: "arm920t"
        registers:
          - { address: 0xfffa0000, size: 0x60000 }
    consoles:
      - { name: uart0, index: 0 }
)");
}

TEST(SkyEyeConf, WhatIsNoNameOrNumberIsNotTaken) {
  for (const char* bad : {"mach: a b", "mach: x\"\n", "cpu: {}", "mem_bank: map=M, type=RW, addr=here, size=1", "mem_bank: map=M, addr=0, size=0",
                          "mem_bank: map=Q, addr=0, size=1", "mem_bank:", "load_file: start=0", "arch arm", ": x"}) {
    const auto read = read_skyeye_conf(bad);
    EXPECT_EQ(read.ignored.size(), 1u) << bad;
    EXPECT_EQ(read.mach + read.cpu, "") << bad;
    EXPECT_TRUE(read.banks.empty()) << bad;
  }
  EXPECT_EQ(read_skyeye_conf("mach: a\nmach: b").ignored.size(), 1u);
  EXPECT_EQ(read_skyeye_conf("uart:\nuart:\nuart:\nuart:\n").ignored.size(), 1u);
}

TEST(SkyEyeConf, AnyTextIsRead) {
  EXPECT_TRUE(read_skyeye_conf("").ignored.empty());
  EXPECT_EQ(read_skyeye_conf(std::string(100'000, 'x')).ignored.size(), 1u);
  EXPECT_EQ(read_skyeye_conf(std::string(20'000, '\n') + "x").ignored.size(), 1u);
}

}  // namespace
}  // namespace virserver::cli
