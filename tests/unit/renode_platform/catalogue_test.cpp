#include "backend/renode/catalogue.hpp"

#include <gtest/gtest.h>

#include <set>

#include "board/processors.hpp"
#include "board/templates.hpp"
#include "board/words.hpp"

namespace virserver::backend::renode {
namespace {

board::Node node(std::string soc) {
  board::Node n;
  n.soc = std::move(soc);
  return n;
}
board::Peripheral part(std::string type, std::string name, std::string model = "") {
  board::Peripheral p{std::move(type), std::move(name), 0, {}, {}};
  if (!model.empty()) p.properties["model"] = model;
  return p;
}
std::string chosen(const board::Node& n, const board::Peripheral& p, std::string_view family = "cortex-m") {
  const auto choice = choose_model(n, p, family);
  return choice.model ? choice.model->id : choice.unknown ? "unknown" : choice.absent ? "absent" : "";
}

TEST(RenodeCatalogue, EveryFileIsReadAndEveryProcessorIsOneOfTheBoards) {
  EXPECT_GT(models().size(), 100u);
  std::set<std::string> ids;
  for (const auto& model : models()) EXPECT_TRUE(ids.insert(model.kind + "/" + model.id).second) << model.id;
  for (const auto& id : processor_ids()) {
    const auto* known = board::find_processor(id);
    ASSERT_TRUE(known) << id;
    EXPECT_EQ(known->id, id);
    const auto& others = find_processor_model(id)->others;
    EXPECT_TRUE(others.empty() || find_processor_model(others)) << others;
  }
}

TEST(RenodeCatalogue, CoversTheGenericTypes) {
  for (const char* kind : {"uart", "timer", "gpio", "spi", "i2c", "can", "ethernet", "rtc", "watchdog", "dma", "interrupt-controller", "clock"})
    EXPECT_FALSE(models_of(kind).empty()) << kind;
}

TEST(RenodeCatalogue, AModelIsFoundByItsNameWhateverItsSpelling) {
  EXPECT_EQ(chosen(node(""), part("uart", "U", "PL011")), "pl011");
  EXPECT_EQ(chosen(node(""), part("uart", "U", "ns-16550 A")), "ns16550");
  EXPECT_EQ(chosen(node(""), part("uart", "U", "Cadence")), "cadence-uart");
}

TEST(RenodeCatalogue, OfSeveralOfTheSameNameTheOneOfTheChipIsTaken) {
  EXPECT_EQ(chosen(node("PolarFire SoC MPFS250T"), part("uart", "U", "16550")), "ns16550-wide");
  EXPECT_EQ(chosen(node("QEMU virt"), part("uart", "U", "16550")), "ns16550");
}

TEST(RenodeCatalogue, AModelIsFoundByChipAndName) {
  EXPECT_EQ(chosen(node("STM32F407VG"), part("uart", "USART2")), "stm32-usart-v1");
  EXPECT_EQ(chosen(node("STM32F746"), part("uart", "USART2")), "stm32-usart-v2");
  EXPECT_EQ(chosen(node("STM32L072"), part("uart", "LPUART1")), "stm32-lpuart");
  EXPECT_EQ(chosen(node("nRF52840"), part("uart", "UARTE0")), "nrf-uarte");
  EXPECT_EQ(chosen(node("STM32F407VG"), part("interrupt-controller", "EXTI")), "stm32f4-exti");
  EXPECT_EQ(chosen(node("anything"), part("interrupt-controller", "PLIC0"), "riscv"), "plic");
}

TEST(RenodeCatalogue, WithoutAWordTheFamilysDefaultIsAGuess) {
  const auto choice = choose_model(node("my chip"), part("uart", "U"), "riscv");
  ASSERT_TRUE(choice.model);
  EXPECT_EQ(choice.model->id, "ns16550");
  EXPECT_TRUE(choice.guessed);
  EXPECT_EQ(chosen(node("my chip"), part("timer", "T"), "cortex-m"), "");
}

TEST(RenodeCatalogue, AnUnknownModelHasNearOnesAndAKnownAbsentOneIsNotUnknown) {
  const auto choice = choose_model(node(""), part("uart", "U", "pl010"), "cortex-a");
  EXPECT_TRUE(choice.unknown);
  ASSERT_FALSE(choice.nearest.empty());
  EXPECT_EQ(choice.nearest.front(), "pl011");
  EXPECT_EQ(chosen(node(""), part("gpio", "G", "PL061")), "absent");
  EXPECT_EQ(chosen(node(""), part("display", "D", "PL110")), "");
}

TEST(RenodeCatalogue, KnowsEveryModelThatTheBoardLibraryNames) {
  for (const auto& entry : board::builtin_templates())
    for (const auto& n : entry.config.nodes)
      for (const auto& p : n.peripherals) EXPECT_FALSE(choose_model(n, p, "arm").unknown) << entry.id << " " << p.name;
}

}  // namespace
}  // namespace virserver::backend::renode
