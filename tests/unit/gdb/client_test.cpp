// One client for the stubs of four emulators.
#include "gdb/client.hpp"

#include "fake_stub.hpp"
#include "runner.hpp"

namespace virserver::gdb::test {
namespace {

using Kind = FakeStub::Kind;
using testing::ElementsAre;
using testing::HasSubstr;

Bytes bytes(std::string_view text) {
  const auto view = as_bytes(text);
  return {view.begin(), view.end()};
}

class AnyClient {
 public:
  AnyClient(asio::io_context& io, Kind kind, bool running = false)
      : stub(io.get_executor(), kind, running), client(io.get_executor(), stub.connect(), stub.quirks(), Architecture::arm) {
    client.on_stop = [this](const StopReply& stop) { stops.push_back(stop); };
    client.on_closed = [this](const Error& error) { closed = error; };
  }
  Task<> stop() {
    co_await client.stop();
    co_await stub.stop();
  }
  Task<StopReply> next_stop() {
    const auto seen = taken;
    for (int i = 0; i < 500 && stops.size() <= seen; ++i) co_await settle(std::chrono::milliseconds(1));
    if (stops.size() <= seen) throw std::runtime_error("no stop came");
    ++taken;
    co_return stops[seen];
  }
  FakeStub stub;
  Client client;
  std::vector<StopReply> stops;
  std::size_t taken = 0;
  std::optional<Error> closed;
};

class EachStub : public testing::TestWithParam<Kind> {
 protected:
  asio::io_context io{1};
};
INSTANTIATE_TEST_SUITE_P(Stubs, EachStub, testing::Values(Kind::qemu7, Kind::qemu10, Kind::renode, Kind::skyeye), [](const auto& param) { return FakeStub::name(param.param); });

Task<> negotiates(asio::io_context& io, Kind kind) {
  AnyClient any(io, kind, true);
  auto stop = co_await any.client.negotiate();
  EXPECT_TRUE(stop) << stop.error().message;
  EXPECT_FALSE(any.client.running());
  EXPECT_NE(any.client.description().program_counter(), nullptr);
  EXPECT_TRUE(any.stops.empty()) << "the stop of attaching is nobody's";
  co_await any.stop();
}
TEST_P(EachStub, IsNegotiatedWithWhileItRan) { run(io, negotiates(io, GetParam())); }

Task<> registers(asio::io_context& io, Kind kind) {
  AnyClient any(io, kind);
  auto negotiated = co_await any.client.negotiate();
  EXPECT_TRUE(negotiated);
  const auto r3 = *any.client.description().find("r3"), pc = *any.client.description().program_counter();
  const auto thread = any.client.current_thread();
  Bytes value = bytes("\x01\x02\x03\x04");
  auto written = co_await any.client.write_register(r3, value, thread);
  EXPECT_TRUE(written) << written.error().message;
  auto one = co_await any.client.read_register(r3, thread);
  EXPECT_TRUE(one && *one == value);
  std::vector<Register> both{pc, r3};
  auto many = co_await any.client.read_registers(both, thread);
  EXPECT_TRUE(many);
  EXPECT_EQ((*many)[0], bytes(std::string_view("\0\1\0\0", 4)));
  EXPECT_EQ((*many)[1], value);
  auto wide = co_await any.client.write_register(r3, bytes("123456789"), thread);
  EXPECT_FALSE(wide);
  EXPECT_EQ(wide.error().code, ErrorCode::INVALID_REQUEST);
  co_await any.stop();
}
TEST_P(EachStub, RegistersAreReadAndWritten) { run(io, registers(io, GetParam())); }

Task<> memory(asio::io_context& io, Kind kind) {
  AnyClient any(io, kind);
  auto negotiated = co_await any.client.negotiate();
  EXPECT_TRUE(negotiated);
  const auto thread = any.client.current_thread();
  Bytes written(0x100);
  for (std::size_t i = 0; i < written.size(); ++i) written[i] = static_cast<std::byte>(i);
  auto wrote = co_await any.client.write_memory(kMemory, written, thread);
  EXPECT_TRUE(wrote) << wrote.error().message;
  auto read = co_await any.client.read_memory(kMemory, written.size(), thread);
  EXPECT_TRUE(read && *read == written);
  auto nothing = co_await any.client.read_memory(kMemory, 0, thread);
  EXPECT_TRUE(nothing && nothing->empty());
  co_await any.stop();
}
TEST_P(EachStub, MemoryIsReadAndWritten) { run(io, memory(io, GetParam())); }

Task<> stops_once(asio::io_context& io, Kind kind) {
  AnyClient any(io, kind);
  auto negotiated = co_await any.client.negotiate();
  EXPECT_TRUE(negotiated);
  const auto thread = any.client.current_thread();
  auto inserted = co_await any.client.insert({BreakpointType::software, 0x110, 2});
  EXPECT_TRUE(inserted);
  auto resumed = co_await any.client.resume(any.client.resume_packet());
  EXPECT_TRUE(resumed);
  auto stop = co_await any.next_stop();
  EXPECT_EQ(stop.signal, kSignalTrap);
  // Replies right behind a stop are not mixed up with its copies.
  for (int i = 0; i < 10; ++i) {
    auto pc = co_await any.client.read_register(*any.client.description().program_counter(), thread);
    EXPECT_TRUE(pc && *pc == bytes(std::string_view("\x10\1\0\0", 4))) << i;
    auto memory = co_await any.client.read_memory(kMemory, 4, thread);
    EXPECT_TRUE(memory && memory->size() == 4) << i;
  }
  // Nor is a resume right behind a stop ended by a copy of it.
  for (int i = 1; i <= 4; ++i) {
    auto stepped = co_await any.client.resume(any.client.step_packet(thread));
    EXPECT_TRUE(stepped);
    co_await any.next_stop();
    EXPECT_EQ(any.stub.pc(), 0x110u + 2 * static_cast<unsigned>(i));
  }
  co_await settle();
  EXPECT_EQ(any.stops.size(), 5u);
  co_await any.stop();
}
TEST_P(EachStub, AStopIsToldOnce) { run(io, stops_once(io, GetParam())); }

Task<> interrupts(asio::io_context& io, Kind kind) {
  AnyClient any(io, kind);
  auto negotiated = co_await any.client.negotiate();
  EXPECT_TRUE(negotiated);
  auto resumed = co_await any.client.resume(any.client.resume_packet());
  EXPECT_TRUE(resumed);
  co_await settle();
  EXPECT_TRUE(any.client.running());
  EXPECT_TRUE(any.stub.running());
  auto refused = co_await any.client.read_memory(kMemory, 4, any.client.current_thread());
  EXPECT_EQ(refused.has_value(), any.stub.quirks().answers_while_running);
  if (!refused) EXPECT_EQ(refused.error().code, ErrorCode::TARGET_RUNNING);
  EXPECT_TRUE(any.stub.running()) << "and it was not stopped by that";
  if (any.stub.quirks().interrupt == Quirks::Interrupt::byte) EXPECT_TRUE(any.client.interrupt());
  else any.stub.halt();
  co_await any.next_stop();
  EXPECT_FALSE(any.client.running());
  co_await any.stop();
}
TEST_P(EachStub, IsInterrupted) { run(io, interrupts(io, GetParam())); }

class OneClient : public testing::Test {
 protected:
  asio::io_context io{1};
};

Task<> unmapped(asio::io_context& io) {
  AnyClient any(io, Kind::qemu7);
  auto negotiated = co_await any.client.negotiate();
  auto read = co_await any.client.read_memory(kMemory + 0xf0, 0x20, any.client.current_thread());
  EXPECT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::MEMORY_UNMAPPED);
  EXPECT_THAT(read.error().message, HasSubstr("0x20000100"));
  co_await any.stop();
}
TEST_F(OneClient, NamesTheFirstAddressThatIsNotThere) { run(io, unmapped(io)); }

Task<> without_p(asio::io_context& io) {
  AnyClient any(io, Kind::skyeye);
  auto negotiated = co_await any.client.negotiate();
  EXPECT_TRUE(any.client.resume_actions().empty());
  EXPECT_EQ(any.client.resume_packet(), "c");
  any.stub.forget();
  auto written = co_await any.client.write_register(*any.client.description().find("r1"), bytes("abcd"), any.client.current_thread());
  EXPECT_TRUE(written);
  EXPECT_EQ(any.stub.count("G"), 1u);
  any.stub.forget();
  written = co_await any.client.write_register(*any.client.description().find("r2"), bytes("abcd"), any.client.current_thread());
  EXPECT_TRUE(written);
  EXPECT_EQ(any.stub.count("P"), 0u) << "it was found out once";
  co_await any.stop();
}
TEST_F(OneClient, WritesAllRegistersWhereThereIsNoP) { run(io, without_p(io)); }

Task<> limit(asio::io_context& io) {
  AnyClient any(io, Kind::skyeye);
  auto negotiated = co_await any.client.negotiate();
  Result<void> last;
  for (unsigned i = 0; i < 256; ++i) last = co_await any.client.insert({BreakpointType::software, 0x1000 + 4 * i, 4});
  EXPECT_FALSE(last);
  EXPECT_EQ(last.error().code, ErrorCode::BREAKPOINT_REFUSED);
  EXPECT_THAT(last.error().message, HasSubstr("255"));
  co_await any.stop();
}
TEST_F(OneClient, SaysThatBreakpointsAreUsedUp) { run(io, limit(io)); }

Task<> keeps_to_memory(asio::io_context& io) {
  AnyClient any(io, Kind::skyeye);
  auto negotiated = co_await any.client.negotiate();
  any.client.keep_to({{kMemory, 16}, {kMemory + 16, 16}});
  const auto thread = any.client.current_thread();
  auto read = co_await any.client.read_memory(kMemory + 8, 24, thread);
  EXPECT_TRUE(read);
  any.stub.forget();
  read = co_await any.client.read_memory(kMemory + 8, 25, thread);
  EXPECT_EQ(read.error().code, ErrorCode::MEMORY_UNMAPPED);
  EXPECT_THAT(read.error().message, HasSubstr(hex_address(kMemory + 32)));
  read = co_await any.client.read_memory(~std::uint64_t{0}, 1, thread);
  EXPECT_EQ(read.error().code, ErrorCode::MEMORY_UNMAPPED);
  auto written = co_await any.client.write_memory(kMemory - 1, bytes("a"), thread);
  EXPECT_EQ(written.error().code, ErrorCode::MEMORY_UNMAPPED);
  EXPECT_EQ(any.stub.count("m") + any.stub.count("M"), 0u) << "the stub was not asked";
  co_await any.stop();
}
TEST_F(OneClient, KeepsToTheMemoryThatThereIs) { run(io, keeps_to_memory(io)); }

Task<> refused_types(asio::io_context& io) {
  AnyClient any(io, Kind::skyeye);
  auto negotiated = co_await any.client.negotiate();
  auto watch = co_await any.client.insert({BreakpointType::write_watch, kMemory, 4});
  EXPECT_FALSE(watch);
  EXPECT_EQ(watch.error().code, ErrorCode::UNSUPPORTED_BY_BACKEND);
  AnyClient renode(io, Kind::renode);
  negotiated = co_await renode.client.negotiate();
  auto written = co_await renode.client.write_register(*renode.client.description().find("r0"), bytes("abcd"), renode.client.current_thread());
  EXPECT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr("read-only"));
  co_await renode.stop();
  co_await any.stop();
}
TEST_F(OneClient, HandsTheStubsReasonOn) { run(io, refused_types(io)); }

Task<> monitors(asio::io_context& io) {
  AnyClient any(io, Kind::qemu7);
  auto negotiated = co_await any.client.negotiate();
  auto text = co_await any.client.monitor("info status");
  EXPECT_TRUE(text);
  EXPECT_EQ(*text, "it says\n");
  auto threads = co_await any.client.threads();
  EXPECT_TRUE(threads);
  EXPECT_EQ(threads->front().name, "CPU#0 [running]");
  co_await any.stop();
}
TEST_F(OneClient, ReadsTheMonitorAndTheThreads) { run(io, monitors(io)); }

Task<> refused_resume(asio::io_context& io) {
  AnyClient any(io, Kind::qemu7);
  auto negotiated = co_await any.client.negotiate();
  any.stub.vcont_refusal = "E22";
  auto resumed = co_await any.client.resume("vCont;c:p09.09");
  EXPECT_TRUE(resumed);
  co_await any.next_stop();
  EXPECT_FALSE(any.client.running());
  co_await any.stop();
}
TEST_F(OneClient, ARefusedResumeIsAStop) { run(io, refused_resume(io)); }

Task<> silent(asio::io_context& io) {
  Quirks quick = kQemu7;
  quick.reply_timeout = std::chrono::milliseconds(50);
  FakeStub stub(io.get_executor(), Kind::qemu7);
  Client client(io.get_executor(), stub.connect(), quick, Architecture::arm);
  int closed = 0;
  client.on_closed = [&](const Error&) { ++closed; };
  auto negotiated = co_await client.negotiate();
  EXPECT_TRUE(negotiated);
  stub.silent = true;
  auto reply = co_await client.request("g");
  EXPECT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::ENGINE_TIMEOUT);
  EXPECT_EQ(closed, 1);
  reply = co_await client.request("g");
  EXPECT_FALSE(reply);
  co_await client.stop();
  co_await stub.stop();
}
TEST_F(OneClient, ASilentStubIsGivenUp) { run(io, silent(io)); }

Task<> dies(asio::io_context& io) {
  AnyClient any(io, Kind::skyeye);
  auto negotiated = co_await any.client.negotiate();
  auto resumed = co_await any.client.resume("c");
  EXPECT_TRUE(resumed);
  any.stub.hang_up();
  co_await settle();
  EXPECT_TRUE(any.closed);
  EXPECT_EQ(any.closed->code, ErrorCode::ENGINE_DIED);
  EXPECT_FALSE(any.client.running());
  auto reply = co_await any.client.request("g");
  EXPECT_FALSE(reply);
  co_await any.stop();
}
TEST_F(OneClient, ADeathIsReported) { run(io, dies(io)); }

Task<> hostile(asio::io_context& io, std::string garbage) {
  AnyClient any(io, Kind::qemu7);
  auto negotiated = co_await any.client.negotiate();
  any.stub.silent = true;
  any.stub.send_raw(garbage);
  co_await settle();
  any.stub.hang_up();
  auto reply = co_await any.client.request("g");
  EXPECT_FALSE(reply);
  co_await any.stop();
}
TEST_F(OneClient, GarbageEndsTheConnection) {
  for (const auto* garbage : {"$g#zz", "$0*\x01#5b", "---", "$T05thread:zz;#99"}) run(io, hostile(io, garbage));
  run(io, hostile(io, "$" + std::string(kMaxPayload + 1, 'a') + "#00"));
}

}  // namespace
}  // namespace virserver::gdb::test
