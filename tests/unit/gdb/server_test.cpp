// What one gdb says and hears, byte by byte.
#include "gdb/server_connection.hpp"

#include <deque>

#include "board.hpp"
#include "runner.hpp"

namespace virserver::gdb::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Kind = FakeStub::Kind;

// The two ends of a stream in memory.
class Pipe {
 public:
  explicit Pipe(asio::any_io_executor executor) : more_(executor) {}
  void write(std::string_view bytes) {
    data_ += bytes;
    more_.cancel();
  }
  void close() {
    closed_ = true;
    more_.cancel();
  }
  Task<std::string> read(std::size_t most, std::chrono::milliseconds wait = std::chrono::hours(1)) {
    const auto end = std::chrono::steady_clock::now() + wait;
    while (data_.empty() && !closed_ && std::chrono::steady_clock::now() < end) {
      more_.expires_at(end);
      co_await more_.async_wait(tuple_awaitable);
    }
    std::string out = data_.substr(0, most);
    data_.erase(0, out.size());
    co_return out;
  }
  bool closed() const { return closed_; }

 private:
  asio::steady_timer more_;
  std::string data_;
  bool closed_ = false;
};

class PipeStream final : public ByteStream {
 public:
  PipeStream(std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out) : in_(std::move(in)), out_(std::move(out)) {}
  Task<std::size_t> read(std::span<char> buffer) override {
    const auto bytes = co_await in_->read(buffer.size());
    std::copy(bytes.begin(), bytes.end(), buffer.begin());
    co_return bytes.size();
  }
  Task<bool> write(std::string_view bytes) override {
    out_->write(bytes);
    co_return !out_->closed();
  }
  void close() override {
    in_->close();
    out_->close();
  }

 private:
  std::shared_ptr<Pipe> in_, out_;
};

class FakeGdb {
 public:
  FakeGdb(asio::io_context& io, Bridge& bridge)
      : in_(std::make_shared<Pipe>(io.get_executor())), out_(std::make_shared<Pipe>(io.get_executor())),
        connection_(bridge, std::make_unique<PipeStream>(in_, out_)) {
    auto ended = [this](std::exception_ptr e) { ended_ = true, failed_ = e != nullptr; };
    asio::co_spawn(io, connection_.run(), ended);
  }
  ~FakeGdb() { EXPECT_TRUE(ended_) << "hang_up() is missing"; }

  void send_raw(std::string_view bytes) { in_->write(bytes); }
  void send(std::string_view payload) { in_->write(frame(payload)); }
  // The next packet; O packets are collected in `printed`.
  Task<std::string> receive(std::chrono::milliseconds wait = std::chrono::milliseconds(2000)) {
    const auto end = std::chrono::steady_clock::now() + wait;
    for (;;) {
      while (!items_.empty()) {
        auto item = std::move(items_.front());
        items_.pop_front();
        if (item.kind == PacketReader::Kind::ack) ++acks;
        if (item.kind == PacketReader::Kind::nack) co_return "-";
        if (item.kind != PacketReader::Kind::packet) continue;
        if (item.payload.size() > 2 && item.payload[0] == 'O' && from_hex(item.payload.substr(1))) printed += *from_hex(item.payload.substr(1));
        else co_return item.payload;
      }
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      if (left.count() <= 0) co_return "<nothing>";
      const auto bytes = co_await out_->read(65536, left);
      if (bytes.empty() && out_->closed()) co_return "<closed>";
      std::string_view input = bytes;
      while (auto item = reader_.next(input)) items_.push_back(std::move(*item));
    }
  }
  Task<std::string> ask(std::string payload) {
    send(payload);
    co_return co_await receive();
  }
  Task<> greet() {
    auto reply = co_await ask("qSupported:multiprocess+;swbreak+;hwbreak+");
    EXPECT_THAT(reply, HasSubstr("PacketSize=10000"));
    reply = co_await ask("QStartNoAckMode");
    EXPECT_EQ(reply, "OK");
    reply = co_await ask("?");
    EXPECT_THAT(reply, StartsWith("T"));
  }
  Task<> hang_up() {
    in_->close();
    for (int i = 0; i < 1000 && !ended_; ++i) co_await settle(std::chrono::milliseconds(1));
    EXPECT_TRUE(ended_);
    EXPECT_FALSE(failed_);
  }

  std::string printed;
  int acks = 0;

 private:
  std::shared_ptr<Pipe> in_, out_;
  ServerConnection connection_;
  PacketReader reader_{PacketReader::From::stub};
  std::deque<PacketReader::Item> items_;
  bool ended_ = false, failed_ = false;
};

class ServerTest : public testing::Test {
 protected:
  asio::io_context io{1};
};

#define SERVER_TEST(name)                         \
  Task<> name(asio::io_context& io);              \
  TEST_F(ServerTest, name) { run(io, name(io)); } \
  Task<> name(asio::io_context& io)

#define EXPECT_REPLY(gdb, packet, expected)      \
  do {                                           \
    auto reply_ = co_await gdb.ask(packet);      \
    EXPECT_THAT(reply_, expected) << packet;     \
  } while (false)

SERVER_TEST(GreetsAndHalts) {
  TestBoard board(io);
  FakeGdb gdb(io, board.bridge);
  auto reply = co_await gdb.ask("qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386");
  EXPECT_EQ(reply, "PacketSize=10000;QStartNoAckMode+;vContSupported+;multiprocess+;qXfer:features:read+");
  EXPECT_EQ(gdb.acks, 1);
  EXPECT_REPLY(gdb, "vMustReplyEmpty", "");
  EXPECT_REPLY(gdb, "QStartNoAckMode", "OK");
  const auto acks = gdb.acks;
  EXPECT_REPLY(gdb, "?", "T02thread:p01.01;");
  EXPECT_REPLY(gdb, "vCont?", "vCont;c;C;s;S");
  EXPECT_REPLY(gdb, "qAttached", "1");
  EXPECT_REPLY(gdb, "qC", "QCp01.01");
  EXPECT_REPLY(gdb, "qfThreadInfo", "mp01.01");
  EXPECT_REPLY(gdb, "qsThreadInfo", "l");
  EXPECT_EQ(gdb.acks, acks);
  EXPECT_FALSE(board.stub->running());
  co_await gdb.hang_up();
  co_await board.stop();
}

SERVER_TEST(GivesTheDescriptionInLargePieces) {
  TestBoard board(io);
  FakeGdb gdb(io, board.bridge);
  co_await gdb.greet();
  EXPECT_REPLY(gdb, "qXfer:features:read:target.xml:0,ffb", testing::AllOf(StartsWith("l<?xml"), testing::EndsWith("</target>")));
  EXPECT_REPLY(gdb, "qXfer:features:read:core.xml:5,4", "mure ");
  for (const char* wrong : {"qXfer:features:read:none.xml:0,4", "qXfer:features:read:core.xml:ffffff,4", "qXfer:features:read:core.xml", "qXfer:features:read:core.xml:0"})
    EXPECT_REPLY(gdb, wrong, "E00");
  co_await gdb.hang_up();
  co_await board.stop();
}

SERVER_TEST(ReadsAndWritesMemoryInEveryForm) {
  TestBoard board(io);
  FakeGdb gdb(io, board.bridge);
  co_await gdb.greet();
  EXPECT_REPLY(gdb, "M20000000,4:01020304", "OK");
  EXPECT_REPLY(gdb, "X20000004,0:", "OK");
  EXPECT_REPLY(gdb, "X20000004,4:" + escape("#$}*"), "OK");
  EXPECT_REPLY(gdb, "m20000000,8", "0102030423247d2a");
  EXPECT_REPLY(gdb, "vFlashErase:20000000,10", "OK");
  EXPECT_REPLY(gdb, "vFlashWrite:20000000:" + escape("a*b"), "OK");
  EXPECT_REPLY(gdb, "vFlashDone", "OK");
  EXPECT_REPLY(gdb, "m20000000,4", "612a62ff");
  EXPECT_REPLY(gdb, "m30000000,4", "E14");
  EXPECT_REPLY(gdb, "M30000000,4:00000000", StartsWith("E.memory at 0x30000000"));
  for (const char* wrong : {"m", "m0", "m,", "mzz,4", "m0,0", "m0,fffffffffffffffff"}) EXPECT_REPLY(gdb, wrong, "E01");
  for (const char* wrong : {"M0", "M0,2:1", "M0,2:111", "Mzz,1:00", "X0,2:a", "X", "vFlashErase:0", "vFlashErase:0,ffffffff", "vFlashWrite:zz"})
    EXPECT_REPLY(gdb, wrong, StartsWith("E."));
  co_await gdb.hang_up();
  co_await board.stop();
}

SERVER_TEST(RegistersPassThrough) {
  TestBoard board(io);
  FakeGdb gdb(io, board.bridge);
  co_await gdb.greet();
  EXPECT_REPLY(gdb, "P3=78563412", "OK");
  EXPECT_REPLY(gdb, "p3", "78563412");
  EXPECT_REPLY(gdb, "pf", "00010000");
  EXPECT_REPLY(gdb, "p99", "E14");
  EXPECT_REPLY(gdb, "Hgp1.1", "OK");
  EXPECT_REPLY(gdb, "g", testing::SizeIs(128));
  EXPECT_REPLY(gdb, "Hg0", "OK");
  EXPECT_REPLY(gdb, "qqemu.sstepbits", "");
  EXPECT_EQ(board.stub->count("qqemu.sstepbits"), 1u);
  co_await gdb.hang_up();
  co_await board.stop();
}

SERVER_TEST(RunsStepsAndStops) {
  TestBoard board(io);
  FakeGdb gdb(io, board.bridge);
  co_await gdb.greet();
  EXPECT_REPLY(gdb, "Z0,110,2", "OK");
  EXPECT_REPLY(gdb, "vCont;c", "T05thread:p01.01;");
  EXPECT_REPLY(gdb, "vCont;s:p1.1;c:p1.-1", "T05thread:p01.01;");
  EXPECT_EQ(board.stub->count("vCont;s:p01.01;c:p01.-1"), 1u);
  EXPECT_REPLY(gdb, "s", "T05thread:p01.01;");
  EXPECT_REPLY(gdb, "c", "T05thread:p01.01;");
  EXPECT_REPLY(gdb, "z0,110,2", "OK");
  gdb.send("vCont;c");
  co_await settle();
  EXPECT_TRUE(board.stub->running());
  gdb.send_raw("\x03");
  auto stop = co_await gdb.receive();
  EXPECT_EQ(stop, "T02thread:p01.01;");
  EXPECT_REPLY(gdb, "z0,110,2", StartsWith("E."));
  for (const char* wrong : {"vCont;", "vCont;q", "vCont;s:zz", "c1000", "Z0", "Z0,zz,2", "Z0,1", "Hgzz", "Tzz"}) EXPECT_REPLY(gdb, wrong, StartsWith("E."));
  EXPECT_REPLY(gdb, "Z5,0,0", "");
  co_await gdb.hang_up();
  co_await board.stop();
}

SERVER_TEST(AGdbWithoutProcessesSeesThreadsOnly) {
  TestBoard board(io);
  FakeGdb gdb(io, board.bridge);
  EXPECT_REPLY(gdb, "qSupported:swbreak+", testing::Not(HasSubstr("multiprocess")));
  EXPECT_REPLY(gdb, "?", "T02thread:01;");
  EXPECT_REPLY(gdb, "qfThreadInfo", "m01");
  EXPECT_REPLY(gdb, "vCont;s:1", "T05thread:01;");
  EXPECT_EQ(board.stub->count("vCont;s:p01.01"), 1u) << "the stub hears of processes";
  co_await gdb.hang_up();
  co_await board.stop();
}

SERVER_TEST(TwoGdbsAtOnce) {
  TestBoard board(io);
  FakeGdb a(io, board.bridge), b(io, board.bridge);
  co_await a.greet();
  a.send("vCont;c");
  co_await settle();
  EXPECT_REPLY(b, "qSupported:multiprocess+", HasSubstr("multiprocess+"));
  EXPECT_TRUE(board.stub->running()) << "asking what there is halts nothing";
  EXPECT_REPLY(b, "g", StartsWith("E.the machine runs"));
  EXPECT_REPLY(b, "m20000000,4", "E16");
  EXPECT_REPLY(b, "Z0,9000,2", "OK");
  EXPECT_REPLY(b, "vCont;s:p1.1", StartsWith("E.the machine runs"));
  auto nothing = co_await a.receive(std::chrono::milliseconds(50));
  EXPECT_EQ(nothing, "<nothing>") << "nor does a breakpoint of another";
  EXPECT_TRUE(board.stub->running());
  b.send("vCont;c");  // joins
  co_await settle();
  a.send_raw("\x03");
  auto stop = co_await a.receive();
  EXPECT_EQ(stop, "T02thread:p01.01;");
  stop = co_await b.receive();
  EXPECT_EQ(stop, "T02thread:p01.01;");
  a.send("D;1");
  auto detached = co_await a.receive();
  EXPECT_EQ(detached, "OK");
  EXPECT_FALSE(board.stub->running()) << "b holds it";
  EXPECT_REPLY(b, "D;1", "OK");
  co_await settle();
  EXPECT_TRUE(board.stub->running());
  EXPECT_TRUE(board.stub->breakpoints().empty());
  co_await a.hang_up();
  co_await b.hang_up();
  co_await board.stop();
}

SERVER_TEST(AKillNeverReachesTheEmulator) {
  TestBoard board(io);
  FakeGdb a(io, board.bridge), b(io, board.bridge);
  co_await a.greet();
  EXPECT_REPLY(a, "vKill;1", "OK");
  co_await settle();
  EXPECT_TRUE(board.stub->running());
  co_await b.greet();
  b.send("k");
  auto reply = co_await b.receive();
  EXPECT_EQ(reply, "<closed>");
  EXPECT_EQ(board.stub->count("k") + board.stub->count("vKill") + board.stub->count("D"), 0u);
  EXPECT_TRUE(board.stub->running());
  co_await a.hang_up();
  co_await b.hang_up();
  co_await board.stop();
}

SERVER_TEST(MonitorWords) {
  TestBoard board(io);
  FakeGdb gdb(io, board.bridge);
  co_await gdb.greet();
  const auto monitor = [](std::string text) { return "qRcmd," + to_hex(text); };
  EXPECT_REPLY(gdb, monitor("reset halt"), "OK");
  EXPECT_EQ(board.resets, 1);
  EXPECT_REPLY(gdb, monitor("help"), "OK");
  EXPECT_THAT(gdb.printed, HasSubstr("reset init"));
  EXPECT_REPLY(gdb, monitor("version"), "OK");
  EXPECT_THAT(gdb.printed, HasSubstr("Fake 1.0"));
  EXPECT_REPLY(gdb, monitor("info registers"), "OK");
  EXPECT_THAT(gdb.printed, HasSubstr("text of info registers"));
  EXPECT_THAT(board.monitored, ElementsAre("info registers"));
  EXPECT_REPLY(gdb, monitor("go"), "OK");
  co_await settle();
  EXPECT_TRUE(board.stub->running());
  EXPECT_REPLY(gdb, monitor("halt"), "OK");
  EXPECT_FALSE(board.stub->running());
  EXPECT_REPLY(gdb, "qRcmd,zz", StartsWith("E."));
  co_await gdb.hang_up();
  co_await board.stop();
}

SERVER_TEST(RestartsByItsOwnWords) {
  TestBoard board(io);
  FakeGdb gdb(io, board.bridge);
  EXPECT_REPLY(gdb, "!", "OK");
  co_await gdb.greet();
  EXPECT_REPLY(gdb, "vRun;firmware.elf", "T05thread:p01.01;");
  EXPECT_EQ(board.resets, 1);
  gdb.send("R00");
  EXPECT_REPLY(gdb, "qAttached", "1");
  EXPECT_EQ(board.resets, 2);
  co_await gdb.hang_up();
  co_await board.stop();
}

SERVER_TEST(APowerCycleIsToldAndSurvived) {
  TestBoard board(io);
  FakeGdb gdb(io, board.bridge);
  co_await gdb.greet();
  EXPECT_REPLY(gdb, "Z0,110,2", "OK");
  EXPECT_REPLY(gdb, "vCont;c", "T05thread:p01.01;");
  EXPECT_REPLY(gdb, "z0,110,2", "OK");
  EXPECT_REPLY(gdb, "Z0,9000,2", "OK");
  gdb.send("vCont;c");
  co_await settle();
  co_await board.power_off();
  auto nothing = co_await gdb.receive(std::chrono::milliseconds(30));
  EXPECT_EQ(nothing, "<nothing>");
  EXPECT_THAT(gdb.printed, HasSubstr("powered off"));
  board.power_on(true);
  auto attached = co_await board.bridge.attach();
  EXPECT_TRUE(attached);
  EXPECT_THAT(board.stub->breakpoints(), ElementsAre("0,9000,2"));
  gdb.send_raw("\x03");
  auto stop = co_await gdb.receive();
  EXPECT_EQ(stop, "T02thread:p01.01;");
  EXPECT_THAT(gdb.printed, HasSubstr("is back"));
  co_await board.power_off();
  EXPECT_REPLY(gdb, "g", StartsWith("E.the board is off"));
  EXPECT_REPLY(gdb, "?", "W00");
  co_await gdb.hang_up();
  co_await board.stop();
}

SERVER_TEST(BadPacketsGetClearErrors) {
  TestBoard board(io);
  FakeGdb gdb(io, board.bridge);
  EXPECT_REPLY(gdb, "qSupported", HasSubstr("PacketSize"));
  gdb.send_raw("$g#00");
  auto reply = co_await gdb.receive();
  EXPECT_EQ(reply, "-");
  gdb.send_raw("-");  // the last one again
  reply = co_await gdb.receive();
  EXPECT_THAT(reply, HasSubstr("PacketSize"));
  gdb.send(std::string(1u << 18, 'q'));
  reply = co_await gdb.receive();
  EXPECT_EQ(reply, "E.the packet is too long");
  EXPECT_REPLY(gdb, "QStartNoAckMode", "OK");
  gdb.send_raw("$g#00");
  reply = co_await gdb.receive();
  EXPECT_EQ(reply, "E.the packet's checksum is wrong");
  EXPECT_REPLY(gdb, "?", "T02thread:01;");
  co_await gdb.hang_up();
  co_await board.stop();
}

SERVER_TEST(AThousandBreakpoints) {
  TestBoard board(io);
  FakeGdb gdb(io, board.bridge);
  co_await gdb.greet();
  for (int round = 0; round < 2; ++round) {
    for (unsigned i = 0; i < 1000; ++i) EXPECT_REPLY(gdb, fmt::format("Z0,{:x},2", 0x9000 + 2 * i), "OK");
    EXPECT_REPLY(gdb, "vCont;s:p1.1", "T05thread:p01.01;");
    for (unsigned i = 0; i < 1000; ++i) EXPECT_REPLY(gdb, fmt::format("z0,{:x},2", 0x9000 + 2 * i), "OK");
  }
  EXPECT_EQ(board.stub->count("Z0"), 1000u);
  co_await gdb.hang_up();
  EXPECT_EQ(board.bridge.breakpoints().all().size(), 0u);
  co_await board.stop();
}

SERVER_TEST(AClientGoneInTheMiddleOfAPacketTakesItsOwnAlong) {
  TestBoard board(io);
  FakeGdb a(io, board.bridge), b(io, board.bridge);
  co_await a.greet();
  EXPECT_REPLY(a, "Z0,9000,2", "OK");
  a.send_raw("$Z0,9002");
  co_await a.hang_up();
  EXPECT_TRUE(board.bridge.breakpoints().empty());
  co_await b.greet();
  EXPECT_REPLY(b, "vCont;s:p1.1", "T05thread:p01.01;");
  co_await b.hang_up();
  co_await board.stop();
}

}  // namespace
}  // namespace virserver::gdb::test
