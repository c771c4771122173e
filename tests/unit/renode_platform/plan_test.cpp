// A generated platform as an engine's plan, and the commands that load it.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "backend/renode/plan.hpp"
#include "backend/renode/start.hpp"
#include "support.hpp"

namespace virserver::backend::renode {
namespace {

Installation installed() {
  Installation installation;
  installation.launcher = "/usr/bin/renode";
  installation.version = "1.16.1";
  return installation;
}

constexpr const char* node = R"(soc: STM32F407VG
processor: { type: cortex-m4 }
memory: [ { type: RAM, address: 0x20000000, size: 128K }, { type: Flash, address: 0x08000000, size: 1M } ]
peripherals: [ { type: UART, name: USART1, address: 0x40011000, irq: [37] }, { type: UART, name: USART2, address: 0x40004400, irq: [38] } ]
default_console: usart2
)";

TEST(RenodeGeneratedPlan, HasWhatAnEngineNeeds) {
  const auto board = board_of(std::string(node) + "targets: { renode: {} }");
  EXPECT_FALSE(names_platform(board.nodes.front()));
  const auto plan = plan_generated(board, installed());
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->backend, "renode");
  EXPECT_EQ(plan->profile, 'M');
  EXPECT_EQ(plan->default_console, "usart2");
  EXPECT_EQ(plan->consoles.size(), 2u);
  EXPECT_EQ(plan->data.at("load_address").to_number<std::uint64_t>(), 0x08000000u);
  EXPECT_EQ(plan->data.at("cpus"), (boost::json::array{"sysbus.cpu"}));
  EXPECT_EQ(plan->data.at("pointers").as_array().size(), static_cast<std::size_t>(std::ranges::count(platform_files(*plan).at(0).text, '\n')));
  const auto steps = set_up(*plan, *choose_ports(2, true));
  ASSERT_TRUE(steps) << steps.error().message;
  EXPECT_TRUE(std::ranges::any_of(*steps, [](const Step& step) { return step.command.line() == "machine LoadPlatformDescription @platform.repl" && !step.may_lack_download; }));
}

TEST(RenodeGeneratedPlan, ARefusalCarriesEveryFinding) {
  const auto plan = plan_generated(board_of("processor: { type: rv32 }\nperipherals: [ { type: UART, name: U, address: 0x10000000, irq: [3] } ]"), installed());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::BOARD_UNPLANNABLE);
  EXPECT_EQ(plan.error().details.at("findings").as_array().size(), 2u);  // a guess, and an interrupt to nowhere
}

TEST(RenodeGeneratedPlan, APlatformByNameIsNotGenerated) {
  EXPECT_TRUE(names_platform(board_of(std::string(node) + "targets: { renode: { platform: boards/stm32f4_discovery } }").nodes.front()));
}

}  // namespace
}  // namespace virserver::backend::renode
