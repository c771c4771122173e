#include "backend/register_models.hpp"

#include <gmock/gmock.h>

#include "backend/parts.hpp"
#include "board/parse.hpp"

namespace virserver::backend {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

board::Board board() {
  const auto document = board::parse_document(
      "nodes:\n"
      "  - processor: { type: cortex-m4 }\n"
      "    soc: STM32F407VG\n"
      "    peripherals:\n"
      "      - { type: clock, name: RCC, address: 0x40023800 }\n"
      "      - { type: uart, name: USART2, address: 0x40004400, irq: [38] }\n"
      "    register_models:\n"
      "      - use: stm32f4-rcc\n"
      "      - { use: stm32f4-pwr, enabled: false }\n"
      "      - { use: stm32-usart-txe, block: USART2 }\n"
      "      - { block: X, base: 0x20000000, size: 16, registers: { A: 0 } }\n"
      "      - { block: Y, base: 0x50000000, size: 16, backends: [renode], registers: { A: 0 } }\n");
  return board::parse_board(*document).value();
}

EnginePlan plan() {
  EnginePlan p;
  p.backend = "qemu";
  p.memory = {{"sram", 0x20000000, 0x30000, true}};
  p.devices = {{"usart", "stm32f2xx-usart", "uart", 0x40004400, 0x400, false, 1}, {"RCC", "unimplemented-device", "other", 0x40023800, 0x400, true, {}}};
  return p;
}

auto named(const char* name) { return testing::Field(&ModelledBlock::name, name); }

TEST(RegisterModelPlan, NamesWhatIsPlayedAndSaysSo) {
  auto p = plan();
  const auto b = board();
  plan_register_models(b, "7.2.22", {true, ""}, p);
  EXPECT_THAT(p.register_models, ElementsAre(named("RCC"), named("USART2")));
  ASSERT_EQ(p.findings.size(), 2u);
  EXPECT_EQ(p.findings[0].severity, Severity::missing);
  EXPECT_EQ(p.findings[0].pointer, "/nodes/0/register_models/3");
  EXPECT_THAT(p.findings[0].message, HasSubstr("the machine has memory there (sram)"));
  EXPECT_EQ(p.findings[1].severity, Severity::approximated);
  EXPECT_EQ(p.findings[1].pointer, "/nodes/0/register_models");
  EXPECT_THAT(p.findings[1].message, HasSubstr("in RCC (stm32f4-rcc), USART2 (stm32-usart-txe)"));
  ASSERT_EQ(played_models(b, p).size(), 2u);
  EXPECT_EQ(played_models(b, p)[1].base, 0x40004400u);
  const auto parts = parts_of(b, p);
  EXPECT_EQ(parts[1].state, PartState::approximated);
  EXPECT_EQ(parts[1].on, "the register model stm32f4-rcc");
  EXPECT_EQ(parts[2].state, PartState::runs) << "the machine's own USART, observed";
  EXPECT_THAT(peripheral_findings(b, p, "m"), IsEmpty());
}

TEST(RegisterModelPlan, IsSwitchedOff) {
  auto p = plan();
  const auto b = board();
  plan_register_models(b, "7.2.22", {true, ""}, p);
  EXPECT_EQ(model_at(p, 0x40023BFF)->name, "RCC");
  EXPECT_EQ(model_at(p, 0x40023C00), nullptr);
  switch_register_models_off(p);
  EXPECT_EQ(model_at(p, 0x40023800), nullptr);
  EXPECT_TRUE(played_models(b, p).empty());
  EXPECT_EQ(p.findings[1].severity, Severity::missing);
  EXPECT_THAT(p.findings[1].message, HasSubstr("switched off for this session: register models answer"));
  EXPECT_EQ(parts_of(b, p)[1].state, PartState::missing);
}

TEST(RegisterModelPlan, ANewerEmulatorNeedsFewer) {
  auto p = plan();
  plan_register_models(board(), "10.0.2", {true, ""}, p);
  EXPECT_THAT(p.register_models, ElementsAre(named("RCC")));
}

TEST(RegisterModelPlan, WithoutAPlayerNothingIsPlayed) {
  auto p = plan();
  plan_register_models(board(), "7.2.22", {false, "no player"}, p);
  EXPECT_THAT(p.register_models, IsEmpty());
  ASSERT_EQ(p.findings.size(), 1u);
  EXPECT_EQ(p.findings[0].severity, Severity::missing);
  EXPECT_THAT(p.findings[0].message, HasSubstr("not played: no player"));
  auto big = plan();
  big.big_endian = true;
  plan_register_models(board(), "7.2.22", {true, ""}, big);
  EXPECT_THAT(big.register_models, IsEmpty());
  EXPECT_THAT(big.findings[0].message, HasSubstr("little-endian"));
}

}  // namespace
}  // namespace virserver::backend
