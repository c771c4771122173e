#include <algorithm>

#include "fixture.hpp"

namespace virserver::backend {
namespace {

TEST_F(QemuTest, DiscoversWhatIsInstalled) {
  const auto begin = std::chrono::steady_clock::now();
  auto info = run(qemu->discover());
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  std::fprintf(stderr, "%zu executables in %lld ms: %zu processors, %zu peripherals, %zu buses, %zu machines\n", info.executables.size(),
               static_cast<long long>(took.count()), info.processors.size(), info.peripherals.size(), info.buses.size(), info.platforms.size());
  EXPECT_EQ(info.status, Status::available) << info.reason;
  EXPECT_EQ(info.reason, "");
  EXPECT_FALSE(info.version.empty());
  auto has = [](const auto& list, std::string_view id) { return std::ranges::any_of(list, [&](const auto& e) { return e.id == id; }); };
  EXPECT_TRUE(has(info.processors, "cortex-m4"));
  EXPECT_TRUE(has(info.processors, "rv64"));
  EXPECT_TRUE(has(info.platforms, "microbit"));
  EXPECT_TRUE(has(info.platforms, "virt"));
  EXPECT_TRUE(has(info.peripherals, "stm32f2xx-usart"));
  EXPECT_TRUE(has(info.buses, "i2c-bus"));
  const auto microbit = std::ranges::find(info.platforms, "microbit", &PlatformInfo::id);
  EXPECT_NE(microbit->description.find("micro:bit"), std::string::npos);
  EXPECT_EQ(microbit->architecture, Architecture::arm);
  for (const char* name : feature_names) {
    ASSERT_TRUE(info.features.contains(name)) << name;
    EXPECT_NE(info.features[name].available, !info.features[name].reason.empty()) << name;
  }
  EXPECT_TRUE(info.features["console"].available);
  for (const char* name : {"breakpoints", "watchpoints", "registers", "memory", "step", "gdb"}) EXPECT_TRUE(info.features[name].available) << name;
  EXPECT_FALSE(info.features["snapshot"].available);
}

TEST_F(QemuTest, PlansEveryTemplateThatNamesQemu) {
  for (const auto& entry : board::builtin_templates()) {
    if (std::ranges::find(entry.backends, "qemu") == entry.backends.end()) continue;
    auto planned = run(qemu->plan(entry.config));
    ASSERT_TRUE(planned) << entry.id << ": " << planned.error().message << boost::json::serialize(planned.error().details);
    std::string text;
    for (const auto& finding : planned->findings) text += "\n    " + finding.message;
    std::fprintf(stderr, "%s: %s, %zu regions, %zu consoles, %llu MiB%s\n", entry.id.c_str(), planned->data.at("processor").as_string().c_str(),
                 planned->memory.size(), planned->consoles.size(), static_cast<unsigned long long>(planned->minimum_memory_mb), text.c_str());
    EXPECT_FALSE(planned->memory.empty()) << entry.id;
    EXPECT_EQ(planned->consoles.size(), entry.config.nodes[0].consoles.size()) << entry.id;
    EXPECT_FALSE(planned->default_console.empty()) << entry.id;
    EXPECT_TRUE(default_load_address(*planned)) << entry.id;
  }
}

board::Board derived(const char* id) { return board::find_builtin(id)->config; }

TEST_F(QemuTest, AnUnknownMachineNamesItsNeighbours) {
  auto board = derived("microbit");
  board.nodes[0].targets = {{"qemu", {{"machine", "microbitt"}}}};
  auto planned = run(qemu->plan(board));
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().code, ErrorCode::BOARD_UNPLANNABLE);
  EXPECT_NE(planned.error().message.find("near: microbit"), std::string::npos) << planned.error().message;
  EXPECT_FALSE(planned.error().details.at("findings").as_array().empty());
}

TEST_F(QemuTest, AProcessorTheMachineDoesNotTakeIsRefused) {
  auto board = derived("stm32f4-disco");
  board.nodes[0].targets = {{"qemu", {{"machine", "netduinoplus2"}, {"cpu", "cortex-a9"}}}};
  auto planned = run(qemu->plan(board));
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().code, ErrorCode::BOARD_UNPLANNABLE);
  EXPECT_NE(planned.error().message.find("fixed processor"), std::string::npos) << planned.error().message;
}

TEST_F(QemuTest, SeveralNodesAreUnsupported) {
  auto board = derived("microbit");
  board.nodes.push_back(board.nodes[0]);
  auto planned = run(qemu->plan(board));
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().code, ErrorCode::UNSUPPORTED_BY_BACKEND);
}

TEST_F(QemuTest, MoreRamIsGivenWhereTheMachineTakesIt) {
  auto board = derived("riscv-virt64");
  auto& node = board.nodes[0];
  node.targets = {{"qemu", {{"machine", "virt"}, {"bios_none", true}}}};
  for (auto& memory : node.memory)
    if (memory.address == 0x80000000) memory.size = 256u << 20;
  auto planned = run(qemu->plan(board));
  ASSERT_TRUE(planned) << planned.error().message;
  EXPECT_EQ(planned->data.at("memory").as_string(), "256M");
}

}  // namespace
}  // namespace virserver::backend
