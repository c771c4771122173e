#include "backend/qemu/engine.hpp"

#include <boost/json.hpp>

#include <csignal>

#include "support.hpp"

namespace virserver::backend::qemu {
namespace {

using namespace std::chrono_literals;
using testing::FakeProcess;
using testing::Peer;
using Kind = EngineEvent::Kind;
namespace json = boost::json;

class EngineTest : public ::testing::Test {
 protected:
  void make(bool with_socket = true) {
    auto owned = std::make_unique<FakeProcess>(io);
    fake = owned.get();
    if (with_socket) {
      auto [ours, theirs] = testing::socket_pair();
      fake->socket = std::move(ours);
      peer.emplace(io, std::move(theirs));
      asio::co_spawn(io, play(), asio::detached);
    }
    QemuEngine::Options options;
    options.console_dir = "/nonexistent";
    options.semihosting = true;
    options.command_timeout = 300ms;
    engine = std::make_unique<QemuEngine>(io.get_executor(), std::move(owned), options);
    engine->on_event = [this](const EngineEvent& event) {
      kinds.push_back(event.kind);
      if (event.report) report = event.report;
    };
  }
  ~EngineTest() override {
    if (engine) testing::run(io, engine->stop());
    if (peer) peer->close();
    io.restart();
    io.run_for(50ms);
  }
  void connect() {
    auto done = testing::run(io, engine->connect(2s));
    ASSERT_TRUE(done) << done.error().message;
  }

  // Answers like QEMU does.
  Task<> play() {
    co_await peer->say(std::string(testing::greeting));
    for (;;) {
      auto line = co_await peer->hear();
      if (line.empty()) co_return;
      auto message = json::parse(line).as_object();
      const std::string name(message.at("execute").as_string());
      heard.push_back(name);
      if (name == mute) continue;
      std::string text, reply = json::serialize(json::object{{"return", json::object{}}, {"id", message.at("id")}}) + "\n";
      if (name == "query-status") reply = json::serialize(json::object{{"return", {{"running", running}}}, {"id", message.at("id")}}) + "\n";
      if (name == "stop") text = "{\"event\": \"STOP\"}\n";
      if (name == "cont") text = "{\"event\": \"RESUME\"}\n";
      text += reply;
      if (name == "system_reset") text += "{\"event\": \"RESET\", \"data\": {\"guest\": false, \"reason\": \"host-qmp-system-reset\"}}\n";
      if (name == "quit") text += "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": false, \"reason\": \"host-qmp-quit\"}}\n";
      co_await peer->say(std::move(text));
      if (name == "quit" && !stubborn) fake->end({0, std::nullopt, false});
    }
  }

  asio::io_context io{1};
  FakeProcess* fake = nullptr;
  std::optional<Peer> peer;
  std::unique_ptr<QemuEngine> engine;
  std::vector<Kind> kinds;
  std::optional<ExitReport> report;
  std::vector<std::string> heard;
  std::string mute;
  bool running = true, stubborn = false;
};

TEST_F(EngineTest, PausesResumesAndResets) {
  make();
  connect();
  EXPECT_FALSE(engine->paused());
  ASSERT_TRUE(testing::run(io, engine->pause()));
  EXPECT_TRUE(engine->paused());
  ASSERT_TRUE(testing::run(io, engine->pause()));  // idempotent
  ASSERT_TRUE(testing::run(io, engine->reset()));
  EXPECT_FALSE(engine->paused()) << "a board runs after a reset";
  ASSERT_TRUE(testing::run(io, engine->resume()));
  testing::run(io, engine->power_off(1s));
  EXPECT_EQ(kinds, (std::vector{Kind::paused, Kind::reset, Kind::running, Kind::exited}));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->cause, ExitCause::powered_off);
  EXPECT_EQ(fake->terminated, 0);
}

TEST_F(EngineTest, FindsAGuestThatStandsPaused) {
  running = false;
  make();
  connect();
  EXPECT_TRUE(engine->paused());
}

TEST_F(EngineTest, ForcesAnEmulatorThatDoesNotQuit) {
  stubborn = true;
  make();
  connect();
  testing::run(io, engine->power_off(50ms));
  EXPECT_EQ(fake->terminated, 1);
  EXPECT_EQ(fake->killed, 1);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->cause, ExitCause::powered_off);
}

TEST_F(EngineTest, KillsAnEmulatorThatDoesNotAnswer) {
  make();
  connect();
  mute = "stop";
  auto paused = testing::run(io, engine->pause());
  ASSERT_FALSE(paused);
  EXPECT_EQ(paused.error().code, ErrorCode::ENGINE_TIMEOUT);
  EXPECT_EQ(fake->killed, 1);
  io.restart();
  io.run_for(300ms);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->cause, ExitCause::crashed);
  auto again = testing::run(io, engine->pause());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::ENGINE_DIED);
}

TEST_F(EngineTest, MergesResetStorms) {
  make();
  connect();
  std::string storm;
  for (int i = 0; i < 2000; ++i) storm += "{\"event\": \"RESET\", \"data\": {\"guest\": true, \"reason\": \"guest-reset\"}}\n";
  testing::run(io, peer->say(storm));
  io.restart();
  io.run_for(350ms);
  EXPECT_GE(kinds.size(), 1u);
  EXPECT_LE(kinds.size(), 4u);
}

TEST_F(EngineTest, TellsOfAGuestThatEndedBeforeWeConnected) {
  make(false);
  fake->end({7, std::nullopt, false});
  connect();
  io.restart();
  io.run_for(50ms);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->cause, ExitCause::guest_exit);
  EXPECT_EQ(report->exit_code, 7);
}

TEST_F(EngineTest, AnEmulatorThatCrashesAtItsStartIsAnError) {
  make(false);
  fake->end({std::nullopt, SIGSEGV, false});
  auto done = testing::run(io, engine->connect(2s));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::ENGINE_START_FAILED);
  EXPECT_EQ(done.error().details.at("signal"), SIGSEGV);
}

TEST_F(EngineTest, GuestShutdownIsOneExit) {
  make();
  connect();
  testing::run(io, peer->say("{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": \"guest-shutdown\"}}\n{\"event\": \"STOP\"}\n"));
  io.restart();
  io.run_for(20ms);
  fake->end({0, std::nullopt, false});
  peer->close();
  io.restart();
  io.run_for(300ms);
  EXPECT_EQ(kinds, std::vector{Kind::exited});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->cause, ExitCause::guest_shutdown);
}

}  // namespace
}  // namespace virserver::backend::qemu
