#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/image.hpp"

namespace virserver::image {
namespace {

// A record with the right checksum.
std::string record(unsigned type, unsigned offset, const std::string& bytes, std::string_view end = "\n") {
  unsigned sum = static_cast<unsigned>(bytes.size()) + (offset >> 8) + (offset & 255) + type;
  std::string line = fmt::format(":{:02X}{:04X}{:02X}", bytes.size(), offset, type);
  for (const char c : bytes) {
    line += fmt::format("{:02X}", static_cast<unsigned char>(c));
    sum += static_cast<unsigned char>(c);
  }
  return line + fmt::format("{:02X}", -sum & 255) + std::string(end);
}
const std::string end_record = ":00000001FF\n";

Result<Image> parse_text(const std::string& content, Options options = {}) { return parse(as_bytes(content), options); }

void expect_error(const std::string& content, ErrorCode code, int line) {
  const auto image = parse_text(content);
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, code) << image.error().message;
  ASSERT_TRUE(image.error().details.contains("line")) << image.error().message;
  EXPECT_EQ(image.error().details.at("line").to_number<int>(), line) << image.error().message;
}

TEST(Hex, AllRecordTypes) {
  const auto image = parse_text(record(4, 0, std::string("\x08\x00", 2)) + record(0, 0x10, "abcd") + record(0, 0x14, "efgh") +
                                record(2, 0, std::string("\x10\x00", 2)) + record(0, 2, "segment") +
                                record(5, 0, std::string("\x08\x00\x01\x01", 4)) + end_record);
  ASSERT_TRUE(image) << image.error().message;
  ASSERT_EQ(image->regions.size(), 2u);
  EXPECT_EQ(image->regions[0].address, 0x10002u);
  EXPECT_EQ(as_text(image->regions[0].bytes), "segment");
  EXPECT_EQ(image->regions[1].address, 0x08000010u);
  EXPECT_EQ(as_text(image->regions[1].bytes), "abcdefgh");
  EXPECT_EQ(image->metadata.entry, 0x08000101u);
  EXPECT_EQ(image->metadata.memory_size, 15u);
  EXPECT_EQ(image->metadata.format, Format::hex);
  EXPECT_EQ(image->metadata.architecture, std::nullopt);
  const auto segment_start = parse_text(record(0, 0, "x") + record(3, 0, std::string("\x12\x34\x00\x05", 4)) + end_record);
  EXPECT_EQ(segment_start->metadata.entry, 0x12345u);
}

TEST(Hex, LineEndsCaseAndWhiteSpace) {
  for (const std::string content : {":0100000041be\n:00000001ff", ":0100000041BE\r\n:00000001FF\r\n", "\r\n\n:0100000041BE  \n\n\t:00000001FF\x1a",
                                    ":0100000041bE\n:00000001fF\n\n"}) {
    const auto image = parse_text(content);
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(as_text(image->regions.at(0).bytes), "A");
  }
}

TEST(Hex, SegmentsWrapAt64KiB) {
  const auto image = parse_text(record(2, 0, std::string("\x20\x00", 2)) + record(0, 0xfffe, "abcd") + end_record);
  ASSERT_TRUE(image) << image.error().message;
  ASSERT_EQ(image->regions.size(), 2u);
  EXPECT_EQ(image->regions[0].address, 0x20000u);
  EXPECT_EQ(as_text(image->regions[0].bytes), "cd");
  EXPECT_EQ(image->regions[1].address, 0x2fffeu);
  const auto linear = parse_text(record(4, 0, std::string("\x00\x02", 2)) + record(0, 0xfffe, "abcd") + end_record);
  ASSERT_EQ(linear->regions.size(), 1u);
  EXPECT_EQ(linear->regions[0].address, 0x2fffeu);
  const auto top = parse_text(record(4, 0, "\xff\xff") + record(0, 0xfffe, "abcd") + end_record);
  ASSERT_EQ(top->regions.size(), 2u);
  EXPECT_EQ(top->regions[0].address, 0u);
  EXPECT_EQ(top->regions[1].address, 0xfffffffeu);
}

TEST(Hex, RecordsInAnyOrder) {
  const auto image = parse_text(record(0, 8, "ijkl") + record(0, 0, "abcd") + record(0, 4, "efgh") + record(0, 4, "efgh") + end_record);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(as_text(image->regions.at(0).bytes), "abcdefghijkl");
  const auto clash = parse_text(record(0, 0, "abcd") + record(0, 2, "XX") + end_record);
  ASSERT_FALSE(clash);
  EXPECT_EQ(clash.error().code, ErrorCode::IMAGE_OVERLAP);
}

TEST(Hex, DamagedLinesAreNamed) {
  expect_error(":0100000041BE\n:0100010041BE\n:00000001FF\n", ErrorCode::IMAGE_MALFORMED, 2);  // checksum
  expect_error(":0100000041BE\n\n:01000100X1BD\n" + end_record, ErrorCode::IMAGE_MALFORMED, 3);
  expect_error(":0100000041BE\nhello\n" + end_record, ErrorCode::IMAGE_MALFORMED, 2);
  expect_error(":0100000041BE\n:020000004142\n" + end_record, ErrorCode::IMAGE_MALFORMED, 2);  // too short
  expect_error(":0100000041BE00\n" + end_record, ErrorCode::IMAGE_MALFORMED, 1);                // too long
  expect_error(record(0, 0, "a") + record(6, 0, "a") + end_record, ErrorCode::IMAGE_MALFORMED, 2);
  expect_error(record(4, 0, "a") + end_record, ErrorCode::IMAGE_MALFORMED, 1);
  expect_error(record(2, 0, "abc") + end_record, ErrorCode::IMAGE_MALFORMED, 1);
  expect_error(record(5, 0, "a") + end_record, ErrorCode::IMAGE_MALFORMED, 1);
  expect_error(record(0, 0, "a") + end_record + record(0, 1, "b") + end_record, ErrorCode::IMAGE_MALFORMED, 3);
  expect_error(record(0, 0, "a") + end_record + "garbage", ErrorCode::IMAGE_MALFORMED, 3);
}

TEST(Hex, TruncatedAnywhere) {
  const std::string whole = record(0, 0, "abcd") + record(0, 4, "efgh") + ":00000001FF";
  ASSERT_TRUE(parse_text(whole));
  for (std::size_t n = 2; n < whole.size(); ++n) {
    const auto image = parse_text(whole.substr(0, n));
    ASSERT_FALSE(image) << n;
    EXPECT_EQ(image.error().code, ErrorCode::IMAGE_TRUNCATED) << n << image.error().message;
  }
}

TEST(Hex, NoBytes) {
  const auto image = parse_text(end_record);
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, ErrorCode::IMAGE_EMPTY);
}

TEST(Hex, TooLarge) {
  const std::string content = record(0, 0, "abcd") + record(0, 0x10, "efgh") + end_record;
  EXPECT_TRUE(parse_text(content, {.max_bytes = 8}));
  EXPECT_EQ(parse_text(content, {.max_bytes = 7}).error().code, ErrorCode::IMAGE_TOO_LARGE);
}

// One file for both generations of the micro:bit; this is the program of the first.
TEST(Hex, UniversalHex) {
  const auto image = parse_text(record(4, 0, std::string(2, '\0')) + record(0x0a, 0, "\x99\x01\xc0\xde") + record(0, 0, "first") +
                                record(0x0c, 0, "\xff\xff") + record(0x0a, 0, "\x99\x03\xc0\xde") + record(0x0d, 0, "second") +
                                record(0x0e, 0, "meta") + record(0x0b, 0, "") + end_record + record(0x0c, 0, "\xff"));
  ASSERT_TRUE(image) << image.error().message;
  ASSERT_EQ(image->regions.size(), 1u);
  EXPECT_EQ(as_text(image->regions[0].bytes), "first");
}

}  // namespace
}  // namespace virserver::image
