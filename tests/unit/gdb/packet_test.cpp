#include "gdb/packet.hpp"

#include <gmock/gmock.h>

namespace virserver::gdb {
namespace {

using Kind = PacketReader::Kind;
using From = PacketReader::From;

std::vector<PacketReader::Item> read_all(PacketReader& reader, std::string_view input) {
  std::vector<PacketReader::Item> items;
  while (auto item = reader.next(input)) items.push_back(std::move(*item));
  EXPECT_TRUE(input.empty());
  return items;
}

std::vector<PacketReader::Item> read_all(std::string_view input, From from = From::stub, std::size_t limit = kMaxPayload) {
  PacketReader reader(from, limit);
  return read_all(reader, input);
}

TEST(Packet, IsFramedWithItsChecksum) {
  EXPECT_EQ(frame("OK"), "$OK#9a");
  EXPECT_EQ(frame(""), "$#00");
  EXPECT_EQ(frame("T02thread:01;"), "$T02thread:01;#04");
}

TEST(Packet, IsReadWithTheBytesAroundIt) {
  const auto items = read_all("+$OK#9a-\x03garbage$m0,4#fd");
  ASSERT_EQ(items.size(), 5u);
  EXPECT_EQ(items[0].kind, Kind::ack);
  EXPECT_EQ(items[1].kind, Kind::packet);
  EXPECT_EQ(items[1].payload, "OK");
  EXPECT_EQ(items[2].kind, Kind::nack);
  EXPECT_EQ(items[3].kind, Kind::interrupt);
  EXPECT_EQ(items[4].payload, "m0,4");
}

TEST(Packet, MayComeByteByByte) {
  PacketReader reader(From::stub);
  std::vector<PacketReader::Item> items;
  const std::string stream = "+$qSupported#37$OK#9a";
  for (const char& c : stream)
    for (auto& item : read_all(reader, std::string_view(&c, 1))) items.push_back(std::move(item));
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[1].payload, "qSupported");
  EXPECT_EQ(items[2].payload, "OK");
  EXPECT_FALSE(reader.in_packet());
}

TEST(Packet, RunLengthsOfAStubAreExpanded) {
  // "0* " is four zeros: a space is 32, 32 - 29 = 3 more
  const std::string payload = "0* ";
  const auto items = read_all(frame(payload));
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].payload, "0000");
}

TEST(Packet, AClientsStarIsAStar) {
  const auto items = read_all(frame("X0,2:*!"), From::client);
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].payload, "X0,2:*!");
}

TEST(Packet, WrongRunLengthsAreSaid) {
  for (const char* payload : {"*!", "0*", "0*\x1f", "0*\x7f"}) {
    const auto items = read_all(frame(payload));
    ASSERT_EQ(items.size(), 1u) << payload;
    EXPECT_EQ(items[0].kind, Kind::malformed) << payload;
  }
}

TEST(Packet, AWrongChecksumIsSaidAndTheNextPacketIsWhole) {
  for (const char* damaged : {"$OK#9b", "$OK#zz", "$OK#9\x03"}) {
    const auto items = read_all(std::string(damaged) + "$OK#9a");
    ASSERT_EQ(items.size(), 2u) << damaged;
    EXPECT_EQ(items[0].kind, Kind::bad_checksum) << damaged;
    EXPECT_EQ(items[1].payload, "OK");
  }
}

TEST(Packet, ADollarBeginsAnew) {
  const auto items = read_all("$m0,4$OK#9a");
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].payload, "OK");
}

TEST(Packet, ATooLongOneIsSwallowedWhole) {
  const auto items = read_all(frame(std::string(1000, 'a')) + "$OK#9a", From::client, 100);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].kind, Kind::too_long);
  EXPECT_LE(items[0].payload.size(), 100u);
  EXPECT_EQ(items[1].payload, "OK");
}

TEST(Packet, ARunLengthCannotExceedTheLimit) {
  std::string bomb = "0";
  for (int i = 0; i < 50; ++i) bomb += "*~";
  const auto items = read_all(frame(bomb), From::stub, 200);
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].kind, Kind::too_long);
  EXPECT_LE(items[0].payload.size(), 200u);
}

TEST(Packet, NotificationsAreOfStubsOnly) {
  EXPECT_EQ(read_all("%Stop:T05#4d", From::stub).size(), 1u);
  EXPECT_TRUE(read_all("%Stop:T05#4d", From::client).empty());
}

TEST(Packet, BinaryFieldsAreEscapedAndBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(unescape(escape(all)), all);
  EXPECT_EQ(escape("#$}*"), "}\x03}\x04}]}\x0a");
  EXPECT_EQ(unescape("ab}"), "ab");
  const auto items = read_all(frame(escape(all)), From::stub);
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(unescape(items[0].payload), all);
}

TEST(Packet, HexadecimalIsChecked) {
  EXPECT_EQ(from_hex("00ffA5"), std::string("\0\xff\xa5", 3));
  for (const char* wrong : {"", "0", "0g", "0x", "xx"}) EXPECT_FALSE(from_hex(wrong)) << wrong;
  EXPECT_EQ(parse_hex("ffffffffffffffff"), UINT64_MAX);
  for (const char* wrong : {"", "-1", "0x1", "11111111111111111", " 1"}) EXPECT_FALSE(parse_hex(wrong)) << wrong;
}

}  // namespace
}  // namespace virserver::gdb
