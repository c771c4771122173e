#include <signal.h>

#include "fixture.hpp"

namespace virserver::backend {
namespace {

TEST_F(RenodeTest, BootsAndTalks) {
  launch(board_firmware("stm32f4-disco.elf"));
  ASSERT_TRUE(engine);
  expect_output("usart2", "stm32f4-disco");
  EXPECT_FALSE(engine->paused());
  const auto before = console("usart2").size();
  type("usart2", "ping\r");
  wait([&] { return console("usart2").size() > before; }, "an echo");
  run(engine->power_off(2s));
  expect_exit(ExitCause::powered_off);
}

TEST_F(RenodeTest, BootsOnRiscv) {
  auto board = board::find_builtin("sifive-e")->config;
  board.nodes.front().targets["renode"] = boost::json::object{{"platform", "cpus/sifive-fe310"}};
  launch(board_firmware("sifive-e.elf"), false, board);
  ASSERT_TRUE(engine);
  const auto name = the_plan.default_console;
  expect_output(name, "sifive-e");
  const auto once = console(name).size();
  ASSERT_TRUE(run(engine->reset()));
  wait([&] { return console(name).find("sifive-e", once) != std::string::npos; }, "the greeting after a reset");
}

TEST_F(RenodeTest, TheConsoleBeginsWithItsFirstByte) {
  launch(board_firmware("stm32f4-disco.elf"), true);
  ASSERT_TRUE(engine);
  EXPECT_TRUE(engine->paused());
  EXPECT_EQ(console("usart2"), "");
  ASSERT_TRUE(run(engine->resume()));
  expect_output("usart2", "stm32f4-disco");
  EXPECT_EQ(console("usart2").find('\0'), std::string::npos);
  EXPECT_TRUE(std::isprint(static_cast<unsigned char>(console("usart2").front())) || console("usart2").front() == '\r') << console("usart2");
}

TEST_F(RenodeTest, PausesResumesAndResets) {
  launch(test_firmware("touch.elf"));
  ASSERT_TRUE(engine);
  auto counter = [this] {
    auto bytes = run(engine->machine()->read_memory(0x20000000, 4));
    if (!bytes) throw std::runtime_error(bytes.error().message);
    std::uint32_t value = 0;
    std::memcpy(&value, bytes->data(), 4);
    return value;
  };
  const auto first = counter();
  wait([&] { return counter() != first; }, "the guest to count");
  ASSERT_TRUE(run(engine->pause()));
  ASSERT_TRUE(run(engine->pause()));
  EXPECT_TRUE(engine->paused());
  const auto standing = counter();
  EXPECT_EQ(counter(), standing);
  ASSERT_TRUE(run(engine->machine()->reset()));
  EXPECT_TRUE(engine->paused()) << "a standing machine stands after a reset";
  EXPECT_EQ(counter(), standing) << "RAM outside the image keeps its content";
  ASSERT_TRUE(run(engine->resume()));
  wait([&] { return counter() != standing; }, "the guest to count again");
  ASSERT_TRUE(run(engine->reset()));
  EXPECT_FALSE(engine->paused());
  const auto again = counter();
  wait([&] { return counter() != again; }, "the guest to count after a reset");
  wait([&] { return std::ranges::count(kinds, Kind::reset) >= 1; }, "the reset to be told");
}

TEST_F(RenodeTest, AResetPutsTheImageBack) {
  launch(board_firmware("stm32f4-disco.elf"));
  ASSERT_TRUE(engine);
  expect_output("usart2", "stm32f4-disco");
  const auto once = console("usart2").size();
  ASSERT_TRUE(run(engine->reset()));
  wait([&] { return console("usart2").find("stm32f4-disco", once) != std::string::npos; }, "the greeting after a reset");
}

TEST_F(RenodeTest, WhatTheGuestDoesInVainIsTold) {
  launch(test_firmware("touch.elf"));
  ASSERT_TRUE(engine);
  wait([&] { return accesses.size() >= 2 || report; }, "accesses");
  const auto invalid = std::ranges::find(accesses, GuestAccess::Kind::invalid, &GuestAccess::kind);
  ASSERT_NE(invalid, accesses.end());
  EXPECT_EQ(invalid->address, 0x50000000u);
  EXPECT_EQ(invalid->size, 4u);
  EXPECT_FALSE(invalid->write);
  const auto unhandled = std::ranges::find(accesses, GuestAccess::Kind::unimplemented, &GuestAccess::kind);
  ASSERT_NE(unhandled, accesses.end());
  EXPECT_EQ(unhandled->device, "usart2");
  EXPECT_EQ(unhandled->offset, 0x20u);
  const auto seen = run(engine->observe());
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_TRUE(seen->watched);
  EXPECT_GE(seen->accesses.size(), 2u);
  ASSERT_FALSE(seen->samples.empty());
  EXPECT_GE(*seen->samples.back().pc, 0x08000000u);
}

TEST_F(RenodeTest, AnAbortOfTheProcessorIsTheEnd) {
  launch(test_firmware("abort.elf"));
  ASSERT_TRUE(engine);
  expect_exit(ExitCause::lockup);
  EXPECT_NE(report->message.find("outside RAM or ROM"), std::string::npos) << report->message;
  EXPECT_NE(report->registers.find("PC"), std::string::npos) << report->registers;
}

TEST_F(RenodeTest, AKilledOneIsKilled) {
  launch(test_firmware("touch.elf"));
  ASSERT_TRUE(engine);
  ::kill(engine->process().pid(), SIGKILL);
  expect_exit(ExitCause::killed);
  const auto paused = run(engine->pause());
  ASSERT_FALSE(paused);
  EXPECT_EQ(paused.error().code, ErrorCode::ENGINE_DIED);
}

TEST_F(RenodeTest, ATypedQuitIsAnEndInOrder) {
  launch(test_firmware("touch.elf"));
  ASSERT_TRUE(engine);
  auto quit = run(engine->machine()->monitor("quit"));
  expect_exit(ExitCause::powered_off);
}

TEST_F(RenodeTest, IsTakenOverByALaterServer) {
  launch(board_firmware("stm32f4-disco.elf"));
  ASSERT_TRUE(engine);
  expect_output("usart2", "stm32f4-disco");
  ASSERT_TRUE(run(engine->pause()));
  run(engine->stop());
  engine.reset();
  auto adopted = run(backend->adopt(io.get_executor(), the_plan, engine_dir, console_dir));
  ASSERT_TRUE(adopted) << adopted.error().message;
  engine = std::move(*adopted);
  listen();
  EXPECT_TRUE(engine->paused());
  ASSERT_TRUE(run(engine->resume()));
  const auto before = console("usart2").size();
  type("usart2", "ping\r");
  wait([&] { return console("usart2").size() > before; }, "an echo");
  run(engine->power_off(2s));
  expect_exit(ExitCause::powered_off);
  run(engine->stop());
  engine.reset();
  auto gone = run(backend->adopt(io.get_executor(), the_plan, engine_dir, console_dir));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::NOT_FOUND);
}

TEST_F(RenodeTest, RunsWithTheLeastMemoryItAsksFor) {
  limits.memory_mb = run(backend->plan(discovery_board()))->minimum_memory_mb;
  launch(board_firmware("stm32f4-disco.elf"));
  ASSERT_TRUE(engine);
  expect_output("usart2", "stm32f4-disco");
}

TEST_F(RenodeTest, TheMonitorAnswersAndRefuses) {
  launch(test_firmware("touch.elf"), true);
  ASSERT_TRUE(engine);
  auto version = run(engine->machine()->monitor("version"));
  ASSERT_TRUE(version) << version.error().message;
  EXPECT_NE(version->find("Renode"), std::string::npos);
  auto unknown = run(engine->machine()->monitor("nosuchcommand"));
  ASSERT_TRUE(unknown);
  EXPECT_NE(unknown->find("nosuchcommand"), std::string::npos) << *unknown;
  EXPECT_EQ(run(engine->machine()->monitor("a\nb")).error().code, ErrorCode::INVALID_REQUEST);
}

TEST_F(RenodeTest, ReadsOnlyMemory) {
  launch(test_firmware("touch.elf"), true);
  ASSERT_TRUE(engine);
  const auto flash = run(engine->machine()->read_memory(0x08000000, 8));
  ASSERT_TRUE(flash) << flash.error().message;
  EXPECT_EQ(to_hex(*flash).substr(0, 8), "00100020");
  const auto big = run(engine->machine()->read_memory(0x20000000, 10000));
  ASSERT_TRUE(big);
  EXPECT_EQ(big->size(), 10000u);
  EXPECT_EQ(run(engine->machine()->read_memory(0x60000000 + 0x20000000, 4)).error().code, ErrorCode::MEMORY_UNMAPPED);
}

TEST_F(RenodeTest, AStartThatCannotWorkLeavesNothingBehind) {
  auto planned = run(backend->plan(discovery_board()));
  ASSERT_TRUE(planned);
  planned->data["platform"] = "boards/gone.repl";
  make_dirs();
  LaunchSpec spec;
  spec.engine_dir = engine_dir;
  spec.console_dir = console_dir;
  auto launched = run(backend->launch(io.get_executor(), *planned, std::move(spec), nullptr));
  ASSERT_FALSE(launched);
  EXPECT_EQ(launched.error().code, ErrorCode::ENGINE_START_FAILED) << launched.error().message;
  EXPECT_FALSE(launched.error().details.at("output").as_string().empty());
  auto gone = run(backend->adopt(io.get_executor(), *planned, engine_dir, console_dir));
  EXPECT_EQ(gone.error().code, ErrorCode::NOT_FOUND);
}

TEST_F(RenodeTest, OneThatIsTooSlowToStartIsEnded) {
  auto planned = run(backend->plan(discovery_board()));
  ASSERT_TRUE(planned);
  config.start_timeout = 50ms;
  backend = make_renode(config, pool);
  make_dirs();
  LaunchSpec spec;
  spec.engine_dir = engine_dir;
  spec.console_dir = console_dir;
  auto launched = run(backend->launch(io.get_executor(), *planned, std::move(spec), nullptr));
  ASSERT_FALSE(launched);
  EXPECT_EQ(launched.error().code, ErrorCode::ENGINE_TIMEOUT) << launched.error().message;
}

}  // namespace
}  // namespace virserver::backend
