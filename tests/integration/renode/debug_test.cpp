// The common debugger's client against Renode's stub.
#include "fixture.hpp"
#include "gdb/client.hpp"

namespace virserver::backend {
namespace {

class RenodeDebugTest : public RenodeTest {
 protected:
  void attach(const char* file, bool paused) {
    launch(test_firmware(file), paused);
    ASSERT_TRUE(engine);
    auto stub = run(engine->machine()->open_stub());
    ASSERT_TRUE(stub) << stub.error().message;
    EXPECT_EQ(stub->was_running, !paused);
    client = std::make_unique<gdb::Client>(io.get_executor(), std::move(stub->socket), engine->machine()->quirks(), the_plan.architecture);
    client->on_stop = [this](const gdb::StopReply& stop) { stops.push_back(stop); };
    auto ready = run(client->negotiate());
    ASSERT_TRUE(ready) << ready.error().message;
  }
  void TearDown() override {
    if (client) run(client->stop());
    client.reset();
    RenodeTest::TearDown();
  }
  std::uint64_t pc() {
    const auto* reg = client->description().find("pc");
    if (!reg) throw std::runtime_error("no pc");
    auto bytes = run(client->read_register(*reg, client->current_thread()));
    if (!bytes) throw std::runtime_error(bytes.error().message);
    std::uint32_t value = 0;
    std::memcpy(&value, bytes->data(), 4);
    return value;
  }

  std::unique_ptr<gdb::Client> client;
  std::vector<gdb::StopReply> stops;
};

TEST_F(RenodeDebugTest, StandsAtTheFirstInstruction) {
  attach("touch.elf", true);
  EXPECT_EQ(pc(), 0x08000008u);
}

TEST_F(RenodeDebugTest, BreaksStepsAndRunsOn) {
  attach("touch.elf", true);
  const gdb::Breakpoint at_loop{gdb::BreakpointType::software, 0x08000018, 2};
  ASSERT_TRUE(run(client->insert(at_loop)));
  for (int round = 0; round < 3; ++round) {
    stops.clear();
    ASSERT_TRUE(run(client->resume(client->resume_packet())));
    wait([&] { return !stops.empty(); }, "the breakpoint");
    EXPECT_EQ(pc(), 0x08000018u);
    EXPECT_EQ(stops.size(), 1u) << "the copies of a stop are not told";
    stops.clear();
    ASSERT_TRUE(run(client->resume(client->step_packet(client->current_thread()))));
    wait([&] { return !stops.empty(); }, "the step");
    EXPECT_EQ(pc(), 0x0800001au);
  }
  ASSERT_TRUE(run(client->remove(at_loop)));
  stops.clear();
  ASSERT_TRUE(run(client->resume(client->resume_packet())));
  io.restart();
  io.run_for(100ms);
  EXPECT_TRUE(stops.empty());
  ASSERT_TRUE(client->interrupt());
  wait([&] { return !stops.empty(); }, "the interrupt");
}

TEST_F(RenodeDebugTest, ReadsAndWritesMemory) {
  attach("touch.elf", false);
  const Bytes written{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}};
  ASSERT_TRUE(run(client->write_memory(0x20000100, written, client->current_thread())));
  EXPECT_EQ(run(client->read_memory(0x20000100, 5, client->current_thread())).value(), written);
  auto large = run(client->read_memory(0x20000000, 20'000, client->current_thread()));
  ASSERT_TRUE(large) << large.error().message;
  EXPECT_EQ(large->size(), 20'000u);
}

TEST_F(RenodeDebugTest, OneThatWasHeldIsTakenOverPaused) {
  attach("touch.elf", false);
  ASSERT_TRUE(run(engine->pause()));  // as a session does before it lets go: the stub's end lets processors run
  run(client->stop());
  client.reset();
  run(engine->stop());
  engine.reset();
  auto adopted = run(backend->adopt(io.get_executor(), the_plan, engine_dir, console_dir));
  ASSERT_TRUE(adopted) << adopted.error().message;
  engine = std::move(*adopted);
  listen();
  EXPECT_TRUE(engine->paused());
  auto counter = [this] { return run(engine->machine()->read_memory(0x20000000, 4)).value(); };
  const auto standing = counter();
  EXPECT_EQ(counter(), standing);
  ASSERT_TRUE(run(engine->resume()));
  wait([&] { return counter() != standing; }, "the guest to count again");
}

TEST_F(RenodeDebugTest, AResetKeepsItStanding) {
  attach("touch.elf", false);
  ASSERT_TRUE(run(engine->machine()->reset()));
  EXPECT_EQ(pc(), 0x08000008u);
  EXPECT_FALSE(client->closed());
}

TEST_F(RenodeDebugTest, AnAbortIsTheDebuggersToSee) {
  attach("abort.elf", true);
  stops.clear();
  ASSERT_TRUE(run(client->resume(client->resume_packet())));
  wait([&] { return !stops.empty() || report; }, "the abort");
  EXPECT_FALSE(report) << report->message;
  wait([&] { return !warnings.empty(); }, "the warning");
  EXPECT_NE(warnings.front().find("outside RAM or ROM"), std::string::npos);
}

}  // namespace
}  // namespace virserver::backend
