#include <gtest/gtest.h>

#include "fake_cli.hpp"

namespace virserver::backend::skyeye {
namespace {

using namespace std::chrono_literals;
using test::FakeCli;
using Kind = CliText::Item::Kind;

class CliTest : public ::testing::Test, public testing_support::Loop {
 protected:
  CliTest() : Loop(std::chrono::seconds(20)) {
    fake.answers = {{"start", "mmap DRAM, size=0x400000, return 0x1000000\n1 core is initialized.\n"}, {"run", ""}, {"stop", "In stop_all_thread, the thread 1 is set to stopped\n"},
                    {"show-step", "steps: 281\n"}, {"remote-gdb", ""}};
    fake.becomes_running = {{"run", true}, {"stop", false}};
    fake.cli.on_line = [this](std::string_view line) { lines.emplace_back(line); };
    fake.say("SkyEye 1.3.5\nType \"help\" to get command list. \n (skyeye) ");
  }
  Result<Cli::Answer> ask(std::string command, std::chrono::milliseconds timeout = 10s) { return run(fake.cli.execute(std::move(command), timeout)); }

  FakeCli fake{io.get_executor()};
  std::vector<std::string> lines;
};

TEST_F(CliTest, AnAnswerIsWhatCameForTheCommand) {
  const auto started = ask("start");
  ASSERT_TRUE(started);
  EXPECT_EQ(started->text, "mmap DRAM, size=0x400000, return 0x1000000\n1 core is initialized.\n");
  EXPECT_FALSE(started->running);
  EXPECT_EQ(ask("show-step")->text, "steps: 281\n");
}

TEST_F(CliTest, ThePromptBehindTheWordTellsTheState) {
  EXPECT_TRUE(ask("run")->running);
  EXPECT_TRUE(ask("")->running);
  EXPECT_FALSE(ask("stop")->running);
  fake.running = true;  // by a debugger
  EXPECT_TRUE(ask("")->running);
}

TEST_F(CliTest, AStalePromptAndEventsDoNotShiftAnswers) {
  fake.events = "The 1# breakpoint at address 0x1000058 is hit.\nIn stop_all_thread, the thread 1 is set to stopped\n";
  const auto ran = ask("run");
  fake.running = false;
  ASSERT_TRUE(ran);
  EXPECT_NE(std::ranges::find(lines, "The 1# breakpoint at address 0x1000058 is hit."), lines.end());
  fake.say("(skyeye) Listen seccess for connect!\n(running) (skyeye) ");
  EXPECT_EQ(ask("show-step")->text, "steps: 281\n");
  EXPECT_FALSE(ask("")->running);
}

TEST_F(CliTest, TextWithoutAnEndOfLineIsNoTrap) {
  fake.answers["break ff"] = "Can not insert breakpoint at address 0xff";
  EXPECT_EQ(ask("break ff")->text, "Can not insert breakpoint at address 0xff\n");
  EXPECT_EQ(ask("show-step")->text, "steps: 281\n");
}

TEST_F(CliTest, AnEmptyLineWouldRepeatTheWordOnly) {
  ask("run");
  EXPECT_TRUE(fake.typed.back().starts_with("vs")) << fake.typed.back();
}

TEST_F(CliTest, ATerminalThatEchoesAndOneWithEscapesAreUnderstood) {
  fake.echoes = true;
  EXPECT_EQ(ask("show-step")->text, "steps: 281\n");
  fake.answers["show-map"] = "\x1b[?2004l\r\n0x0\tmemory\r\n\x1b[?2004h";
  EXPECT_EQ(ask("show-map")->text, "0x0\tmemory\n");
}

TEST_F(CliTest, SilenceIsATimeoutAndTheNextCommandGoesOn) {
  fake.silent = true;
  const auto late = ask("show-step", 20ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::ENGINE_TIMEOUT);
  fake.silent = false;
  fake.say("steps: 1\n(skyeye) *** Unknown command: vs1\n*** Get commands with 'help' cmd\n(skyeye) ");  // at last
  EXPECT_EQ(ask("show-step")->text, "steps: 281\n");
}

TEST_F(CliTest, DeathInTheMiddleIsSaid) {
  fake.silent = true;
  start([](Cli* cli) -> Task<> {
    asio::steady_timer timer(co_await asio::this_coro::executor, 10ms);
    co_await timer.async_wait(tuple_awaitable);
    cli->heard("steps: 28");
    cli->close();
  }(&fake.cli));
  const auto dead = ask("show-step");
  ASSERT_FALSE(dead);
  EXPECT_EQ(dead.error().code, ErrorCode::ENGINE_DIED);
  EXPECT_FALSE(ask("show-step"));
  fake.cli.open();
  fake.silent = false;
  EXPECT_EQ(ask("show-step")->text, "steps: 281\n") << "the half line of the process before is gone";
}

TEST_F(CliTest, CommandsAreServedInOrder) {
  std::vector<std::string> done;
  auto one = [](Cli* cli, std::string command, std::vector<std::string>* order) -> Task<> {
    auto answer = co_await cli->execute(command, 10s);
    order->push_back(command + ":" + (answer ? answer->text : answer.error().message));
  };
  start(one(&fake.cli, "show-step", &done));
  start(one(&fake.cli, "stop", &done));
  wait([&] { return done.size() == 2; }, "both answers");
  EXPECT_EQ(done[0], "show-step:steps: 281\n");
  EXPECT_TRUE(done[1].starts_with("stop:In stop_all_thread"));
}

TEST(CliText, LinesAreCutWhereTheyNeverEnd) {
  CliText text;
  text.add(std::string(3 * CliText::max_line, 'x'));
  auto item = text.next();
  ASSERT_TRUE(item);
  EXPECT_EQ(item->text.size(), CliText::max_line);
}

TEST(CliText, ReadsWhatWasRecorded) {
  CliText text;
  text.add("(running) The 1# breakpoint at address 0x1000058 is hit.\nIn stop_all_thread, the thread 1 is set to stopped\n\nR0\t0x0\r\n(skyeye) ");
  const std::pair<Kind, std::string> expected[] = {{Kind::prompt, ""}, {Kind::line, "The 1# breakpoint at address 0x1000058 is hit."},
                                                   {Kind::line, "In stop_all_thread, the thread 1 is set to stopped"}, {Kind::line, ""}, {Kind::line, "R0\t0x0"}, {Kind::prompt, ""}};
  for (const auto& [kind, line] : expected) {
    const auto item = text.next();
    ASSERT_TRUE(item);
    EXPECT_EQ(item->kind, kind);
    EXPECT_EQ(item->text, line);
  }
  EXPECT_FALSE(text.next());
}

TEST(UserCommand, PassesOnWhatOnlyTells) {
  EXPECT_EQ(user_command(" info registers\n").value(), "info registers");
  EXPECT_EQ(user_command("show_map").value(), "show_map");
  for (const char* bad : {"", "\n", "info\nquit", "x\x01"}) {
    ASSERT_FALSE(user_command(bad)) << bad;
    EXPECT_EQ(user_command(bad).error().code, ErrorCode::INVALID_REQUEST) << bad;
  }
  for (const char* ours : {"start", "quit", "q", "stepi 5", "break 100", "x 0", "ls ; reboot", "remote-gdb", "load_conf f"}) {
    ASSERT_FALSE(user_command(ours)) << ours;
    EXPECT_EQ(user_command(ours).error().code, ErrorCode::UNSUPPORTED_BY_BACKEND) << ours;
  }
  EXPECT_FALSE(user_command("info " + std::string(300, 'x')));
}

}  // namespace
}  // namespace virserver::backend::skyeye
