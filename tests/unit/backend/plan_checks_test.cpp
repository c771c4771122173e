#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "backend/qemu/plan.hpp"
#include "backend/qemu/tables.hpp"

namespace virserver::backend::qemu {
namespace {

namespace json = boost::json;

MachineFacts stm32() {
  MachineFacts facts;
  facts.memory = {{"flash", 0, 0x100000, false}, {"flash", 0x08000000, 0x100000, false}, {"sram", 0x20000000, 0x30000, true}};
  facts.processor = "cortex-m4";
  facts.serials = {0, 1};
  return facts;
}

board::Node node() {
  board::Node n;
  n.id = "mcu";
  n.processor = {"ARM Cortex-M4", "cortex-m4", Architecture::arm, 'M', 1, std::nullopt, {}};
  n.memory = {{board::MemoryType::flash, "", 0x08000000, 0x100000, true, false, true}, {board::MemoryType::ram, "", 0x20000000, 0x30000, true, true, true}};
  return n;
}

std::vector<Severity> severities(const std::vector<Finding>& findings) {
  std::vector<Severity> out;
  for (const auto& finding : findings) out.push_back(finding.severity);
  return out;
}

TEST(PlanChecks, ABoardThatFitsHasNoFindings) {
  std::vector<Finding> findings;
  check_memory(node(), stm32(), "m", findings);
  check_processor(node(), stm32(), "m", findings);
  EXPECT_TRUE(findings.empty());
}

TEST(PlanChecks, MissingFlashIsAnErrorMissingRamIsNot) {
  auto n = node();
  n.memory[0].address = 0x90000000;
  n.memory.push_back({board::MemoryType::ram, "ccm", 0x10000000, 0x10000, true, true, true});
  std::vector<Finding> findings;
  check_memory(n, stm32(), "m", findings);
  EXPECT_EQ(severities(findings), (std::vector{Severity::error, Severity::missing}));
  EXPECT_EQ(findings[0].pointer, "/nodes/0/memory/0");
}

TEST(PlanChecks, NoRamAtAllIsAnError) {
  auto n = node();
  n.memory[1].address = 0x30000000;
  std::vector<Finding> findings;
  check_memory(n, stm32(), "m", findings);
  EXPECT_EQ(severities(findings), std::vector{Severity::error});
}

TEST(PlanChecks, SmallerMemoryIsApproximated) {
  auto n = node();
  n.memory[1].size = 0x40000;
  std::vector<Finding> findings;
  check_memory(n, stm32(), "m", findings);
  ASSERT_EQ(severities(findings), std::vector{Severity::approximated});
  EXPECT_NE(findings[0].message.find("192 KiB"), std::string::npos);
}

TEST(PlanChecks, AProcessorOfAnotherProfileIsAnError) {
  auto facts = stm32();
  facts.processor = "cortex-a9";
  std::vector<Finding> findings;
  check_processor(node(), facts, "m", findings);
  EXPECT_EQ(severities(findings), std::vector{Severity::error});
  facts.processor = "cortex-m3";
  findings.clear();
  check_processor(node(), facts, "m", findings);
  EXPECT_EQ(severities(findings), std::vector{Severity::approximated});
}

TEST(PlanChecks, ConsolesOnlyWhereTheMachineHasPorts) {
  auto n = node();
  n.consoles = {{"usart1", "", 0}, {"usart9", "", 7}, {"again", "", 0}, {"emulator", "", 1}};
  std::vector<Finding> findings;
  auto consoles = choose_consoles(n, stm32(), "m", findings);
  ASSERT_EQ(consoles.size(), 1u);
  EXPECT_EQ(consoles[0].name, "usart1");
  EXPECT_EQ(severities(findings), (std::vector{Severity::missing, Severity::missing, Severity::error}));
}

TEST(PlanChecks, ConsolesFromPeripheralsWithUsableNames) {
  auto n = node();
  n.peripherals = {{"uart", "USART2 (debug)", 0x40004400, {38}, {}}, {"gpio", "GPIOD", 0x40020c00, {}, {}}};
  std::vector<Finding> findings;
  auto consoles = choose_consoles(n, stm32(), "m", findings);
  ASSERT_EQ(consoles.size(), 1u);
  EXPECT_EQ(consoles[0].name, "usart2debug");
}

TEST(PlanTarget, NamesThatCouldBeOptionsAreRefused) {
  for (const char* bad : {"virt,secure=on", "-h", "", "a b", "x=y"}) {
    auto n = node();
    n.targets = {{"qemu", {{"machine", bad}}}};
    std::vector<Finding> findings;
    auto target = read_target(n, false, findings);
    EXPECT_TRUE(target.machines.empty()) << bad;
    EXPECT_EQ(severities(findings), std::vector{Severity::error}) << bad;
  }
}

TEST(PlanTarget, MachineOptionsOfUsersAreLeftOut) {
  auto n = node();
  n.targets = {{"qemu", {{"machine", "virt"}, {"machine_options", json::array{"secure=on"}}, {"memory", "512M"}, {"reset_address", "0x40000000"}}}};
  std::vector<Finding> findings;
  auto target = read_target(n, false, findings);
  EXPECT_TRUE(target.machine_options.empty());
  EXPECT_EQ(target.memory, "512M");
  EXPECT_EQ(target.reset_address, 0x40000000u);
  EXPECT_EQ(severities(findings), std::vector{Severity::missing});
  findings.clear();
  EXPECT_EQ(read_target(n, true, findings).machine_options, std::vector<std::string>{"secure=on"});
}

TEST(PlanTarget, MemoryMustBeANumberWithAUnit) {
  for (const char* bad : {"512", "M", "512M,slots=2", "-1M", "99999999999G"}) {
    auto n = node();
    n.targets = {{"qemu", {{"machine", "virt"}, {"memory", bad}}}};
    std::vector<Finding> findings;
    EXPECT_TRUE(read_target(n, false, findings).memory.empty()) << bad;
    EXPECT_EQ(findings.size(), 1u) << bad;
  }
}

TEST(Tables, NamesOfQemu) {
  EXPECT_EQ(processor_of_type("cortex-m4-arm-cpu"), "cortex-m4");
  EXPECT_EQ(processor_of_type("sifive-e31-riscv-cpu"), "sifive-e31");
  EXPECT_EQ(architecture_of_target("riscv64"), Architecture::riscv64);
  EXPECT_EQ(machines_for("cortex-m4", "STM32F407VG").front(), "olimex-stm32-h405");
  EXPECT_EQ(device_kind("stm32f2xx-usart"), "uart");
  EXPECT_EQ(device_kind("armv7m_nvic"), "interrupt_controller");
}

}  // namespace
}  // namespace virserver::backend::qemu
