#include "gdb/downloads.hpp"

#include <gtest/gtest.h>

#include <random>

namespace virserver::gdb {
namespace {

Bytes filled(std::size_t size, int value) { return Bytes(size, static_cast<std::byte>(value)); }

TEST(Downloads, OnlyWhatLiesInAnImageIsKept) {
  Downloads downloads;
  downloads.start({{0x100, 0x20}, {0x200, 0x10}});
  downloads.written(0x80, filled(0x10, 1));
  downloads.written(0x120, filled(0xe0, 1));
  EXPECT_TRUE(downloads.empty());
  downloads.written(0xf0, filled(0x200, 2));
  ASSERT_EQ(downloads.all().size(), 2u);
  EXPECT_EQ(downloads.all().at(0x100), filled(0x20, 2));
  EXPECT_EQ(downloads.all().at(0x200), filled(0x10, 2));
  downloads.start({{0x100, 0x20}});
  EXPECT_TRUE(downloads.empty());
}

TEST(Downloads, TheEndOfTheAddressSpace) {
  Downloads downloads;
  downloads.start({{~std::uint64_t{0} - 15, 16}});
  downloads.written(~std::uint64_t{0} - 31, filled(32, 3));
  ASSERT_EQ(downloads.all().size(), 1u);
  EXPECT_EQ(downloads.all().begin()->second.size(), 16u);
}

TEST(Downloads, PiecesAreTheMemoryThatWasWritten) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    constexpr std::uint64_t base = 0x20000000;
    std::vector<int> memory(300, -1);
    Downloads downloads;
    downloads.start({{base + 20, 200}, {base + 240, 40}});
    for (int write = 0; write < 20; ++write) {
      const auto at = random() % 260, size = 1 + random() % 40;
      const int value = static_cast<int>(random() % 256);
      downloads.written(base + at, filled(size, value));
      for (auto i = at; i < at + size && i < memory.size(); ++i)
        if ((i >= 20 && i < 220) || (i >= 240 && i < 280)) memory[i] = value;
    }
    std::vector<int> kept(memory.size(), -1);
    std::uint64_t end = 0;
    for (const auto& [address, bytes] : downloads.all()) {
      EXPECT_FALSE(bytes.empty());
      EXPECT_GT(address, end) << "a piece overlaps or touches the one before";
      end = address + bytes.size();
      for (std::size_t i = 0; i < bytes.size(); ++i) kept.at(address - base + i) = static_cast<int>(bytes[i]);
    }
    EXPECT_EQ(kept, memory);
  }
}

}  // namespace
}  // namespace virserver::gdb
