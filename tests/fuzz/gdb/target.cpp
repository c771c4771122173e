// The debug protocol as hostile peers may speak it. The first byte picks the reader: packets, stop replies, a target
// description, a stub that talks to our client, or a gdb that talks to our server over a stub that answers.
#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>

#include "gdb/server_connection.hpp"

using namespace virserver;
using namespace virserver::gdb;

namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

void check_packets(std::string_view bytes) {
  for (const auto from : {PacketReader::From::stub, PacketReader::From::client}) {
    constexpr std::size_t limit = 512;
    PacketReader whole(from, limit), parts(from, limit);
    std::vector<PacketReader::Item> at_once, by_byte;
    for (auto input = bytes; auto item = whole.next(input);) at_once.push_back(std::move(*item));
    for (const char& c : bytes)
      for (std::string_view one(&c, 1); auto item = parts.next(one);) by_byte.push_back(std::move(*item));
    require(at_once.size() == by_byte.size());
    for (std::size_t i = 0; i < at_once.size(); ++i) {
      require(at_once[i].kind == by_byte[i].kind && at_once[i].payload == by_byte[i].payload);
      require(at_once[i].payload.size() <= limit);
    }
  }
  require(unescape(escape(bytes)) == bytes);
  PacketReader reader(PacketReader::From::stub);
  const auto framed = frame(escape(bytes));
  std::string_view input = framed;
  const auto item = reader.next(input);
  require(item && item->kind == PacketReader::Kind::packet && unescape(item->payload) == bytes);
}

void check_stop(std::string_view text) {
  const auto stop = parse_stop_reply(text);
  if (!stop) return;
  const auto again = parse_stop_reply(format_stop_reply(*stop, {}));
  require(again && again->signal == stop->signal && again->thread == stop->thread);
}

void check_description(std::string_view xml) {
  auto included = included_documents(xml);
  require(included || !included.error().message.empty());
  Documents documents{{"target.xml", std::string(xml)}, {"other.xml", "<feature name='f'><reg name='r' bitsize='32'/></feature>"}};
  const auto description = parse_target_description(documents);
  if (!description) return require(!description.error().message.empty());
  std::size_t end = 0;
  for (const auto& reg : description->registers()) {
    require(reg.offset == end && reg.bits % 8 == 0 && reg.bits > 0);
    require(description->find(reg.number) == &reg);
    end += reg.size();
  }
}

// A stub that says `text` whatever it is asked, and then hangs up.
Fd scripted_stub(std::string_view text, Fd& peer) {
  int ends[2];
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  peer = Fd(ends[1]);
  require(::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  ::shutdown(peer.get(), SHUT_WR);
  return Fd(ends[0]);
}

Task<> use(Client& client, bool& done) {
  auto stop = co_await client.negotiate();
  if (stop) {
    auto threads = co_await client.threads();
    auto registers = client.description().registers();
    if (registers.size() > 4) registers.resize(4);
    auto values = co_await client.read_registers(std::move(registers), client.current_thread());
    auto memory = co_await client.read_memory(0, 64, client.current_thread());
    auto resumed = co_await client.resume(client.resume_packet());
  }
  co_await client.stop();
  done = true;
}

void check_client(std::string_view text) {
  asio::io_context io{1};
  Fd peer;
  bool done = false;
  {
    Client client(io.get_executor(), scripted_stub(text, peer), kQemu7, Architecture::arm);
    asio::co_spawn(io, use(client, done), asio::detached);
    io.run();
  }
  require(done);
}

// A stub that is polite: stopped, sixteen registers, memory of zeros. Answers each packet at once.
Task<> polite_stub(asio::local::stream_protocol::socket socket) {
  PacketReader reader(PacketReader::From::client);
  std::vector<char> buffer(65536);
  for (;;) {
    auto [ec, n] = co_await socket.async_read_some(asio::buffer(buffer), tuple_awaitable);
    if (ec) co_return;
    std::string_view input(buffer.data(), n);
    std::string out;
    while (auto item = reader.next(input)) {
      const std::string_view packet = item->payload;
      std::string reply = "OK";
      if (item->kind == PacketReader::Kind::interrupt) reply = "T02thread:01;";
      else if (item->kind != PacketReader::Kind::packet) continue;
      else if (packet.starts_with("vCont?")) reply = "vCont;c;s";
      else if (packet.starts_with("v") || packet.starts_with("?") || packet[0] == 'b') reply = "T05thread:01;";
      else if (packet.starts_with("qfThreadInfo")) reply = "m01";
      else if (packet.starts_with("qs")) reply = "l";
      else if (packet.starts_with("q")) reply = "";
      else if (packet.starts_with("g")) reply = std::string(128, '0');
      else if (packet.starts_with("p")) reply = "00000000";
      else if (packet.starts_with("m")) {
        const auto size = parse_hex(packet.substr(packet.find(',') + 1)).value_or(0);
        reply = std::string(2 * size, '0');
      }
      append_frame(out, reply);
    }
    auto [write_ec, written] = co_await asio::async_write(socket, asio::buffer(out), tuple_awaitable);
    if (write_ec) co_return;
  }
}

class Text final : public ByteStream {  // says its text and hangs up
 public:
  explicit Text(std::string_view text) : text_(text) {}
  Task<std::size_t> read(std::span<char> buffer) override {
    const auto n = text_.copy(buffer.data(), std::min<std::size_t>(buffer.size(), 61));
    text_.remove_prefix(n);
    co_return n;
  }
  Task<bool> write(std::string_view bytes) override {
    require(bytes.size() < (4u << 20));
    co_return true;
  }
  void close() override {}

 private:
  std::string_view text_;
};

struct World {
  asio::io_context io{1};
  std::unique_ptr<Bridge> bridge;

  Task<Result<Target::Connection>> dial() {
    int ends[2];
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    asio::local::stream_protocol::socket stub(io, asio::local::stream_protocol(), ends[1]);
    asio::co_spawn(io, polite_stub(std::move(stub)), asio::detached);
    Target::Connection connection;
    connection.socket = Fd(ends[0]);
    co_return connection;
  }
  static Task<Result<void>> reset() { co_return Result<void>(); }
};

Task<> serve(World& world, std::string_view text, bool& done) {
  {
    ServerConnection connection(*world.bridge, std::make_unique<Text>(text));
    co_await connection.run();
  }
  require(world.bridge->breakpoints().empty());
  require(world.bridge->subscribers(Bridge::Role::gdb) == 0);
  co_await world.bridge->stop();
  done = true;
}

void check_server(std::string_view text) {
  World world;
  Target target;
  target.dial = [&world] { return world.dial(); };
  target.reset = [] { return World::reset(); };
  target.quirks = kQemu7;
  target.quirks.reply_timeout = std::chrono::milliseconds(200);
  target.architecture = Architecture::arm;
  world.bridge = std::make_unique<Bridge>(world.io.get_executor(), std::move(target));
  bool done = false;
  asio::co_spawn(world.io, serve(world, text, done), asio::detached);
  world.io.run();
  require(done);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, std::min<std::size_t>(size - 1, 16384));
  switch (data[0]) {
    case 'p': check_packets(text); break;
    case 's': check_stop(text); break;
    case 'x': check_description(text); break;
    case 'c': check_client(text); break;
    case 'g': check_server(text); break;
    default: break;
  }
  return 0;
}
