#include "backend/renode/probe.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "backend/renode/facts_json.hpp"
#include "backend/renode/installation.hpp"
#include "backend/renode/plan.hpp"
#include "backend/renode/tables.hpp"
#include "board/templates.hpp"
#include "facts.hpp"

namespace virserver::backend::renode {
namespace {

TEST(Probe, ReadsItsLinesAndNothingElse) {
  const auto facts = parse_probe(testing::machine_output);
  EXPECT_EQ(facts.program, "/opt/renode/");
  EXPECT_EQ(facts.platforms, (std::vector<std::string>{"boards/stm32f4_discovery.repl", "cpus/stm32f4.repl"}));
  ASSERT_EQ(facts.types.size(), 2u);
  EXPECT_TRUE(facts.types[1].is("IUART"));
  EXPECT_FALSE(facts.types[1].is("ICPU"));
  ASSERT_EQ(facts.cpus.size(), 1u);
  EXPECT_EQ(facts.cpus[0].model, "cortex-m4");
  EXPECT_FALSE(facts.cpus[0].big_endian);
  EXPECT_EQ(facts.peripherals.size(), 7u) << "one that is told twice counts once";
  EXPECT_EQ(facts.ranges.front().address, 0x08000000u);
  EXPECT_TRUE(facts.has("machine"));
  EXPECT_FALSE(facts.has("nothing"));
}

TEST(Probe, LeavesOutWhatCannotBe) {
  EXPECT_TRUE(parse_probe("vs\trange\tx\t-1\t4\nvs\trange\tx\t0\t0\nvs\trange\tx\t18446744073709551615\t2\nvs\trange\tx\n").ranges.empty());
  EXPECT_TRUE(parse_probe("vs\n vs\tprogram\nxs\tprogram\t/a\n").program.empty());
  std::string flood;
  for (int i = 0; i < 30'000; ++i) flood += "vs\tplatform\ta\n";
  EXPECT_LE(parse_probe(flood).platforms.size(), 20'000u);
}

TEST(Probe, FactsSurviveTheCache) {
  const auto facts = parse_probe(testing::machine_output);
  const auto again = facts_from_json(facts_to_json(facts));
  ASSERT_TRUE(again);
  EXPECT_EQ(facts_to_json(*again), facts_to_json(facts));
  auto other = facts_to_json(facts);
  other["format"] = 0;
  EXPECT_FALSE(facts_from_json(other)) << "of another version";
  for (const char* key : {"types", "cpus", "ranges", "platforms", "peripherals"}) {
    auto damaged = facts_to_json(facts);
    damaged[key] = "nonsense";
    EXPECT_FALSE(facts_from_json(damaged)) << key;
    damaged.erase(key);
    EXPECT_FALSE(facts_from_json(damaged)) << key;
  }
}

TEST(Tables, KindsAndProcessors) {
  EXPECT_EQ(kind_of_type("Antmicro.Renode.Peripherals.UART.STM32_UART"), "uart");
  EXPECT_EQ(kind_of_type("Antmicro.Renode.Peripherals.Timers.STM32_IndependentWatchdog"), "watchdog");
  EXPECT_EQ(kind_of_type("Antmicro.Renode.Peripherals.Miscellaneous.LED"), "led");
  EXPECT_EQ(kind_of_type("Something"), "other");
  EXPECT_EQ(kind_of_type(""), "other");
  EXPECT_EQ(processor_id("cortex-m4f", Architecture::arm), "cortex-m4");
  EXPECT_EQ(processor_id("cortex-m33", Architecture::arm), "cortex-m33");
  EXPECT_EQ(processor_id("rv32imac_zicsr", Architecture::riscv32), "rv32");
  EXPECT_EQ(processor_id("leon3", Architecture::sparc), "leon3");
  EXPECT_EQ(architecture_of("arm-m"), Architecture::arm);
  EXPECT_EQ(architecture_of("riscv64"), Architecture::riscv64);
  EXPECT_EQ(profile_of("cortex-m0+"), 'M');
}

class PlanTest : public ::testing::Test {
 protected:
  PlanTest() {
    installation.launcher = "/usr/bin/renode";
    installation.version = "1.16.1";
    installation.facts = parse_probe(testing::machine_output);
    platform.facts = installation.facts;
    board = board::find_builtin("stm32f4-disco")->config;
    board.nodes.front().targets["renode"] = boost::json::object{{"platform", "boards/stm32f4_discovery"}};
  }
  board::Node& node() { return board.nodes.front(); }
  Installation installation;
  Library::Platform platform;
  board::Board board;
  std::vector<Finding> findings;
};

TEST_F(PlanTest, FindsThePlatform) {
  EXPECT_EQ(platform_file(node(), installation).value(), "boards/stm32f4_discovery.repl");
  node().targets["renode"] = boost::json::object{{"platform", "boards/stm32f4_discovery.repl"}};
  EXPECT_EQ(platform_file(node(), installation).value(), "boards/stm32f4_discovery.repl");
  node().targets["renode"] = boost::json::object{{"platform", "boards/stm32f4_discover"}};
  const auto near = platform_file(node(), installation);
  ASSERT_FALSE(near);
  EXPECT_NE(near.error().message.find("near: boards/stm32f4_discovery"), std::string::npos) << near.error().message;
  EXPECT_EQ(near.error().details.at("findings").at(0).at("pointer").as_string(), "/nodes/0/targets/renode/platform");
  node().targets.erase("renode");
  EXPECT_EQ(platform_file(node(), installation).error().code, ErrorCode::BOARD_UNPLANNABLE);
}

TEST_F(PlanTest, ConsolesGoByAddressThenNameThenIndex) {
  auto wires = wire_consoles(node(), platform.facts, findings);
  ASSERT_EQ(wires.size(), 2u) << "the platform has no USART3";
  EXPECT_EQ(wires[0].peripheral, "sysbus.usart1");
  EXPECT_EQ(wires[1].peripheral, "sysbus.usart2");
  EXPECT_EQ(findings.size(), 1u);
  node().peripherals.clear();
  node().consoles = {{"a", "USART2", 0}, {"b", "", 0}};
  findings.clear();
  wires = wire_consoles(node(), platform.facts, findings);
  ASSERT_EQ(wires.size(), 2u);
  EXPECT_EQ(wires[0].peripheral, "sysbus.usart2");
  EXPECT_EQ(wires[1].peripheral, "sysbus.usart1");
  node().consoles.clear();
  wires = wire_consoles(node(), platform.facts, findings);
  ASSERT_EQ(wires.size(), 2u);
  EXPECT_EQ(wires[0].console.name, "usart1");
}

TEST_F(PlanTest, OneUartIsOneConsole) {
  node().consoles = {{"a", "USART2", 0}, {"b", "USART2", 1}};
  EXPECT_EQ(wire_consoles(node(), platform.facts, findings).size(), 1u);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::missing);
}

TEST_F(PlanTest, TellsMemoryAndDevices) {
  const auto plan = plan_platform(board, installation, "boards/stm32f4_discovery.repl", platform);
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_EQ(plan->memory.size(), 2u);
  EXPECT_FALSE(plan->memory[0].writable) << "flash";
  EXPECT_TRUE(plan->memory[1].writable);
  EXPECT_EQ(plan->devices.size(), 2u);
  EXPECT_EQ(plan->profile, 'M');
  EXPECT_EQ(plan->data.at("cpus").at(0).as_string(), "sysbus.cpu");
}

TEST_F(PlanTest, RefusesAnotherArchitecture) {
  platform.facts.cpus.front() = {"sysbus.cpu", "rv32imac", "riscv", false};
  const auto plan = plan_platform(board, installation, "boards/stm32f4_discovery.repl", platform);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::BOARD_UNPLANNABLE);
}

TEST_F(PlanTest, AnotherProcessorOfTheFamilyIsAnApproximation) {
  platform.facts.cpus.front().model = "cortex-m7";
  const auto plan = plan_platform(board, installation, "boards/stm32f4_discovery.repl", platform);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->findings.front().severity, Severity::approximated);
}

TEST(Describe, AnAbsentOneSaysWhatToInstall) {
  const auto info = describe(nullptr, "get it there");
  EXPECT_EQ(info.status, Status::absent);
  EXPECT_EQ(info.reason, "get it there");
  for (const char* name : feature_names) {
    EXPECT_FALSE(info.features.at(name).available);
    EXPECT_EQ(info.features.at(name).reason, "get it there");
  }
}

}  // namespace
}  // namespace virserver::backend::renode
