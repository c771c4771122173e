#include "session/debug/rtt.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace virserver::session {
namespace {

constexpr std::uint64_t base = 0x20000000, block_at = base + 0x100, up_buffer = base + 0x400, down_buffer = base + 0x500, name_at = base + 0x600;

// 4 KiB of RAM with a control block: one up-channel of 16 bytes, one without a buffer, one down-channel of 8 bytes.
struct Target : RttMemory {
  RttLayout layout;
  Bytes ram = Bytes(4096);
  unsigned reads = 0;

  explicit Target(RttLayout given = {}) : layout(given) {
    put_text(block_at, "SEGGER RTT");
    put(block_at + 16, 2, 4);
    put(block_at + 20, 1, 4);
    describe(0, name_at, up_buffer, 16);
    describe(2, name_at + 16, down_buffer, 8);
    put_text(name_at, "Terminal");
    put_text(name_at + 16, "Input");
  }

  std::size_t pointer() const { return layout.pointers_64 ? 8 : 4; }
  std::uint64_t descriptor(unsigned index) const { return block_at + 24 + index * (2 * pointer() + 16); }
  std::uint64_t write_offset(unsigned index) const { return descriptor(index) + 2 * pointer() + 4; }
  std::uint64_t read_offset(unsigned index) const { return write_offset(index) + 4; }

  void describe(unsigned index, std::uint64_t name, std::uint64_t buffer, std::uint32_t size) {
    put(descriptor(index), name, pointer());
    put(descriptor(index) + pointer(), buffer, pointer());
    put(descriptor(index) + 2 * pointer(), size, 4);
  }
  void put_text(std::uint64_t address, std::string_view text) { std::memcpy(&ram.at(address - base), text.data(), text.size()); }
  void put(std::uint64_t address, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) ram.at(address - base + (layout.big_endian ? size - 1 - i : i)) = static_cast<std::byte>(value >> 8 * i);
  }
  std::uint32_t get(std::uint64_t address) const {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(ram.at(address - base + (layout.big_endian ? 3 - i : i))) << 8 * i;
    return value;
  }
  void print(std::string_view text) {  // as the target's RTT does it
    std::uint32_t at = get(write_offset(0));
    for (const char c : text) {
      ram.at(up_buffer - base + at) = static_cast<std::byte>(c);
      at = (at + 1) % 16;
    }
    put(write_offset(0), at, 4);
  }

  Task<Result<Bytes>> read(std::uint64_t address, std::size_t size) override {
    ++reads;
    if (address < base || address + size > base + ram.size()) co_return fail(ErrorCode::INVALID_REQUEST, "no memory there");
    co_return Bytes(ram.begin() + static_cast<std::ptrdiff_t>(address - base), ram.begin() + static_cast<std::ptrdiff_t>(address - base + size));
  }
  Task<Result<void>> write(std::uint64_t address, Bytes bytes) override {
    if (address < base || address + bytes.size() > base + ram.size()) co_return fail(ErrorCode::INVALID_REQUEST, "no memory there");
    std::ranges::copy(bytes, ram.begin() + static_cast<std::ptrdiff_t>(address - base));
    co_return Result<void>{};
  }
};

template <class T>
T run(Task<T> task) {
  asio::io_context context(1);
  auto future = asio::co_spawn(context, std::move(task), asio::use_future);
  context.run();
  return future.get();
}

std::optional<Rtt> open(Target& target) {
  auto opened = run(Rtt::open(target, block_at, target.layout));
  return opened ? std::move(*opened) : std::nullopt;
}

class RttTest : public ::testing::TestWithParam<RttLayout> {};

TEST_P(RttTest, ReadsWhatTheProgramPrints) {
  Target target(GetParam());
  EXPECT_EQ(Rtt::find(target.ram), std::vector<std::size_t>{block_at - base});
  auto rtt = open(target);
  ASSERT_TRUE(rtt);
  ASSERT_EQ(rtt->up().size(), 2u);
  EXPECT_EQ(rtt->up()[0].name, "Terminal");
  EXPECT_EQ(rtt->up()[1].size, 0u);
  ASSERT_EQ(rtt->down().size(), 1u);
  EXPECT_EQ(rtt->down()[0].name, "Input");

  std::string all;
  const std::string binary("\xff\x00\x80", 3);
  for (const std::string& text : {std::string("hello"), std::string(" world, and round"), binary}) {
    for (std::size_t at = 0; at < text.size(); at += 15) {
      target.print(text.substr(at, 15));
      const auto got = run(rtt->poll(target));
      ASSERT_TRUE(got && *got);
      ASSERT_EQ((**got).size(), 1u);
      EXPECT_EQ((**got)[0].channel, 0u);
      all += as_text((**got)[0].bytes);
    }
  }
  EXPECT_EQ(all, "hello world, and round" + binary);
  EXPECT_EQ(target.get(target.read_offset(0)), target.get(target.write_offset(0)));
  target.reads = 0;
  const auto nothing = run(rtt->poll(target));
  ASSERT_TRUE(nothing && *nothing);
  EXPECT_TRUE((**nothing).empty());
  EXPECT_EQ(target.reads, 1u);
}

TEST_P(RttTest, InputGoesAsFarAsThereIsRoom) {
  Target target(GetParam());
  auto rtt = open(target);
  ASSERT_TRUE(rtt);
  const auto put = [&](std::string_view text) { return run(rtt->put(target, 0, as_bytes(text))); };
  EXPECT_EQ(put("abcde").value(), 5u);
  EXPECT_EQ(put("fghij").value(), 2u);  // of 8 bytes one stays free
  EXPECT_EQ(put("h").value(), 0u);
  EXPECT_EQ(as_text(std::span(target.ram).subspan(down_buffer - base, 7)), "abcdefg");
  target.put(target.read_offset(2), 5, 4);  // the program has taken five
  EXPECT_EQ(put("HIJKLM").value(), 5u);
  EXPECT_EQ(as_text(std::span(target.ram).subspan(down_buffer - base, 8)), "IJKLefgH" + std::string());
  EXPECT_EQ(run(rtt->put(target, 1, as_bytes("x"))).error().code, ErrorCode::CONSOLE_NOT_FOUND);
}

TEST_P(RttTest, AResetIsNoticed) {
  Target target(GetParam());
  auto rtt = open(target);
  ASSERT_TRUE(rtt);
  std::fill(target.ram.begin(), target.ram.end(), std::byte{});
  EXPECT_FALSE(run(rtt->poll(target)).value());
  EXPECT_FALSE(run(rtt->put(target, 0, as_bytes("x"))).value());
  EXPECT_FALSE(open(target));
}

INSTANTIATE_TEST_SUITE_P(Layouts, RttTest, ::testing::Values(RttLayout{}, RttLayout{.pointers_64 = true}, RttLayout{.big_endian = true},
                                                             RttLayout{.pointers_64 = true, .big_endian = true}));

TEST(Rtt, NonsenseIsNoControlBlock) {
  const auto refused = [](auto damage) {
    Target target;
    damage(target);
    return !open(target);
  };
  EXPECT_TRUE(refused([](Target& t) { t.put(block_at + 16, 0xffffffff, 4); }));
  EXPECT_TRUE(refused([](Target& t) { t.put(block_at + 16, 0, 4), t.put(block_at + 20, 0, 4); }));
  EXPECT_TRUE(refused([](Target& t) { t.put(t.descriptor(0) + 8, 0x80000000, 4); }));  // size
  EXPECT_TRUE(refused([](Target& t) { t.put(t.write_offset(0), 16, 4); }));            // at the end of its buffer
  EXPECT_TRUE(refused([](Target& t) { t.put(t.read_offset(2), 0xffffffff, 4); }));
  EXPECT_FALSE(refused([](Target& t) { t.put(t.descriptor(0), 0xfffffff0, 4); }));     // a name nobody can read
  Target target;
  EXPECT_FALSE(run(Rtt::open(target, base + 4090, {})));  // the memory ends
}

TEST(Rtt, AChangedBufferIsOpenedAnew) {
  Target target;
  auto rtt = open(target);
  ASSERT_TRUE(rtt);
  target.describe(0, name_at, up_buffer + 32, 16);
  EXPECT_FALSE(run(rtt->poll(target)).value());
  rtt = open(target);
  ASSERT_TRUE(rtt);
  EXPECT_TRUE(run(rtt->poll(target)).value());
}

}  // namespace
}  // namespace virserver::session
