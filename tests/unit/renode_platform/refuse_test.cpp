// What is refused, where and why; and what names may not do.
#include <gtest/gtest.h>

#include "support.hpp"

namespace virserver::backend::renode {
namespace {

using testing::Test;

Platform of(const std::string& node) { return generate_platform(board_of(node)); }
void expect_contains(const std::string& text, std::string_view part) { EXPECT_NE(text.find(part), std::string::npos) << text; }

TEST(RenodeRefuses, AProcessorThatCannotBeMade) {
  const auto platform = of("processor: { type: MIPS 24Kc }");
  EXPECT_FALSE(platform.usable());
  expect_contains(error_at(platform, "/nodes/0/processor/type"), "nearest");
}

TEST(RenodeRefuses, MoreCoresThanThereCanBe) {
  expect_contains(error_at(of("processor: { type: cortex-m33, cores: 2 }"), "/nodes/0/processor/cores"), "at most 1");
}

TEST(RenodeRefuses, AnAArch64ProcessorWithoutAGic) {
  expect_contains(error_at(of("processor: { type: cortex-a53 }"), "/nodes/0/processor"), "needs a GIC");
}

TEST(RenodeRefuses, AModelThatNobodyKnowsAndOffersTheNearest) {
  expect_contains(error_at(of(R"(processor: { type: cortex-m4 }
peripherals: [ { type: UART, name: U, address: 0x40000000, properties: { model: PL010 } } ])"), "/nodes/0/peripherals/0/properties/model"), "pl011");
}

TEST(RenodeRefuses, MemoryThatIsNotAligned) {
  expect_contains(error_at(of("processor: { type: cortex-m4 }\nmemory: [ { type: RAM, address: 0x20000200, size: 4K } ]"), "/nodes/0/memory/0/address"), "0x400");
  const auto rounded = of("processor: { type: cortex-m4 }\nmemory: [ { type: RAM, address: 0x20000000, size: 1000 } ]");
  EXPECT_TRUE(rounded.usable());
  EXPECT_NE(finding_at(rounded, "/nodes/0/memory/0/size", Severity::approximated), "");
  EXPECT_EQ(rounded.memory[0].size, 1024u);
}

TEST(RenodeRefuses, MemoryBelowTheProcessorsPage) {
  const auto platform = of("processor: { type: rv32 }\nmemory: [ { type: RAM, address: 0x80000000, size: 1K }, { type: RAM, address: 0x80000400, size: 4K } ]");
  EXPECT_EQ(platform.memory.front().size, 0x1000u);
  expect_contains(error_at(platform, "/nodes/0/memory/1/address"), "0x1000");
}

TEST(RenodeRefuses, Overlaps) {
  expect_contains(error_at(of(R"(processor: { type: cortex-m4 }
memory: [ { type: RAM, name: sram, address: 0x40000000, size: 64K } ]
peripherals: [ { type: UART, name: U, address: 0x4000fff0, properties: { model: PL011 } } ])"), "/nodes/0/peripherals/0/address"), "sram");
  expect_contains(error_at(of(R"(processor: { type: cortex-m4 }
memory: [ { type: RAM, address: 0xe0000000, size: 1M } ])"), "/nodes/0/processor"), "NVIC");
  expect_contains(error_at(of(R"(processor: { type: cortex-m4 }
peripherals: [ { type: UART, name: U, address: 0xfffffffffffffff0, properties: { model: PL011 } } ])"), "/nodes/0/peripherals/0/address"), "2^64-1");
}

TEST(RenodeRefuses, AGuessNeverMakesABoardWrong) {
  const auto platform = of(R"(processor: { type: cortex-m4 }
peripherals: [ { type: UART, name: A, address: 0x40000000 }, { type: UART, name: B, address: 0x40000400 } ])");
  EXPECT_TRUE(platform.usable());
  EXPECT_NE(finding_at(platform, "/nodes/0/peripherals/1/address", Severity::missing), "");
}

TEST(RenodeRefuses, InterruptsThatLeadNowhere) {
  expect_contains(error_at(of(R"(processor: { type: rv32 }
peripherals: [ { type: UART, name: U, address: 0x10000000, irq: [3] } ])"), "/nodes/0/peripherals/0/irq/0"), "no interrupt controller");
  expect_contains(error_at(of(R"(processor: { type: cortex-m4 }
peripherals: [ { type: UART, name: U, address: 0x10000000, irq: [700] } ])"), "/nodes/0/peripherals/0/irq/0"), "0 to 511");
  expect_contains(error_at(of(R"(processor: { type: rv32 }
peripherals: [ { type: interrupt-controller, name: PLIC, address: 0x0c000000 }, { type: UART, name: U, address: 0x10000000, irq: [0] } ])"),
                           "/nodes/0/peripherals/1/irq/0"), "1 to 1022");
}

TEST(RenodeRefuses, AControllerThatDoesNotFit) {
  expect_contains(error_at(of("processor: { type: cortex-m4 }\nperipherals: [ { type: interrupt-controller, name: PLIC, address: 0x0c000000 } ]"), "/nodes/0/peripherals/0"),
                  "does not work with");
  expect_contains(error_at(of("processor: { type: cortex-a9 }\nperipherals: [ { type: interrupt-controller, name: GIC, address: 0x0c000000 } ]"), "/nodes/0/peripherals/0/properties"),
                  "cpu_interface");
  expect_contains(error_at(of("processor: { type: rv32 }\nperipherals: [ { type: interrupt-controller, name: PLIC, address: 0x0c000000 }, { type: interrupt-controller, name: PLIC2, "
                              "address: 0x1c000000 } ]"), "/nodes/0/peripherals/1"), "already");
}

TEST(RenodeRefuses, PropertiesOfTheWrongKindOrRange) {
  const auto with = [](const std::string& value) {
    return of("processor: { type: cortex-m4 }\nperipherals: [ { type: UART, name: U, address: 0x40000000, properties: { model: PL011, fifoSize: " + value + " } } ]");
  };
  const std::string at = "/nodes/0/peripherals/0/properties/fifoSize";
  EXPECT_EQ(error_at(with("16"), at), "");
  EXPECT_EQ(error_at(with("\"0x10\""), at), "");
  expect_contains(error_at(with("0"), at), "from 1 to 4096");
  expect_contains(error_at(with("-1"), at), "from 1 to 4096");
  expect_contains(error_at(with("true"), at), "whole number");
  expect_contains(error_at(with("\"16\\n    init: quit\""), at), "whole number");
}

TEST(RenodeRefuses, NamesThatWouldBeMore) {
  const char* names[] = {"x\nquit", "a\"; include @/etc/passwd", "sysbus", "using", "cpu", "init", "\xff\xfe", "}", "// x", "-> nvic@0", "  ", "1", "nvic"};
  board::Board board = board_of("processor: { type: cortex-m4 }");
  for (std::size_t i = 0; i < std::size(names); ++i)
    board.nodes[0].memory.push_back({board::MemoryType::ram, names[i], 0x20000000 + 0x1000 * i, 0x1000});
  const auto platform = generate_platform(board);
  EXPECT_TRUE(platform.usable());
  EXPECT_EQ(std::ranges::count(platform.text, '\n'), static_cast<long>(2 * std::size(names) + 6));
  for (const char* word : {"quit", "include", "passwd", "\"; "})
    for (std::size_t at = platform.text.find(word); at != std::string::npos; at = platform.text.find(word, at + 1)) {
      const std::size_t start = platform.text.rfind('\n', at) + 1;  // only as part of an identifier
      EXPECT_EQ(platform.text.substr(start, at - start).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string::npos);
    }
}

}  // namespace
}  // namespace virserver::backend::renode
