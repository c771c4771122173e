#include "cli/resc.hpp"

#include <gtest/gtest.h>

namespace virserver::cli {
namespace {

constexpr const char* script = R"(:name: STM32F4 Discovery
:description: Runs "Contiki".

using sysbus
$name?="STM32F4_Discovery"
mach create $name
machine LoadPlatformDescription @platforms/boards/stm32f4_discovery-kit.repl

cpu PerformanceInMips 125
$bin?=@firmware/app.elf
showAnalyzer sysbus.usart2
showAnalyzer uart4
$id1 = `python "print 1"`
macro reset
"""
    sysbus LoadELF $bin
    sysbus LoadBinary @boot.bin 0x08000000
    sysbus LoadELF @https://example.org/x.elf
    sysbus WriteDoubleWord 0x1FFF7A10 $id1
"""
runMacro $reset
start
)";

TEST(Resc, TakesPlatformProgramsAndTerminals) {
  const Resc resc = read_resc(script);
  EXPECT_EQ(resc.name, "STM32F4 Discovery");
  EXPECT_EQ(resc.platform, "boards/stm32f4_discovery-kit");
  ASSERT_EQ(resc.programs.size(), 2u);
  EXPECT_EQ(resc.programs[0].file, "firmware/app.elf");
  EXPECT_EQ(resc.programs[1].format, "bin");
  EXPECT_EQ(resc.programs[1].address, "0x08000000");
  EXPECT_EQ(resc.terminals, (std::vector<std::string>{"usart2", "uart4"}));
}

TEST(Resc, ListsEveryLineThatItDidNotTake) {
  std::vector<int> lines;
  for (const auto& ignored : read_resc(script).ignored) {
    lines.push_back(ignored.line);
    EXPECT_FALSE(ignored.reason.empty());
  }
  EXPECT_EQ(lines, (std::vector<int>{9, 13, 18, 19, 22}));
}

TEST(Resc, WritesABoard) {
  EXPECT_EQ(board_yaml(read_resc(script)), R"(schema: 1
name: "STM32F4 Discovery"
description: "Runs \"Contiki\"."
nodes:
  - id: node0
    backend: renode
    targets:
      renode: { platform: boards/stm32f4_discovery-kit }
    peripherals:
      - { type: UART, name: "usart2" }
      - { type: UART, name: "uart4" }
    consoles:
      - { name: "usart2", peripheral: "usart2", index: 0 }
      - { name: "uart4", peripheral: "uart4", index: 1 }
)");
}

TEST(Resc, WhatWouldBeMoreThanAPlatformIsNotTaken) {
  for (const char* bad : {"@../my.repl", "@platforms/../../etc/passwd.repl", "@platforms/a b.repl", "@platforms/x.repl\";quit", "@http://x/platforms/boards/x.repl", "$unknown", ""}) {
    const Resc resc = read_resc(std::string("machine LoadPlatformDescription ") + bad);
    EXPECT_EQ(resc.platform + resc.platform_file, "") << bad;
    EXPECT_EQ(resc.ignored.size(), 1u) << bad;
  }
  EXPECT_TRUE(read_resc("showAnalyzer sysbus.uart0\"}; x").terminals.empty());
  EXPECT_EQ(read_resc("mach create \"a\"\nmach create \"b\"").ignored.size(), 1u);
}

std::vector<int> ignored_lines(std::string_view text) {
  std::vector<int> lines;
  for (const auto& ignored : read_resc(text).ignored) lines.push_back(ignored.line);
  return lines;
}

TEST(Resc, OnlyTheFirstMachineIsTaken) {
  const char* two = "mach create \"a\"\nmachine LoadPlatformDescription @platforms/boards/a.repl\nsysbus LoadELF @a.elf\n"
                    "mach create \"b\"\nmachine LoadPlatformDescription @platforms/boards/b.repl\nshowAnalyzer uart0\nsysbus LoadELF @b.elf\n"
                    "mach set \"a\"\nshowAnalyzer uart1\nmach set \"c\"\nshowAnalyzer uart2\n";
  const Resc resc = read_resc(two);
  EXPECT_EQ(resc.platform, "boards/a");
  EXPECT_EQ(resc.terminals, (std::vector<std::string>{"uart1"}));
  ASSERT_EQ(resc.programs.size(), 1u);
  EXPECT_EQ(resc.programs[0].file, "a.elf");
  EXPECT_EQ(ignored_lines(two), (std::vector<int>{4, 5, 6, 7, 8, 10, 11}));
}

TEST(Resc, BlocksOfOtherMacrosAndOfPythonAreNotCarriedOut) {
  const char* blocks = "macro flash\n\"\"\"\n  sysbus LoadELF @a.elf\n\"\"\"\npython \"\"\"\nprint 1\n\"\"\"\n"
                       "macro reset \"\"\"\n  sysbus LoadELF @b.elf\n\"\"\"\nrunMacro $flash\n";
  const Resc resc = read_resc(blocks);
  ASSERT_EQ(resc.programs.size(), 1u);
  EXPECT_EQ(resc.programs[0].file, "b.elf");
  EXPECT_EQ(ignored_lines(blocks), (std::vector<int>{1, 3, 5, 6, 11}));
  EXPECT_EQ(ignored_lines("include @other.resc\n"), (std::vector<int>{1}));
}

TEST(Resc, APlatformOfItsOwnComesIntoTheBoard) {
  const Resc resc = read_resc("mach create \"mine\"\nmachine LoadPlatformDescription $ORIGIN/parts/my.repl\n");
  EXPECT_EQ(resc.platform, "");
  EXPECT_EQ(resc.platform_file, "parts/my.repl");
  EXPECT_EQ(read_resc("machine LoadPlatformDescription @my.repl").platform_file, "my.repl");
  EXPECT_EQ(board_yaml(resc, "using \"platforms/cpus/a.repl\"\r\n\nled: Miscellaneous.LED @ gpio\n    invert: true"), R"(schema: 1
name: "mine"
nodes:
  - id: node0
    backend: renode
    targets:
      renode:
        platform_text: |2
          using "platforms/cpus/a.repl"

          led: Miscellaneous.LED @ gpio
              invert: true
)");
}

TEST(Resc, AnyTextIsRead) {
  EXPECT_TRUE(read_resc("").ignored.empty());
  EXPECT_EQ(read_resc(std::string(100'000, 'x')).ignored.size(), 1u);
  EXPECT_EQ(read_resc(std::string(20'000, '\n') + "x").ignored.size(), 1u);
  read_resc("$=\n$x?=\n$\nmach\nmachine\nshowAnalyzer\nsysbus\nsysbus LoadELF\n\"\n\"x\n:\nusing\xff\n");
}

}  // namespace
}  // namespace virserver::cli
