#include "backend/parts.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace virserver::backend {
namespace {

EnginePlan plan() {
  EnginePlan p;
  p.backend = "qemu";
  p.memory = {{"flash", 0x08000000, 0x100000, false}, {"sram", 0x20000000, 0x30000, true}};
  p.devices = {{"stm32f2xx-usart", "stm32f2xx-usart", "uart", 0x40004400, 0x400, false, 1},
               {"stm32f2xx-spi", "stm32f2xx-spi", "spi", 0x40013000, 0x400, false, {}},
               {"RCC", "unimplemented-device", "other", 0x40023800, 0x400, true, {}}};
  p.consoles = {{"usart2", "USART2", 1}};
  p.data = {{"processor", "cortex-m4"}};
  return p;
}

board::Board board() {
  board::Board b;
  auto& node = b.nodes.emplace_back();
  node.processor = {"ARM Cortex-M4", "cortex-m4", Architecture::arm, 'M', 1, std::nullopt, {}};
  node.memory = {{board::MemoryType::flash, "flash", 0x08000000, 0x100000, true, false, true},
                 {board::MemoryType::ram, "ccm", 0x10000000, 0x10000, true, true, true}};
  node.peripherals = {{"uart", "USART2", 0x40004400, {38}, {}}, {"clock", "RCC", 0x40023800, {}, {}}, {"gpio", "GPIOX", 0x48000000, {}, {}},
                      {"timer", "ARCH", std::nullopt, {}, {}},  {"i2c", "I2C1", 0x40013010, {}, {}},  {"other", "RAMREG", 0x20000010, {}, {}}};
  node.consoles = {{"usart2", "USART2", 1}, {"usart9", "", 9}};
  return b;
}

const Part& part(const std::vector<Part>& parts, std::string_view pointer) { return *std::ranges::find(parts, pointer, &Part::pointer); }

TEST(Parts, EveryPartHasItsState) {
  auto p = plan();
  p.findings = {{Severity::missing, "/nodes/0/memory/1", "no memory there"}, {Severity::info, "/nodes/0/memory/10", "of another"}};
  const auto parts = parts_of(board(), p);
  ASSERT_EQ(parts.size(), 1u + 2 + 6 + 2);
  EXPECT_EQ(part(parts, "/nodes/0/processor").on, "cortex-m4");
  EXPECT_EQ(part(parts, "/nodes/0/memory/0").state, PartState::runs);
  EXPECT_EQ(part(parts, "/nodes/0/memory/1").state, PartState::missing);
  EXPECT_EQ(part(parts, "/nodes/0/memory/1").reason, "no memory there");
  const auto& uart = part(parts, "/nodes/0/peripherals/0");
  EXPECT_EQ(uart.state, PartState::runs);
  EXPECT_EQ(uart.on, "stm32f2xx-usart, serial port 1, console usart2");
  EXPECT_EQ(part(parts, "/nodes/0/peripherals/1").state, PartState::missing);
  EXPECT_NE(part(parts, "/nodes/0/peripherals/1").reason.find("stub"), std::string::npos);
  EXPECT_NE(part(parts, "/nodes/0/peripherals/2").reason.find("nothing answers at 0x48000000"), std::string::npos);
  EXPECT_EQ(part(parts, "/nodes/0/peripherals/3").state, PartState::unknown);
  EXPECT_EQ(part(parts, "/nodes/0/peripherals/4").state, PartState::approximated);
  EXPECT_NE(part(parts, "/nodes/0/peripherals/5").reason.find("memory at 0x20000010 (sram)"), std::string::npos);
  EXPECT_EQ(part(parts, "/nodes/0/consoles/0").on, "serial port 1 (stm32f2xx-usart at 0x40004400)");
  EXPECT_EQ(part(parts, "/nodes/0/consoles/1").state, PartState::missing);
  for (const auto& each : parts) EXPECT_EQ(each.state == PartState::runs, each.reason.empty()) << each.pointer;
}

TEST(Parts, ABackendThatDoesNotTellItsDevicesMakesNothingUp) {
  auto p = plan();
  p.devices.clear();
  const auto parts = parts_of(board(), p);
  EXPECT_EQ(part(parts, "/nodes/0/peripherals/0").state, PartState::unknown);
  EXPECT_TRUE(peripheral_findings(board(), p, "m").empty());
}

TEST(Parts, FindingsNameStubsAndHolesOnce) {
  const auto findings = peripheral_findings(board(), plan(), "netduinoplus2");
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_EQ(findings[0].severity, Severity::approximated);
  EXPECT_EQ(findings[1].message, "the machine netduinoplus2 has only stubs, which read 0, for: RCC");
  EXPECT_EQ(findings[2].message, "the machine netduinoplus2 has nothing at the addresses of: GPIOX, RAMREG");
  auto many = board();
  for (int i = 0; i < 1000; ++i) many.nodes[0].peripherals.push_back({"gpio", fmt::format("P{}", i), 0x90000000, {}, {}});
  EXPECT_LT(peripheral_findings(many, plan(), "m")[2].message.size(), 500u);
}

TEST(Parts, DeviceAt) {
  const auto p = plan();
  EXPECT_EQ(device_at(p, 0x40023bff)->name, "RCC");
  EXPECT_EQ(device_at(p, 0x40023c00), nullptr);
  EXPECT_EQ(device_at(p, 0), nullptr);
}

}  // namespace
}  // namespace virserver::backend
