#include "integration/http/fixture.hpp"

namespace virserver::http {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view handshake = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

// A masked frame (with a mask of zeros).
std::string frame(int opcode, std::string_view data) {
  std::string result(1, static_cast<char>(0x80 | opcode));
  if (data.size() < 126) {
    result += static_cast<char>(0x80 | data.size());
  } else {
    result += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8) result += static_cast<char>(static_cast<std::uint64_t>(data.size()) >> shift);
  }
  return result.append(4, '\0').append(data);
}

std::string close_code(const std::string& received) {
  if (received.size() < 4 || static_cast<unsigned char>(received[0]) != 0x88) return "no close";
  return std::to_string(static_cast<unsigned char>(received[2]) * 256 + static_cast<unsigned char>(received[3]));
}

class Streams : public ServerTest {};

TEST_F(Streams, EventsResumeAfterTheLastSeen) {
  start();
  Client client(port());
  client.send("GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 6\r\n\r\n");
  const auto text = client.until("id: 9\nevent: tick\ndata: a\ndata: b\n\n");
  EXPECT_THAT(text, HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\n\r\nid: 7\nevent: tick\ndata: a\ndata: b\n\n"));
  client.close();
  EXPECT_TRUE(eventually([&] { return events_ended == 1; }));
}

TEST_F(Streams, WebSocketEchoes) {
  start();
  Client client(port());
  EXPECT_THAT(client.get("/socket", handshake), StartsWith("HTTP/1.1 101"));
  client.send(frame(1, "hello"));
  EXPECT_EQ(client.exactly(7), "\x81\x05hello");
  client.send(frame(9, "x"));  // a ping is answered below the handler
  EXPECT_EQ(client.exactly(3), "\x8a\x01x");
  client.send(frame(8, std::string_view("\x03\xe8", 2)));
  EXPECT_EQ(close_code(client.exactly(4)), "1000");
  EXPECT_TRUE(eventually([&] { return sockets_ended == 1; }));
}

TEST_F(Streams, WebSocketOfForeignPagesIsRefused) {
  start();
  Client client(port());
  EXPECT_EQ(code_of(client.get("/socket", std::string(handshake) + "Origin: http://evil.example\r\n")), "FOREIGN_ORIGIN");
  EXPECT_EQ(sockets_ended, 0);
}

TEST_F(Streams, OversizedMessagesEndTheWebSocket) {
  start();
  Client client(port());
  client.get("/socket", handshake);
  client.send(frame(2, std::string(3 << 20, 'x')));
  EXPECT_EQ(close_code(client.exactly(4)), "1009");
  EXPECT_TRUE(eventually([&] { return sockets_ended == 1; }));
}

TEST_F(Streams, VanishedClientsEndTheHandler) {
  start();
  Client client(port());
  client.get("/socket", handshake);
  client.close();
  EXPECT_TRUE(eventually([&] { return sockets_ended == 1; }));
}

TEST_F(Streams, StopEndsThemAll) {
  start();
  Client events(port()), socket(port());
  events.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  events.until("id: 3");
  socket.get("/socket", handshake);
  stop();
  EXPECT_EQ(events_ended, 1);
  EXPECT_EQ(sockets_ended, 1);
  EXPECT_EQ(close_code(socket.exactly(4)), "1001");
  EXPECT_TRUE(events.at_end());
}

}  // namespace
}  // namespace virserver::http
