#include <csignal>
#include <fstream>

#include "fixture.hpp"

namespace virserver::backend {
namespace {

using Kind = EngineEvent::Kind;
constexpr const char* micropython = "/usr/share/firmware-microbit-micropython/firmware.hex";

TEST_F(QemuTest, MicroPythonAnswers) {
  NEEDS(micropython);
  launch("microbit", micropython);
  expect_output("uart0", ">>> ");
  type("uart0", "print(6*7)\r");
  expect_output("uart0", "\r\n42\r\n");

  ASSERT_TRUE(run(engine->pause()));
  EXPECT_TRUE(engine->paused());
  ASSERT_TRUE(run(engine->resume()));
  type("uart0", "print(7*8)\r");
  expect_output("uart0", "\r\n56\r\n");

  ASSERT_TRUE(run(engine->reset()));
  wait([&] { return console("uart0").rfind("MicroPython") != console("uart0").find("MicroPython"); }, "the second banner");
  run(engine->power_off(2s));
  expect_exit(ExitCause::powered_off);
  EXPECT_EQ(kinds, (std::vector{Kind::paused, Kind::running, Kind::reset, Kind::exited}));
}

TEST_F(QemuTest, RiscvEchoesAndStartsPaused) {
  launch("riscv-virt64", firmware_file("rv_echo.elf"), true);
  EXPECT_TRUE(engine->paused());
  EXPECT_EQ(console("uart0"), "");
  ASSERT_TRUE(run(engine->resume()));
  expect_output("uart0", "ready\n");
  type("uart0", "HAL");
  expect_output("uart0", "IBM");
}

TEST_F(QemuTest, LockupIsExplainedWithRegisters) {
  launch("stm32f4-disco", firmware_file("lockup.elf"));
  expect_exit(ExitCause::lockup);
  EXPECT_NE(report->registers.find("R00=f0000000"), std::string::npos) << report->registers;
  EXPECT_EQ(report->signal, SIGABRT);
  const auto told = qemu->ended(the_plan, engine_dir, console_dir);
  EXPECT_EQ(to_string(told.cause), "lockup") << told.message;
}

TEST_F(QemuTest, SemihostingHasAConsoleAndAnExitCode) {
  launch("stm32f4-disco", firmware_file("semihosting_exit.elf"));
  if (!warnings.empty()) GTEST_SKIP() << warnings.front();
  expect_exit(ExitCause::guest_exit);
  EXPECT_EQ(report->exit_code, 42);
  EXPECT_EQ(console("semihosting"), "bye\n");
  const auto told = qemu->ended(the_plan, engine_dir, console_dir);
  EXPECT_EQ(to_string(told.cause), "guest_exit") << told.message;
  EXPECT_EQ(told.exit_code, 42);
}

TEST_F(QemuTest, TheTestFinisherIsAnExitStatus) {
  launch("riscv-virt64", firmware_file("rv_finish.elf"));
  expect_exit(ExitCause::guest_exit);
  EXPECT_EQ(report->exit_code, 3);
}

// The emulator's process: the one that has this engine's QMP socket open is below the shim.
pid_t emulator_of(pid_t shim) {
  std::ifstream children(fmt::format("/proc/{}/task/{}/children", shim, shim));
  pid_t child = -1;
  children >> child;
  return child;
}

TEST_F(QemuTest, AKilledEmulatorIsReported) {
  launch("riscv-virt64", firmware_file("rv_echo.elf"));
  const pid_t pid = emulator_of(engine->process().pid());
  ASSERT_GT(pid, 1);
  ::kill(pid, SIGKILL);
  expect_exit(ExitCause::killed);
  EXPECT_EQ(report->signal, SIGKILL);
  auto paused = run(engine->pause());
  ASSERT_FALSE(paused);
  EXPECT_EQ(paused.error().code, ErrorCode::ENGINE_DIED);
}

TEST_F(QemuTest, AHangingEmulatorIsEnded) {
  config.command_timeout = 300ms;
  qemu = make_qemu(config, pool);
  launch("riscv-virt64", firmware_file("rv_echo.elf"));
  const pid_t pid = emulator_of(engine->process().pid());
  ASSERT_GT(pid, 1);
  ::kill(pid, SIGSTOP);
  auto paused = run(engine->pause());
  ASSERT_FALSE(paused);
  EXPECT_EQ(paused.error().code, ErrorCode::ENGINE_TIMEOUT);
  expect_exit(ExitCause::crashed);
}

TEST_F(QemuTest, AnEngineIsAdopted) {
  launch("riscv-virt64", firmware_file("rv_echo.elf"));
  expect_output("uart0", "ready\n");
  run(engine->stop());  // the server goes away
  engine.reset();
  auto adopted = run(qemu->adopt(io.get_executor(), the_plan, engine_dir, console_dir));
  ASSERT_TRUE(adopted) << adopted.error().message;
  engine = std::move(*adopted);
  listen();
  EXPECT_FALSE(engine->paused());
  type("uart0", "HAL");
  expect_output("uart0", "IBM");
  ASSERT_TRUE(run(engine->pause()));
  run(engine->power_off(2s));
  expect_exit(ExitCause::powered_off);
  auto gone = run(qemu->adopt(io.get_executor(), the_plan, engine_dir, console_dir));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::NOT_FOUND) << gone.error().message;
}

TEST_F(QemuTest, AnEmulatorThatRefusesItsArgumentsIsAnErrorWithItsWords) {
  the_plan = plan("microbit");
  the_plan.data["machine"] = "nosuch";
  make_dirs();
  LaunchSpec spec;
  spec.engine_dir = engine_dir;
  spec.console_dir = console_dir;
  auto launched = run(qemu->launch(io.get_executor(), the_plan, std::move(spec), nullptr));
  ASSERT_FALSE(launched);
  EXPECT_EQ(launched.error().code, ErrorCode::ENGINE_START_FAILED);
  EXPECT_NE(launched.error().message.find("unsupported machine type"), std::string::npos) << launched.error().message;
}

TEST_F(QemuTest, ReducedSandboxWorksToo) {
  config.host.force_reduced = true;
  config.sandbox = process::probe_sandbox(config.host);
  qemu = make_qemu(config, pool);
  launch("riscv-virt64", firmware_file("rv_echo.elf"));
  EXPECT_EQ(engine->process().sandbox().mode, "reduced");
  expect_output("uart0", "ready\n");
}

TEST_F(QemuTest, RunsWithTheMinimumOfMemoryItNames) {
  at_minimum = true;
  launch("riscv-virt64", firmware_file("rv_echo.elf"));
  expect_output("uart0", "ready\n");
  run(off());
  NEEDS(micropython);
  launch("microbit", micropython);
  expect_output("uart0", "MicroPython");
}

TEST_F(QemuTest, ConsoleOffsetsAndImagesOfASecondPowerOn) {
  launch("riscv-virt64", firmware_file("rv_echo.elf"));
  expect_output("uart0", "ready\n");
  run(off());
  const auto first = console("uart0").size();
  make_dirs();
  LaunchSpec spec;
  spec.engine_dir = engine_dir;
  spec.console_dir = console_dir;
  spec.images = {{"fw", "application", &firmware}};
  spec.console_offsets = {{"uart0", first}};
  auto launched = run(qemu->launch(io.get_executor(), the_plan, std::move(spec), nullptr));
  ASSERT_TRUE(launched) << launched.error().message;
  engine = std::move(*launched);
  expect_output("uart0", "ready\nready\n");
}

}  // namespace
}  // namespace virserver::backend
