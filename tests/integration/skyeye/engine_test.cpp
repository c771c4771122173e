#include <signal.h>

#include "fixture.hpp"

namespace virserver::backend {
namespace {

TEST_F(SkyEyeTest, BootsAndTalks) {
  launch();
  ASSERT_TRUE(engine);
  expect_output("usart0", greeting);
  EXPECT_FALSE(engine->paused());
  type("usart0", "version\r");
  expect_output("usart0", "VirServer hello 1 on at91eb40a");
  run(engine->power_off(2s));
  expect_exit(ExitCause::powered_off);
}

TEST_F(SkyEyeTest, TheConsoleBeginsWithItsFirstByte) {
  launch(true);
  ASSERT_TRUE(engine);
  EXPECT_TRUE(engine->paused());
  EXPECT_EQ(console("usart0"), "");
  ASSERT_TRUE(run(engine->resume()));
  expect_output("usart0", greeting);
  EXPECT_TRUE(console("usart0").starts_with(greeting)) << console("usart0");
}

TEST_F(SkyEyeTest, PausesAndResumes) {
  launch();
  ASSERT_TRUE(engine);
  expect_output("usart0", greeting);
  ASSERT_TRUE(run(engine->pause()));
  ASSERT_TRUE(run(engine->pause()));
  EXPECT_TRUE(engine->paused());
  type("usart0", "version\r");
  ASSERT_TRUE(run(engine->resume()));
  ASSERT_TRUE(run(engine->resume()));
  expect_output("usart0", "VirServer hello 1 on at91eb40a");
  EXPECT_EQ(std::ranges::count(kinds, Kind::paused), 1);
}

TEST_F(SkyEyeTest, AResetIsAnotherProcessAndTheConsoleGoesOn) {
  launch();
  ASSERT_TRUE(engine);
  expect_output("usart0", greeting);
  type("usart0", "count 3\r");
  expect_output("usart0", "line 3");
  const auto before = console("usart0");
  const auto pid = engine->process().pid();
  ASSERT_TRUE(run(engine->reset()));
  EXPECT_NE(engine->process().pid(), pid);
  EXPECT_FALSE(engine->paused());
  wait([&] { return console("usart0").find(greeting, before.size()) != std::string::npos || report; }, "the greeting after a reset");
  EXPECT_TRUE(console("usart0").starts_with(before));
  EXPECT_EQ(std::ranges::count(kinds, Kind::reset), 1);
  EXPECT_EQ(std::ranges::count(kinds, Kind::exited), 0);
  ASSERT_TRUE(run(engine->pause()));
  ASSERT_TRUE(run(engine->reset()));
  EXPECT_FALSE(engine->paused());
  run(engine->power_off(2s));
  expect_exit(ExitCause::powered_off);
}

TEST_F(SkyEyeTest, AKilledOneIsKilled) {
  launch();
  ASSERT_TRUE(engine);
  ::kill(engine->process().pid(), SIGKILL);
  expect_exit(ExitCause::killed);
  for (const auto& done : {run(engine->pause()), run(engine->reset())}) {
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::ENGINE_DIED);
  }
}

TEST_F(SkyEyeTest, IsTakenOver) {
  launch();
  ASSERT_TRUE(engine);
  expect_output("usart0", greeting);
  for (const bool paused : {false, true}) {
    if (paused) ASSERT_TRUE(run(engine->pause()));
    run(engine->stop());
    engine.reset();
    auto adopted = run(backend->adopt(io.get_executor(), the_plan, engine_dir, console_dir));
    ASSERT_TRUE(adopted) << adopted.error().message;
    engine = std::move(*adopted);
    listen();
    EXPECT_EQ(engine->paused(), paused);
  }
  ASSERT_TRUE(run(engine->resume()));
  type("usart0", "version\r");
  expect_output("usart0", "VirServer hello 1 on at91eb40a");
  ASSERT_TRUE(run(engine->reset()));
  run(engine->power_off(2s));
  expect_exit(ExitCause::powered_off);
}

TEST_F(SkyEyeTest, ABadBoardIsRefusedBeforeItStarts) {
  struct Case {
    const char* what;
    void (*change)(board::Node& node);
  };
  const Case cases[] = {
      {"has no machine", [](board::Node& node) { node.targets["skyeye"] = boost::json::object{{"mach", "at99"}}; }},
      {"names none", [](board::Node& node) { node.targets.erase("skyeye"); }},
      {"no Arm processor", [](board::Node& node) { node.targets["skyeye"].as_object()["cpu"] = "arm8"; }},
      {"no memory", [](board::Node& node) { node.memory.clear(); }},
      {"overlap", [](board::Node& node) { node.memory[1].address = 0x1000; }},
      {"SkyEye takes 7", [](board::Node& node) {
         for (std::uint64_t i = 0; i < 6; ++i) node.memory.push_back({board::MemoryType::ram, "more", 0x02000000 + i * 0x10000, 0x1000});
       }},
      {"another architecture", [](board::Node& node) { node.processor.id = "rv32", node.processor.architecture = Architecture::riscv32; }},
  };
  for (const auto& each : cases) {
    auto board = at91();
    each.change(board.nodes.front());
    const auto plan = run(backend->plan(board));
    ASSERT_FALSE(plan) << each.what;
    EXPECT_EQ(plan.error().code, ErrorCode::BOARD_UNPLANNABLE);
    EXPECT_NE(boost::json::serialize(plan.error().details).find(each.what), std::string::npos) << boost::json::serialize(plan.error().details);
  }
}

}  // namespace
}  // namespace virserver::backend
