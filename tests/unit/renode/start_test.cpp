#include "backend/renode/start.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>

namespace virserver::backend::renode {
namespace {

EnginePlan plan() {
  EnginePlan plan;
  plan.architecture = Architecture::arm;
  plan.profile = 'M';
  plan.memory = {{"flash", 0x08000000, 0x100000, false}, {"sram", 0x20000000, 0x20000, true}};
  plan.consoles = {{"usart1", "USART1", 0}, {"debug", "USART2", 1}};
  plan.data = {{"launcher", "/usr/bin/renode"},
               {"platform", "boards/stm32f4_discovery.repl"},
               {"cpus", {"sysbus.cpu"}},
               {"uarts", {{{"console", "usart1"}, {"peripheral", "sysbus.usart1"}}, {{"console", "debug"}, {"peripheral", "sysbus.usart2"}}}},
               {"vector_table_from_image", true}};
  return plan;
}

std::vector<std::string> lines(const std::vector<Step>& steps) {
  std::vector<std::string> text;
  for (const auto& step : steps) text.push_back(step.command.line());
  return text;
}

TEST(RenodeStart, SetsTheBoardUp) {
  const auto ports = choose_ports(2, true);
  ASSERT_TRUE(ports);
  const auto steps = set_up(plan(), *ports);
  ASSERT_TRUE(steps) << steps.error().message;
  EXPECT_EQ(lines(*steps), (std::vector<std::string>{"emulation SetGlobalQuantum \"0.0105\"", "mach create \"machine\"",
                                                     "machine LoadPlatformDescription @platforms/boards/stm32f4_discovery.repl",
                                                     "emulation CreateServerSocketTerminal 4010 \"console0\" false", "connector Connect sysbus.usart1 console0",
                                                     "emulation CreateServerSocketTerminal 4011 \"console1\" false", "connector Connect sysbus.usart2 console1",
                                                     "machine StartGdbServer 4002"}));
}

TEST(RenodeStart, APlanThatWasTamperedWithIsRefused) {
  for (const char* bad : {"a; quit", "../../etc/passwd", "$x", ""}) {
    auto changed = plan();
    changed.data["platform"] = bad;
    EXPECT_FALSE(set_up(changed, *choose_ports(2, true))) << bad;
    changed = plan();
    changed.data["cpus"] = boost::json::array{bad};
    EXPECT_FALSE(set_up(changed, *choose_ports(2, true))) << bad;
    changed = plan();
    changed.data["uarts"].as_array()[0].as_object()["peripheral"] = bad;
    EXPECT_FALSE(set_up(changed, *choose_ports(2, true))) << bad;
  }
  EXPECT_FALSE(set_up(plan(), *choose_ports(1, true))) << "more consoles than ports";
  auto own = plan();
  own.data["text"] = "cpu: CPU.CortexM @ sysbus";
  own.data["models"] = {{"Magic", "class Magic {}"}};
  ASSERT_EQ(platform_files(own).size(), 2u);
  EXPECT_EQ(platform_files(own)[1].name, "Magic.cs");
  const auto with_model = set_up(own, *choose_ports(2, true));
  ASSERT_TRUE(with_model);
  EXPECT_EQ(lines(*with_model)[1], "include @Magic.cs") << "before the description that uses it";
}

TEST(RenodeStart, LoadsImagesAndChecksThem) {
  image::Image image;
  image.metadata.vector_table = 0x08000200;
  image.regions = {{0x08000000, Bytes{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}}}, {0x20000000, Bytes{std::byte{5}}}};
  const std::vector<LoadImage> images{{"fw", "application", &image}};
  const auto load = load_images(plan(), images);
  ASSERT_TRUE(load);
  EXPECT_EQ(lines(load->steps), (std::vector<std::string>{"sysbus.cpu InitVectorTableOffset 0x08000200", "sysbus LoadBinary @image0.bin 0x08000000",
                                                          "sysbus LoadBinary @image1.bin 0x20000000", "macro reset \"include @load.resc\"",
                                                          "sysbus ReadDoubleWord 0x08000000"}));
  EXPECT_EQ(load->steps.back().expect, "0x04030201");
  ASSERT_EQ(load->files.size(), 3u);
  EXPECT_EQ(load->files[2].name, "load.resc");
  EXPECT_EQ(as_text(load->files[2].bytes), "sysbus LoadBinary @image0.bin 0x08000000\nsysbus LoadBinary @image1.bin 0x20000000\nlog \"machine reset\"\n");
}

TEST(RenodeStart, OtherProcessorsStartAtTheEntry) {
  auto other = plan();
  other.profile = 0;
  other.architecture = Architecture::riscv32;
  image::Image image;
  image.metadata.entry = 0x80000040;
  image.regions = {{0x80000000, Bytes(8)}};
  const std::vector<LoadImage> images{{"fw", "application", &image}};
  const auto load = load_images(other, images);
  ASSERT_TRUE(load);
  const auto all = lines(load->steps);
  EXPECT_NE(std::ranges::find(all, "sysbus.cpu PC 0x80000040"), all.end());
  EXPECT_TRUE(as_text(load->files.back().bytes).contains("sysbus.cpu PC 0x80000040\n")) << "also after a reset";
}

TEST(RenodeStart, TheCommandLineHasNoUserText) {
  LaunchSpec spec;
  spec.engine_dir = "/data/sessions/x/engines/1";
  spec.console_offsets = {{"debug", 77}, {"emulator", 5}};
  const auto exec = exec_spec(plan(), spec, *choose_ports(2, true));
  EXPECT_EQ(exec.argv, (std::vector<std::string>{"/usr/bin/renode", "--disable-gui", "--plain", "--hide-analyzers", "--robot-server-port", "4001"}));
  ASSERT_EQ(exec.consoles.size(), 2u);
  EXPECT_EQ(exec.consoles[1].name, "debug");
  EXPECT_EQ(exec.consoles[1].port, 4011);
  EXPECT_EQ(exec.consoles[1].first_offset, 77u);
  EXPECT_EQ(exec.emulator_first_offset, 5u);
  EXPECT_NE(std::ranges::find(exec.env, "XDG_CONFIG_HOME=/data/sessions/x/engines/1/config"), exec.env.end());
}

TEST(RenodeStart, PortsOfTheHostAreFreeOnes) {
  const auto first = choose_ports(2, false);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->consoles.size(), 2u);
  EXPECT_GE(first->robot, 1024);
}

TEST(RenodeStart, RunStateSurvivesAndIsChecked) {
  RunState state;
  state.output_offset = 12345;
  state.ports = *choose_ports(3, true);
  const auto again = parse_run_state(to_text(state));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->output_offset, 12345u);
  EXPECT_EQ(again->ports.robot, 4001);
  EXPECT_EQ(again->ports.consoles, state.ports.consoles);
  for (const char* text : {"", "\n", "1 2", "1 22 4002", "1 4001 70000", "1 4001 4002 80", "x y z", "1 4001 -5"}) EXPECT_FALSE(parse_run_state(text)) << text;
}

}  // namespace
}  // namespace virserver::backend::renode
