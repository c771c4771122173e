// A client of the worst manners against a real QEMU: the board and the others go on.
#include <gmock/gmock.h>

#include <chrono>

#include "support.hpp"

namespace virserver::gdb::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const Machine& kBoard = machine("cortex-m3");

TEST(Wire, BadPacketsGetClearErrors) {
  Board board(kBoard);
  RawClient raw(board.port());
  raw.send_raw("$g#00");
  EXPECT_EQ(raw.receive(), "-");
  raw.send_raw("nonsense \x00\xff + - + - $unfinished");
  EXPECT_THAT(raw.ask("qSupported"), HasSubstr("PacketSize"));
  EXPECT_EQ(raw.ask(std::string(300'000, 'x')), "E.the packet is too long");
  EXPECT_EQ(raw.ask("QStartNoAckMode"), "OK");
  EXPECT_THAT(raw.ask("?"), StartsWith("T02"));
  EXPECT_EQ(raw.ask("m20000000,0"), "E01");
  EXPECT_EQ(raw.ask("mffffffffffffffffff,4"), "E01");
  EXPECT_EQ(raw.ask("m90000000,4"), "E14");
  EXPECT_THAT(raw.ask("M20000000,4:00"), StartsWith("E."));
  EXPECT_EQ(raw.ask("m20000001,3").size(), 6u) << "odd addresses and sizes";
  EXPECT_EQ(raw.ask("p7777"), "E14");
  EXPECT_THAT(raw.ask("Z0,0"), StartsWith("E."));
  EXPECT_EQ(raw.ask("g").size(), 136u) << "and it still serves";
}

TEST(Wire, AClientThatNeverAcknowledgesIsServed) {
  Board board(kBoard);
  RawClient raw(board.port());
  EXPECT_THAT(raw.ask("qSupported"), HasSubstr("PacketSize"));
  EXPECT_THAT(raw.ask("?"), StartsWith("T02"));
  for (int i = 0; i < 200; ++i) ASSERT_EQ(raw.ask("g").size(), 136u);
}

TEST(Wire, AClientThatNeverReadsHarmsNobody) {
  Board board(kBoard);
  RawClient deaf(board.port());
  deaf.no_ack();
  deaf.ask("?");
  // The answers exceed what the sockets and the queue hold, the requests what the server reads.
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += frame("m20000000,8000");
  deaf.send_raw(requests);
  RawClient other(board.port());
  other.no_ack();
  for (int i = 0; i < 50; ++i) ASSERT_EQ(other.ask("g").size(), 136u);
}

TEST(Wire, AClientKilledInTheMiddleOfAPacket) {
  Board board(kBoard);
  RawClient first(board.port());
  first.no_ack();
  first.ask("?");
  EXPECT_EQ(first.ask("Z0,9000,2"), "OK");
  first.send_raw("$Z0,9002,");
  first.hang_up();
  RawClient second(board.port());
  second.no_ack();
  EXPECT_THAT(second.ask("?"), StartsWith("T"));
  for (int i = 0; i < 20; ++i) EXPECT_THAT(second.ask("vCont;s:p1.1"), StartsWith("T05"));
}

TEST(Wire, AThousandBreakpoints) {
  Board board(kBoard);
  RawClient raw(board.port());
  raw.no_ack();
  raw.ask("?");
  for (int round = 0; round < 3; ++round) {
    for (unsigned i = 0; i < 1000; ++i) ASSERT_EQ(raw.ask(fmt::format("Z0,{:x},2", 0x10000 + 2 * i)), "OK");
    EXPECT_THAT(raw.ask("vCont;s:p1.1"), StartsWith("T05"));
    for (unsigned i = 0; i < 1000; ++i) ASSERT_EQ(raw.ask(fmt::format("z0,{:x},2", 0x10000 + 2 * i)), "OK");
  }
  EXPECT_THAT(raw.ask("vCont;s:p1.1"), StartsWith("T05"));
}

TEST(Wire, TwentyClientsAtOnce) {
  Board board(kBoard);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<RawClient>(board.port()));
    clients.back()->no_ack();
    EXPECT_THAT(clients.back()->ask("?"), StartsWith("T"));
  }
  for (auto& client : clients) client->send_raw(frame("vCont;c"));
  while (!board.qemu().running()) {}
  clients[7]->send_raw("\x03");
  for (auto& client : clients) EXPECT_THAT(client->receive(), StartsWith("T02"));
  for (auto& client : clients) EXPECT_EQ(client->ask("g").size(), 136u);
}

TEST(Wire, MemoryIsReadWhileItRuns) {
  Board board(kBoard);
  RawClient runner(board.port()), watcher(board.port());
  runner.no_ack();
  runner.ask("?");
  runner.send_raw(frame("vCont;c"));
  while (!board.qemu().running()) {}
  watcher.no_ack();
  const auto counter = "m20000000,10";
  const auto first = watcher.ask(counter);
  EXPECT_EQ(first.size(), 32u);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  auto later = first;
  while (later == first && std::chrono::steady_clock::now() < end) later = watcher.ask(counter);
  EXPECT_NE(later, first) << "it counts";
  EXPECT_TRUE(board.qemu().running());
  EXPECT_THAT(watcher.ask("g"), StartsWith("E.the machine runs"));
  EXPECT_EQ(watcher.ask("M20000ff0,4:11223344"), "OK") << "a write stops it for a moment";
  EXPECT_EQ(watcher.ask("m20000ff0,4"), "11223344");
  runner.send_raw("\x03");
  EXPECT_THAT(runner.receive(), StartsWith("T02")) << "the only stop that it hears of";
}

TEST(Wire, AWholeDescriptionOfEveryMachine) {
  for (const auto& one : {"cortex-m0", "cortex-m4", "cortex-a15", "cortex-a53", "riscv32", "riscv64", "sparc", "powerpc"}) {
    Board board(machine(one));
    using Values = Result<std::vector<std::optional<Bytes>>>;
    auto read_all = [](Bridge& bridge) -> Task<Values> {
      auto attached = co_await bridge.attach(Bridge::Then::halt);
      if (!attached) co_return pass(attached);
      auto all = bridge.description().registers();
      co_return co_await bridge.read_registers(std::move(all));
    };
    const auto values = board.on_bridge<Values>(read_all);
    ASSERT_TRUE(values) << one << ": " << values.error().message;
    const auto& description = board.bridge().description();
    ASSERT_NE(description.program_counter(), nullptr) << one;
    ASSERT_NE(description.stack_pointer(), nullptr) << one;
    for (std::size_t i = 0; i < values->size(); ++i) {
      const auto& reg = description.registers()[i];
      if (reg.group == RegisterGroup::general) EXPECT_TRUE((*values)[i]) << one << " " << reg.name;
    }
  }
}

}  // namespace
}  // namespace virserver::gdb::test
