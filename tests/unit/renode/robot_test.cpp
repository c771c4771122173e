#include "backend/renode/robot.hpp"

#include "fake_robot.hpp"

namespace virserver::backend::renode {
namespace {

using namespace std::chrono_literals;
using testing::failed;
using testing::FakeRobot;
using testing::http;
using testing::passed;

class RobotTest : public ::testing::Test {
 protected:
  ~RobotTest() override {
    testing::run(io, client.stop());
    io.restart();
    io.run_for(20ms);
  }
  Result<std::string> run(std::chrono::milliseconds timeout = 2000ms) { return testing::run(io, client.execute(Command("pause"), timeout)); }

  std::vector<std::string> run_many(int count) {
    auto loop = [](RobotClient* c, int n) -> Task<std::vector<std::string>> {
      std::vector<std::string> answers;
      for (int i = 0; i < n; ++i) {
        auto answer = co_await c->execute(Command("pause"), 2000ms);
        answers.push_back(answer ? *answer : answer.error().message);
      }
      co_return answers;
    };
    return testing::run(io, loop(&client, count));
  }
  static std::vector<std::string> numbers(int count) {
    std::vector<std::string> list;
    for (int i = 1; i <= count; ++i) list.push_back(std::to_string(i));
    return list;
  }

  asio::io_context io{1};
  FakeRobot robot{io};
  RobotClient client{io.get_executor(), robot.dial(), 64 * 1024};
};

TEST_F(RobotTest, KeepsOneConnection) {
  EXPECT_EQ(run_many(50), numbers(50));
  EXPECT_EQ(robot.connections, 1u);
  EXPECT_EQ(robot.lines.front(), "pause");
}

TEST_F(RobotTest, LeavesAConnectionBeforeTheServerDoes) {
  robot.close_after = 101;
  EXPECT_EQ(run_many(250), numbers(250));
  EXPECT_EQ(robot.connections, 3u);
  EXPECT_EQ(robot.lines.size(), 250u) << "nothing was asked twice";
}

TEST_F(RobotTest, ConnectsAgainWhenTheServerLeftAKeptConnection) {
  robot.close_after = 1;
  EXPECT_EQ(run().value(), "1");
  io.restart();
  io.run_for(10ms);
  EXPECT_EQ(run().value(), "2");
  EXPECT_EQ(robot.connections, 2u);
}

TEST_F(RobotTest, ARefusedCommandIsTheBackendsRefusal) {
  robot.steps.push_back({http(failed("KeywordException: Could not execute command 'pause': No such command or device: pause\n"))});
  const auto answer = run();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::UNSUPPORTED_BY_BACKEND);
  EXPECT_EQ(answer.error().message, "Renode refused a command: No such command or device: pause");
  EXPECT_TRUE(run()) << "the connection is good";
  EXPECT_EQ(robot.connections, 1u);
}

TEST_F(RobotTest, CallsAreServedInOrder) {
  std::vector<std::string> answers;
  auto call = [](RobotClient* c, std::vector<std::string>* out) -> Task<> {
    auto answer = co_await c->execute(Command("start"), 2000ms);
    out->push_back(answer.value());
  };
  for (int i = 0; i < 5; ++i) asio::co_spawn(io, call(&client, &answers), asio::detached);
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (answers.size() < 5 && std::chrono::steady_clock::now() < deadline) io.run_one_for(100ms);
  EXPECT_EQ(answers, (std::vector<std::string>{"1", "2", "3", "4", "5"}));
}

TEST_F(RobotTest, ASilentServerTimesOutAndTheNextCallConnectsAnew) {
  robot.steps.push_back({"", FakeRobot::Step::Then::silence});
  const auto answer = run(30ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::ENGINE_TIMEOUT);
  EXPECT_NE(answer.error().message.find("30 ms"), std::string::npos);
  EXPECT_TRUE(run());
  EXPECT_EQ(robot.connections, 2u);
}

TEST_F(RobotTest, AnAnswerThatStopsInItsMiddleTimesOut) {
  robot.steps.push_back({http(passed("x")).substr(0, 90), FakeRobot::Step::Then::silence});
  EXPECT_EQ(run(30ms).error().code, ErrorCode::ENGINE_TIMEOUT);
}

TEST_F(RobotTest, DeathIsNotATimeout) {
  robot.steps.push_back({"", FakeRobot::Step::Then::close});
  EXPECT_EQ(run().error().code, ErrorCode::ENGINE_DIED);
  robot.steps.push_back({http(passed("x")).substr(0, 90), FakeRobot::Step::Then::close});
  EXPECT_EQ(run().error().code, ErrorCode::ENGINE_PROTOCOL) << "an answer was under way: it must not be asked twice";
  robot.refuse = true;
  EXPECT_EQ(run().error().code, ErrorCode::ENGINE_DIED);
}

TEST_F(RobotTest, RefusesWhatDoesNotBelongToTheAnswer) {
  for (const std::string& bytes : {std::string("garbage garbage garbage\r\n\r\n"), http("no xml"), http(passed("x")) + "more", std::string(100'000, 'x'),
                                   std::string("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"), http(std::string(70'000, 'x'))}) {
    robot.steps.push_back({bytes, FakeRobot::Step::Then::silence});
    EXPECT_EQ(run().error().code, ErrorCode::ENGINE_PROTOCOL) << bytes.substr(0, 60);
  }
  EXPECT_TRUE(run());
}

TEST_F(RobotTest, StoppingEndsWaitingCalls) {
  robot.steps.push_back({"", FakeRobot::Step::Then::silence});
  std::optional<Result<std::string>> answer;
  auto call = [](RobotClient* c, std::optional<Result<std::string>>* out) -> Task<> { out->emplace(co_await c->execute(Command("start"), 60s)); };
  asio::co_spawn(io, call(&client, &answer), asio::detached);
  io.run_for(20ms);
  testing::run(io, client.stop());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().code, ErrorCode::ENGINE_DIED);
  EXPECT_EQ(run().error().code, ErrorCode::ENGINE_DIED);
}

}  // namespace
}  // namespace virserver::backend::renode
