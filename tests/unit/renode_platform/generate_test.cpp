// What a board becomes.
#include <gtest/gtest.h>

#include "board/templates.hpp"
#include "support.hpp"

namespace virserver::backend::renode {
namespace {

bool has(const Platform& platform, std::string_view text) { return platform.text.find(text) != std::string::npos; }

TEST(RenodePlatform, ASmallCortexMBoard) {
  const auto platform = generate_platform(board_of(R"(soc: STM32F407VG
processor: { type: cortex-m4, frequency: 16000000 }
memory: [ { type: Flash, name: flash, address: 0x08000000, size: 1M }, { type: RAM, address: 0x20000000, size: 128K } ]
peripherals: [ { type: UART, name: USART2, address: 0x40004400, irq: [38] } ])"));
  EXPECT_EQ(platform.text, R"(flash: Memory.MappedMemory @ sysbus 0x8000000
    size: 0x100000
ram: Memory.MappedMemory @ sysbus 0x20000000
    size: 0x20000
nvic: IRQControllers.NVIC @ sysbus 0xE000E000
    systickFrequency: 16000000
    IRQ -> cpu@0
cpu: CPU.CortexM @ sysbus
    cpuType: "cortex-m4f"
    nvic: nvic
usart2: UART.STM32_UART @ sysbus <0x40004400, +0x100>
    IRQ -> nvic@38
)");
  EXPECT_TRUE(platform.findings.empty());
  EXPECT_EQ(platform.processors, std::vector<std::string>{"cpu"});
  ASSERT_EQ(platform.consoles.size(), 1u);
  EXPECT_EQ(platform.consoles[0].console.name, "usart2");
  EXPECT_EQ(platform.consoles[0].path, "sysbus.usart2");
  ASSERT_EQ(platform.memory.size(), 2u);
  EXPECT_FALSE(platform.memory[0].writable);
  ASSERT_EQ(platform.devices.size(), 1u);
  EXPECT_EQ(platform.devices[0].serial, 0u);
}

TEST(RenodePlatform, EveryLineKnowsItsPlace) {
  const auto platform = generate_platform(board_of(R"(processor: { type: cortex-m0 }
memory: [ { type: RAM, address: 0x20000000, size: 4K } ]
peripherals: [ { type: UART, name: U, address: 0x40000000, irq: [3], properties: { model: PL011, fifoSize: 8 } } ])"));
  const auto lines = std::ranges::count(platform.text, '\n');
  ASSERT_EQ(platform.pointers.size(), static_cast<std::size_t>(lines));
  EXPECT_EQ(platform.pointers[0], "/nodes/0/memory/0");
  EXPECT_EQ(platform.pointers[1], "/nodes/0/memory/0/size");
  const auto property = std::ranges::find(platform.pointers, "/nodes/0/peripherals/0/properties/fifoSize");
  EXPECT_NE(property, platform.pointers.end());
  EXPECT_EQ(platform.pointers.back(), "/nodes/0/peripherals/0/irq/0");
}

TEST(RenodePlatform, AGicCountsItsInputsFromThirtyTwo) {
  const auto platform = generate_platform(board_of(R"(processor: { type: cortex-a9, cores: 2 }
peripherals:
  - { type: interrupt-controller, name: GIC, address: 0x1e001000, properties: { version: 1, cpu_interface: "0x1e000100" } }
  - { type: UART, name: UART0, address: 0x10009000, irq: [37], properties: { model: PL011 } }
  - { type: Timer, name: PRIVATE, address: 0x1e000600, irq: [29] })"));
  EXPECT_TRUE(platform.usable());
  EXPECT_TRUE(has(platform, "    -> gic@5\n"));
  EXPECT_TRUE(has(platform, "    IRQ -> gic#0@29\n"));
  EXPECT_TRUE(has(platform, "architectureVersion: .GICv1"));
  EXPECT_EQ(platform.processors, (std::vector<std::string>{"cpu0", "cpu1"}));
}

TEST(RenodePlatform, AnApplicationProcessorHasItsTimersAndAGicV3ItsRedistributors) {
  const auto platform = generate_platform(board_of(R"(processor: { type: cortex-a53, cores: 2 }
peripherals: [ { type: interrupt-controller, name: GIC, address: 0x08000000, properties: { redistributor: "0x080a0000" } } ])"));
  EXPECT_TRUE(platform.usable());
  EXPECT_TRUE(has(platform, "attachedCPU: cpu0; address: 0x80a0000 };"));
  EXPECT_TRUE(has(platform, "attachedCPU: cpu1; address: 0x80c0000 }\n"));
  EXPECT_TRUE(has(platform, "generic_timer1: Timers.ARM_GenericTimer @ cpu1"));
}

TEST(RenodePlatform, RiscvContextsFollowWhatEachCoreHas) {
  const auto platform = generate_platform(board_of(R"(processor: { type: SiFive E51, cores: 2 }
peripherals:
  - { type: interrupt-controller, name: CLINT, address: 0x02000000 }
  - { type: interrupt-controller, name: PLIC, address: 0x0c000000 }
  - { type: UART, name: UART0, address: 0x10010000, irq: [90], properties: { model: SiFive } })"));
  EXPECT_TRUE(platform.usable());
  EXPECT_TRUE(has(platform, "numberOfContexts: 3"));
  EXPECT_TRUE(has(platform, "    0 -> cpu0@11\n    [1, 2] -> cpu1@[11, 9]\n"));
  EXPECT_TRUE(has(platform, "numberOfSources: 90"));
  EXPECT_FALSE(has(platform, "cpuType: \"rv64imac_zicsr_zifencei\"\n"));  // one instruction set, or there is no debug server
  EXPECT_TRUE(has(platform, "cpuType: \"rv64imafdc_zicsr_zifencei\"\n"));
  EXPECT_TRUE(has(platform, "timeProvider: clint"));
}

TEST(RenodePlatform, AnIsaStringIsKeptAndCompleted) {
  EXPECT_TRUE(has(generate_platform(board_of("processor: { type: rv32imc_zba }")), "cpuType: \"rv32imc_zba_zicsr_zifencei\""));
  EXPECT_TRUE(has(generate_platform(board_of("processor: { type: rv64gc }")), "cpuType: \"rv64gc\""));
  const auto odd = generate_platform(board_of("processor: { type: rv32imac_xsomething }"));
  EXPECT_TRUE(has(odd, "cpuType: \"rv32imac_zicsr_zifencei\""));
  EXPECT_NE(finding_at(odd, "/nodes/0/processor/type", Severity::approximated), "");
}

TEST(RenodePlatform, APartThatNeedsAnotherIsLinkedToIt) {
  const std::string node = R"(soc: STM32F407VG
processor: { type: cortex-m4 }
peripherals:
  - { type: clock, name: RCC, address: 0x40023800 }
)";
  EXPECT_NE(finding_at(generate_platform(board_of(node)), "/nodes/0/peripherals/0", Severity::missing), "");
  const auto both = generate_platform(board_of(node + "  - { type: RTC, name: RTC, address: 0x40002800 }"));
  EXPECT_TRUE(both.findings.empty());
  EXPECT_TRUE(has(both, "    rtcPeripheral: rtc\n"));
}

TEST(RenodePlatform, WhatIsMissingIsSaidAndTheRestRuns) {
  const auto platform = generate_platform(board_of(R"(processor: { type: cortex-m4 }
peripherals:
  - { type: GPIO, name: G, address: 0x40000000, irq: [1], properties: { model: PL061 } }
  - { type: USB, name: U, address: 0x50000000 }
  - { type: UART, name: S, address: 0x40001000, irq: [1, 2], properties: { color: 3 } })"));
  EXPECT_TRUE(platform.usable());
  EXPECT_NE(finding_at(platform, "/nodes/0/peripherals/0", Severity::missing), "");
  EXPECT_NE(finding_at(platform, "/nodes/0/peripherals/1", Severity::missing), "");
  EXPECT_NE(finding_at(platform, "/nodes/0/peripherals/2", Severity::approximated), "");      // which UART
  EXPECT_NE(finding_at(platform, "/nodes/0/peripherals/2/irq", Severity::approximated), "");  // one output, two interrupts
  EXPECT_NE(finding_at(platform, "/nodes/0/peripherals/2/properties", Severity::info), "");
  EXPECT_FALSE(has(platform, "0x50000000"));
}

TEST(RenodePlatform, ABigEndianProcessorTurnsTheBus) {
  const auto platform = generate_platform(board_of("processor: { type: leon3 }"));
  EXPECT_TRUE(platform.big_endian);
  EXPECT_TRUE(platform.text.starts_with("sysbus:\n    Endianess: Endianess.BigEndian\n"));
}

TEST(RenodePlatform, MostOfTheLibraryCanBeGenerated) {
  std::vector<std::string> usable;
  for (const auto& entry : board::builtin_templates())
    if (generate_platform(entry.config).usable()) usable.push_back(entry.id);
  for (const char* id : {"stm32f4-disco", "sifive-e", "sifive-u", "riscv-virt32", "riscv-virt64", "arm-virt-a53", "zynq-a9", "versatile", "vexpress-a9", "zcu102", "microbit"})
    EXPECT_NE(std::ranges::find(usable, id), usable.end()) << id;
}

}  // namespace
}  // namespace virserver::backend::renode
