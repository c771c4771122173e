#include "backend/qemu/nearest_machine.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>

namespace virserver::backend::qemu {
namespace {

std::shared_ptr<const Binary> binary(std::vector<MachineEntry> machines) {
  auto b = std::make_shared<Binary>();
  std::ranges::sort(machines, {}, &MachineEntry::name);
  b->machines = std::move(machines);
  return b;
}

TEST(NearbyMachines, ByTableLibraryAndOwnProcessor) {
  board::Node node;
  node.soc = "STM32F407VG";
  node.processor.id = "cortex-m4";
  const auto found = nearby_machines(node, {binary({{"netduinoplus2", "", "cortex-m4", 1}, {"mps2-an386", "", "cortex-m4", 1}, {"new-one", "", "cortex-m4", 1}, {"virt", "", "cortex-a15", 8}})});
  EXPECT_EQ(found.front(), "netduinoplus2");
  EXPECT_NE(std::ranges::find(found, "new-one"), found.end());
  EXPECT_EQ(std::ranges::find(found, "virt"), found.end());
  EXPECT_EQ(std::ranges::find(found, "olimex-stm32-h405"), found.end()) << "this QEMU does not have it";
}

TEST(NearbyMachines, AProcessorThatNoMachineHasGetsItsKind) {
  board::Node node;
  node.processor.id = "cortex-m85";
  node.processor.architecture = Architecture::arm;
  node.processor.profile = 'M';
  const auto found = nearby_machines(node, {binary({{"microbit", "", "cortex-m0", 1}, {"virt", "", "cortex-a15", 8}})});
  EXPECT_EQ(found, std::vector<std::string>{"microbit"});
}

TEST(NearbyMachines, AtMostTwelve) {
  std::vector<MachineEntry> many;
  for (int i = 0; i < 100; ++i) many.push_back({fmt::format("m{}", i), "", "cortex-a9", 1});
  board::Node node;
  node.processor.id = "cortex-a9";
  EXPECT_EQ(nearby_machines(node, {binary(many)}).size(), 12u);
}

TEST(Distance, GrowsWithWhatIsNotThere) {
  board::Node node;
  node.peripherals = {{"uart", "U", 0x1000, {}, {}}, {"gpio", "G", 0x2000, {}, {}}};
  MachineFacts all, stub, none;
  all.devices = {{"u", "uart", "uart", 0x1000, 0x100, false, 0}, {"g", "gpio", "gpio", 0x2000, 0x100, false, {}}};
  stub.devices = {{"u", "uart", "uart", 0x1000, 0x100, false, 0}, {"g", "unimplemented-device", "gpio", 0x2000, 0x100, true, {}}};
  EXPECT_EQ(distance_of(node, all, {}), 0u);
  EXPECT_LT(distance_of(node, all, {}), distance_of(node, stub, {}));
  EXPECT_LT(distance_of(node, stub, {}), distance_of(node, none, {}));
  EXPECT_LT(distance_of(node, none, {}), distance_of(node, all, {{Severity::missing, "/nodes/0/memory/0", ""}}));
  EXPECT_LT(distance_of(node, all, {{Severity::missing, "/nodes/0/memory/0", ""}}), distance_of(node, all, {{Severity::error, "", ""}}));
}

}  // namespace
}  // namespace virserver::backend::qemu
