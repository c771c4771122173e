// Images that are damaged, hostile or of a kind that cannot be loaded.
#include <gtest/gtest.h>

#include <random>

#include "elf_builder.hpp"
#include "image/image.hpp"

namespace virserver::image {
namespace {

using testing::build;
using testing::ElfSpec;

ErrorCode code_of(const std::string& content, Options options = {}) {
  const auto image = parse(as_bytes(content), options);
  return image ? ErrorCode::INTERNAL : image.error().code;
}
ErrorCode code_of(const ElfSpec& spec, Options options = {}) { return code_of(build(spec), options); }

const ElfSpec good{.segments = {{.address = 0x1000, .bytes = "some code"}, {.address = 0x2000, .bytes = "data"}},
                   .sections = {{".text", SHT_PROGBITS, "text"}},
                   .symbols = {{"main", 0x1000}}};

TEST(BrokenElf, TruncatedAnywhere) {
  for (const bool is_64 : {false, true}) {
    ElfSpec spec = good;
    spec.is_64 = is_64;
    const std::string whole = build(spec);
    ASSERT_TRUE(parse(as_bytes(whole), {}));
    for (std::size_t n = 4; n < whole.size(); ++n) EXPECT_EQ(code_of(whole.substr(0, n)), ErrorCode::IMAGE_TRUNCATED) << n;
    for (std::size_t n = 1; n < 4; ++n) EXPECT_EQ(code_of(whole.substr(0, n)), ErrorCode::IMAGE_ADDRESS_REQUIRED) << n;
    EXPECT_EQ(code_of(std::string{}), ErrorCode::IMAGE_EMPTY);
  }
}

TEST(BrokenElf, EveryByteOfTheHeadersChanged) {
  for (const bool is_64 : {false, true}) {
    ElfSpec spec = good;
    spec.is_64 = is_64;
    const std::string whole = build(spec);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (const int value : {0x00, 0x7f, 0x80, 0xff}) {
        std::string changed = whole;
        changed[i] = static_cast<char>(value);
        const auto image = parse(as_bytes(changed), {.format = Format::elf});
        if (!image) continue;
        for (const Region& region : image->regions) EXPECT_LE(region.bytes.size(), whole.size());
      }
    }
  }
}

TEST(BrokenElf, ASegmentWithoutBytesMayStandAnywhere) {
  ElfSpec spec = good;
  spec.segments[1].file_offset = 0x100000;
  spec.segments[1].file_size = 0;
  spec.segments[1].memory_size = 0x100;
  EXPECT_EQ(code_of(spec), ErrorCode::INTERNAL) << "is none";
}

TEST(BrokenElf, SegmentsThatLie) {
  ElfSpec spec = good;
  spec.segments[0].file_size = 0x7fffffff;
  spec.segments[0].memory_size = 0x7fffffff;
  EXPECT_EQ(code_of(spec), ErrorCode::IMAGE_TRUNCATED);
  spec = good;
  spec.segments[0].file_offset = 0xfffffff0;
  EXPECT_EQ(code_of(spec), ErrorCode::IMAGE_TRUNCATED);
  spec = good;
  spec.segments[0].memory_size = 2;
  EXPECT_EQ(code_of(spec), ErrorCode::IMAGE_MALFORMED);
  spec = good;
  spec.segments[0].address = 0xfffffffc;
  EXPECT_EQ(code_of(spec), ErrorCode::IMAGE_MALFORMED);
  spec.is_64 = true;
  EXPECT_EQ(code_of(spec), ErrorCode::INTERNAL) << "fits in 64 bits";
  spec.segments[0].address = ~0ull - 7;
  EXPECT_EQ(code_of(spec), ErrorCode::IMAGE_MALFORMED);
  spec.segments[0].address = ~0ull - 8;  // the last byte is the last of memory
  EXPECT_EQ(code_of(spec), ErrorCode::INTERNAL);
  spec = good;
  spec.is_64 = true;
  spec.segments[0].file_size = spec.segments[0].memory_size = ~0ull - 0x2000;
  EXPECT_EQ(code_of(spec), ErrorCode::IMAGE_TRUNCATED);
  // A huge zero-filled tail is for the board check to refuse; here it must only not overflow.
  spec = good;
  spec.is_64 = true;
  spec.segments[0].memory_size = spec.segments[1].memory_size = 0xf000'0000'0000'0000;
  const auto image = parse(as_bytes(build(spec)), {});
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image->metadata.memory_size, ~0ull);
}

TEST(BrokenElf, TooLarge) {
  EXPECT_EQ(code_of(good, {.max_bytes = 13}), ErrorCode::INTERNAL);
  EXPECT_EQ(code_of(good, {.max_bytes = 12}), ErrorCode::IMAGE_TOO_LARGE);
  // The same bytes of the file again and again: small file, large image.
  ElfSpec spec = good;
  for (int i = 0; i < 1000; ++i)
    spec.segments.push_back({.address = 0x10000u + 0x1000u * static_cast<unsigned>(i), .memory_size = 500, .file_size = 500, .file_offset = 0});
  EXPECT_EQ(code_of(spec, {.max_bytes = 100'000}), ErrorCode::IMAGE_TOO_LARGE);
}

TEST(BrokenElf, KindsThatCannotBeLoaded) {
  for (const int type : {ET_NONE, ET_REL, ET_DYN, ET_CORE, 0xff00}) {
    ElfSpec spec = good;
    spec.type = static_cast<std::uint16_t>(type);
    EXPECT_EQ(code_of(spec), ErrorCode::IMAGE_UNSUPPORTED) << type;
  }
  ElfSpec spec = good;
  spec.segments.clear();
  EXPECT_EQ(code_of(spec), ErrorCode::IMAGE_UNSUPPORTED);
  spec.segments = {{.address = 0, .memory_size = 0x100}};
  EXPECT_EQ(code_of(spec), ErrorCode::IMAGE_UNSUPPORTED) << "nothing but zeros";
  spec.segments = {{.bytes = "x", .type = PT_NOTE}};
  EXPECT_EQ(code_of(spec), ErrorCode::IMAGE_UNSUPPORTED);
}

TEST(BrokenElf, NotElfAtAll) {
  EXPECT_EQ(code_of(std::string("hello"), {.format = Format::elf}), ErrorCode::IMAGE_MALFORMED);
  EXPECT_EQ(code_of(std::string("\177ELF\3\1\1", 7) + std::string(60, '\0')), ErrorCode::IMAGE_MALFORMED);
  EXPECT_EQ(code_of(build(good), {.load_address = 0}), ErrorCode::INVALID_REQUEST);
}

TEST(BrokenElf, RandomBytesBehindTheMagic) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string content = std::string("\177ELF", 4) + static_cast<char>(1 + random() % 2) + static_cast<char>(1 + random() % 2) + '\1';
    while (content.size() < 200) content += static_cast<char>(random());
    EXPECT_NE(code_of(content), ErrorCode::STORAGE_ERROR);
  }
}

}  // namespace
}  // namespace virserver::image
