#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "image/image.hpp"

namespace virserver::image {
namespace {

Format recognised(std::string_view head) { return recognise(as_bytes(head)); }

TEST(Recognise, ByContent) {
  EXPECT_EQ(recognised("\177ELF\1\1\1"), Format::elf);
  EXPECT_EQ(recognised(":020000040000FA\n"), Format::hex);
  EXPECT_EQ(recognised("\r\n :00000001FF"), Format::hex);
  EXPECT_EQ(recognised(":0200"), Format::hex) << "cut off";
  EXPECT_EQ(recognised(":0200\n"), Format::bin);
  EXPECT_EQ(recognised(": hello"), Format::bin);
  EXPECT_EQ(recognised(":"), Format::bin);
  EXPECT_EQ(recognised(""), Format::bin);
  EXPECT_EQ(recognised(" \n "), Format::bin);
}

TEST(FormatNames, BothWays) {
  for (const Format format : {Format::elf, Format::hex, Format::bin}) EXPECT_EQ(parse_format(to_string(format)), format);
  EXPECT_EQ(parse_format("IHEX"), Format::hex);
  EXPECT_EQ(parse_format("raw"), Format::bin);
  EXPECT_EQ(parse_format("Binary"), Format::bin);
  EXPECT_EQ(parse_format("srec"), std::nullopt);
}

TEST(Raw, NeedsAnAddress) {
  const auto without = parse(as_bytes("bytes"), {});
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, ErrorCode::IMAGE_ADDRESS_REQUIRED);
  const auto with = parse(as_bytes("bytes"), {.load_address = 0x1000});
  ASSERT_TRUE(with);
  EXPECT_EQ(with->regions.at(0).address, 0x1000u);
  EXPECT_EQ(as_text(with->regions.at(0).bytes), "bytes");
  EXPECT_EQ(with->metadata.memory_size, 5u);
  EXPECT_EQ(with->metadata.file_size, 5u);
  EXPECT_TRUE(parse(as_bytes(":00000001FF"), {.format = Format::bin, .load_address = 0})) << "the user knows better";
}

TEST(Raw, Limits) {
  EXPECT_EQ(parse(as_bytes("bytes"), {.load_address = 0, .max_bytes = 4}).error().code, ErrorCode::IMAGE_TOO_LARGE);
  EXPECT_TRUE(parse(as_bytes("bytes"), {.load_address = ~0ull - 4}));
  EXPECT_EQ(parse(as_bytes("bytes"), {.load_address = ~0ull - 3}).error().code, ErrorCode::IMAGE_MALFORMED);
  EXPECT_EQ(parse({}, {.load_address = 0}).error().code, ErrorCode::IMAGE_EMPTY);
}

class ReadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/virserver-image-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::filesystem::path write(std::string_view content) {
    const auto path = directory_ / "image";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  std::filesystem::path directory_;
};

TEST_F(ReadTest, Files) {
  const auto raw = read(write("bytes"), {.load_address = 7});
  ASSERT_TRUE(raw);
  EXPECT_EQ(as_text(raw->regions.at(0).bytes), "bytes");
  const auto hex = read(write(":0100000041BE\n:00000001FF\n"), {});
  ASSERT_TRUE(hex);
  EXPECT_EQ(as_text(hex->regions.at(0).bytes), "A");
  EXPECT_EQ(read(write(""), {.load_address = 7}).error().code, ErrorCode::IMAGE_EMPTY);
}

TEST_F(ReadTest, WhatIsNotAFile) {
  EXPECT_EQ(read(directory_, {}).error().code, ErrorCode::STORAGE_ERROR);
  EXPECT_EQ(read(directory_ / "absent", {}).error().code, ErrorCode::STORAGE_ERROR);
  const auto fifo = directory_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(read(fifo, {}).error().code, ErrorCode::STORAGE_ERROR);
}

TEST_F(ReadTest, HugeFilesAreRefusedUnread) {
  const auto path = write("\177ELF");
  std::filesystem::resize_file(path, 8ull << 30);  // sparse
  EXPECT_EQ(read(path, {}).error().code, ErrorCode::IMAGE_TOO_LARGE);
}

}  // namespace
}  // namespace virserver::image
