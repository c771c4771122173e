#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "backend/parts.hpp"
#include "backend/skyeye/conf.hpp"
#include "backend/skyeye/exit_cause.hpp"
#include "backend/skyeye/load_elf.hpp"
#include "backend/skyeye/machine.hpp"
#include "backend/skyeye/plan.hpp"
#include "backend/skyeye/start.hpp"
#include "board/templates.hpp"

namespace virserver::backend::skyeye {
namespace {

Installation installed() {
  Installation installation;
  installation.launcher = "/opt/skyeye/bin/skyeye";
  installation.version = "1.3.5";
  installation.machines = {"at91", "at91rm92", "leon2", "s3c2410x", "sa1100"};
  installation.needed = {"/opt/skyeye"};
  return installation;
}
board::Board at91() { return board::find_builtin("at91eb40a")->config; }

TEST(SkyEyePlan, WritesTheConfiguration) {
  const auto plan = plan_board(at91(), installed());
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(conf_text(*plan).value(),
            "arch: arm\ncpu: arm7tdmi\nmach: at91\n"
            "mem_bank: map=M, type=RW, addr=0x00000000, size=0x00040000\n"
            "mem_bank: map=M, type=RW, addr=0x01000000, size=0x00200000\n"
            "mem_bank: map=I, type=RW, addr=0xf0000000, size=0x10000000\n"
            "uart: mod=pipe, desc=pty/usart0\n");
  EXPECT_EQ(plan->default_console, "usart0");
  EXPECT_EQ(boost::json::serialize(plan->data.at("banks")), "[[0,262144],[16777216,2097152],[4026531840,268435456]]");
  EXPECT_EQ(plan->profile, 'C');
  ASSERT_EQ(plan->memory.size(), 2u);
  const auto exec = exec_spec(*plan, {{"emulator", 7}, {"usart0", 9}});
  EXPECT_EQ(exec.argv, (std::vector<std::string>{"/opt/skyeye/bin/skyeye", "-c", "skyeye.conf", "-e", "image.elf"}));
  EXPECT_TRUE(exec.terminal);
  EXPECT_EQ(exec.emulator_first_offset, 7u);
  ASSERT_EQ(exec.consoles.size(), 1u);
  EXPECT_EQ(exec.consoles[0].first_offset, 9u);
}

TEST(SkyEyePlan, EachUartThatIsPassedOnIsAConsole) {
  auto board = board::find_builtin("smdk2410")->config;
  auto plan = plan_board(board, installed());
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->consoles.size(), 3u);
  EXPECT_EQ(device_at(*plan, 0x50004000)->serial, 1u);
  // Only the last one: the lines before it are there all the same, because SkyEye counts them.
  auto& node = board.nodes[0];
  node.consoles = {node.consoles[2]};
  node.default_console = node.consoles[0].name;
  plan = plan_board(board, installed());
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_TRUE(conf_text(*plan)->ends_with("uart: mod=pipe, desc=/dev/null\nuart: mod=pipe, desc=/dev/null\nuart: mod=pipe, desc=pty/uart2\n")) << *conf_text(*plan);
}

TEST(SkyEyePlan, AUartThatForgetsHasAFifo) {
  const auto plan = plan_board(board::find_builtin("collie")->config, installed());
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_EQ(plan->consoles.size(), 1u);
  EXPECT_EQ(plan->default_console, "uart3");
  EXPECT_EQ(input_gap(*plan), std::chrono::milliseconds(3));
  EXPECT_TRUE(conf_text(*plan)->ends_with("uart: mod=pipe, desc_in=uart3.in, desc_out=uart3.out\n")) << *conf_text(*plan);
  const auto exec = exec_spec(*plan, {});
  ASSERT_EQ(exec.consoles.size(), 1u);
  EXPECT_EQ(exec.consoles[0].kind, process::ConsoleKind::fifo);
  EXPECT_EQ(std::ranges::count_if(plan->findings, [](const Finding& f) { return f.pointer.starts_with("/nodes/0/consoles/"); }), 2);
  EXPECT_EQ(input_gap(plan_board(at91(), installed()).value()), std::chrono::milliseconds(0));
}

TEST(SkyEyePlan, EveryTemplateOfTheLibraryIsTaken) {
  auto all = installed();
  all.machines.clear();
  for (const auto& mach : machs()) all.machines.emplace_back(mach.name);
  int boards = 0;
  for (const auto& entry : board::builtin_templates()) {
    const auto& node = entry.config.nodes[0];
    if (!node.targets.contains("skyeye")) continue;
    const auto plan = plan_board(entry.config, all);
    ASSERT_TRUE(plan) << entry.id << ": " << boost::json::serialize(plan.error().details);
    const auto* mach = find_mach(std::string_view(node.targets.at("skyeye").at("mach").as_string()));
    EXPECT_TRUE(mach->tried) << entry.id;
    EXPECT_TRUE(std::ranges::is_sorted(plan->devices, {}, &DeviceRegion::address)) << entry.id;
    ++boards;
  }
  EXPECT_GE(boards, 11);
  for (const auto& mach : machs()) EXPECT_LE(mach.uarts, mach.devices.size()) << mach.name;
}

TEST(SkyEyePlan, NamesWhatIsWrong) {
  auto board = at91();
  board.nodes[0].memory[0].size = 0;
  board.nodes[0].memory[1].address = 0xffff'ffff'0000ull;
  board.nodes[0].processor.cores = 2;
  const auto plan = plan_board(board, installed());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::BOARD_UNPLANNABLE);
  const auto text = boost::json::serialize(plan.error().details);
  for (const char* pointer : {"/nodes/0/memory/0", "/nodes/0/memory/1", "/nodes/0/processor/cores"}) EXPECT_NE(text.find(pointer), std::string::npos) << text;
}

TEST(SkyEyePlan, RegistersCanBeNamed) {
  auto board = at91();
  auto& target = board.nodes[0].targets["skyeye"].as_object();
  target["registers"] = boost::json::array{boost::json::object{{"address", "0xfffd0000"}, {"size", 0x1000}}};
  const auto plan = plan_board(board, installed());
  ASSERT_TRUE(plan) << boost::json::serialize(plan.error().details);
  EXPECT_NE(conf_text(*plan)->find("map=I, type=RW, addr=0xfffd0000, size=0x00001000"), std::string::npos);
  target["registers"] = boost::json::array{boost::json::object{{"address", "here"}}};
  EXPECT_FALSE(plan_board(board, installed()));
  target["registers"] = 7;
  EXPECT_FALSE(plan_board(board, installed()));
}

// What a loader sees that goes by sections, as SkyEye's does.
TEST(SkyEyeElf, HasTheBytesWhereTheImagesSay) {
  EnginePlan plan;
  plan.architecture = Architecture::arm;
  plan.memory = {{"a", 0, 0x100, true}, {"b", 0x100, 0x100, true}};
  image::Image first, second;
  first.metadata.entry = 0x40;
  first.regions = {{0xf0, Bytes(0x20, std::byte{1})}};
  second.regions = {{0x180, Bytes(3, std::byte{2})}};
  const std::vector<LoadImage> images{{"a", "application", &first}, {"b", "bootloader", &second}};
  EXPECT_EQ(entry_point(plan, images), 0x180u) << "the bootloader's first address";
  const auto file = make_elf(plan, images);
  Elf32_Ehdr header;
  std::memcpy(&header, file.data(), sizeof header);
  EXPECT_EQ(std::memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
  EXPECT_EQ(header.e_machine, EM_ARM);
  EXPECT_EQ(header.e_entry, 0x180u);
  std::vector<std::pair<std::uint32_t, Bytes>> loaded;
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    Elf32_Shdr section;
    ASSERT_LE(header.e_shoff + (i + 1) * sizeof section, file.size());
    std::memcpy(&section, file.data() + header.e_shoff + i * sizeof section, sizeof section);
    ASSERT_LE(section.sh_offset + section.sh_size, file.size());
    if (section.sh_flags & SHF_ALLOC) loaded.emplace_back(section.sh_addr, Bytes(file.begin() + section.sh_offset, file.begin() + section.sh_offset + section.sh_size));
  }
  ASSERT_EQ(loaded.size(), 3u) << "cut where a bank ends";
  EXPECT_EQ(loaded[0], std::pair(0xf0u, Bytes(0x10, std::byte{1})));
  EXPECT_EQ(loaded[1], std::pair(0x100u, Bytes(0x10, std::byte{1})));
  EXPECT_EQ(loaded[2], std::pair(0x180u, Bytes(3, std::byte{2})));
}

TEST(SkyEyeElf, IsReadByOurOwnReader) {
  EnginePlan plan;
  plan.architecture = Architecture::sparc;
  plan.big_endian = true;
  plan.memory = {{"ram", 0x40000000, 0x1000, true}};
  EXPECT_EQ(entry_point(plan, {}), 0x40000000u);
  const auto file = make_elf(plan, {});
  EXPECT_EQ(file[EI_DATA], std::byte{ELFDATA2MSB});
  EXPECT_EQ(file[19], std::byte{EM_SPARC});
}

TEST(SkyEyeStart, ComplaintsAreFound) {
  EXPECT_EQ(start_complaint("mmap DRAM, size=0x400000, return 0x1000000\n1 core is initialized.\n"), "");
  EXPECT_EQ(start_complaint("check format of bad.elf error: File format not recognized\n1 core is initialized.\n"), "check format of bad.elf error: File format not recognized");
}

TEST(SkyEyeStart, StateComesBack) {
  const auto state = parse_run_state(to_text(RunState{1234, true}));
  EXPECT_EQ(state.output_offset, 1234u);
  EXPECT_TRUE(state.stub);
  for (const char* bad : {"", "x", "99999999999999999999999 1", "12"}) EXPECT_EQ(parse_run_state(bad).output_offset, 0u) << bad;
}

TEST(SkyEyeAnswers, AreListed) {
  const auto answers = read_answers(
      "SkyEye 1.3.5\n (skyeye) Module Name         \tFile Name\nep9312              \t/opt/skyeye/lib/skyeye/libep9312.so\narm                 \t/opt/skyeye/lib/skyeye/libarm.so\n"
      "(skyeye) Machine Name        \nleon2               \nat91                \n(skyeye) Option Name         \tDescription\nuart                \tUart settings\n(skyeye) ");
  EXPECT_EQ(answers.version, "1.3.5");
  EXPECT_EQ(answers.machines, (std::vector<std::string>{"at91", "leon2"}));
  EXPECT_EQ(answers.modules, (std::vector<std::string>{"arm", "ep9312"}));
  EXPECT_EQ(answers.options, std::vector<std::string>{"uart"});
  EXPECT_EQ(answers.files.size(), 2u);
  EXPECT_EQ(commercial_version("SkyEye 1.3.5\n"), "");
  EXPECT_EQ(commercial_version("SkyEye 3.0.12\n"), "3.0.12");
  EXPECT_EQ(commercial_version("hello\n"), "");
}

TEST(SkyEyeAnswers, ACommercialReleaseIsFoundAndNotBroken) {
  Installation installation = installed();
  installation.version = "3.0.12";
  installation.commercial = true;
  const auto info = describe(&installation, "", "");
  EXPECT_EQ(info.status, Status::absent);
  EXPECT_TRUE(info.reason.starts_with("found, version 3.0.12, not driven yet: ")) << info.reason;
  for (const char* name : feature_names) EXPECT_FALSE(info.features.at(name).available) << name;
}

TEST(SkyEyeAnswers, WithoutANetworkOfItsOwnThereIsNoDebugger) {
  const auto installation = installed();
  const auto info = describe(&installation, "", "no namespaces here");
  EXPECT_TRUE(info.features.at("power").available);
  EXPECT_EQ(info.features.at("gdb").reason, "no namespaces here");
}

TEST(SkyEyeRegisters, AreReadFromTheirList) {
  const std::string_view text = "R0\t0x0\nR15\t0x1000058\nCpsr\t0x600000d3\n";
  EXPECT_EQ(register_in(text, "cpsr"), 0x600000d3u);
  EXPECT_EQ(register_in(text, "r15"), 0x1000058u);
  EXPECT_EQ(register_in(text, "r1"), std::nullopt);
  EXPECT_EQ(register_in("Cpsr\tnonsense\n", "cpsr"), std::nullopt);
}

TEST(SkyEyeExit, HasItsCause) {
  struct Case {
    process::ExitStatus status;
    Witness witness;
    ExitCause cause;
  };
  const Case cases[] = {
      {{0, std::nullopt, false}, {true, ""}, ExitCause::powered_off},       {{std::nullopt, SIGTERM, false}, {true, ""}, ExitCause::powered_off},
      {{std::nullopt, SIGSEGV, false}, {false, ""}, ExitCause::crashed},    {{std::nullopt, SIGKILL, false}, {false, ""}, ExitCause::killed},
      {{std::nullopt, std::nullopt, true}, {false, ""}, ExitCause::killed}, {{255, std::nullopt, false}, {false, ""}, ExitCause::crashed},
      {{0, std::nullopt, false}, {false, ""}, ExitCause::powered_off},      {{std::nullopt, SIGKILL, false}, {false, "it did not answer"}, ExitCause::crashed},
  };
  for (const auto& each : cases) {
    const auto report = explain_exit(each.status, each.witness, "(skyeye) *** Unknown command: vs1\n*** Get commands with 'help' cmd\n(skyeye) boom\n");
    EXPECT_EQ(report.cause, each.cause) << report.message;
    EXPECT_EQ(report.output, "boom\n");
    EXPECT_FALSE(report.message.empty());
  }
}

}  // namespace
}  // namespace virserver::backend::skyeye
