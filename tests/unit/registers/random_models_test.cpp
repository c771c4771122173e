// Random models are refused with a reason, or settle: whatever is done to a bank, it answers, the same again, and loads what it saved.
#include <random>

#include <boost/json/serialize.hpp>

#include "registers/bank.hpp"
#include "registers/check.hpp"

#include <gtest/gtest.h>

namespace virserver::registers {
namespace {

class Random {
 public:
  explicit Random(unsigned seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random_); }
  bool coin() { return below(2); }
  std::uint32_t word() { return static_cast<std::uint32_t>(random_()); }

  Bits bits(std::size_t registers) {
    Bits bits{below(registers), static_cast<unsigned>(below(32)), 1};
    if (coin()) bits.count = 1 + static_cast<unsigned>(below(32 - bits.low));
    return bits;
  }
  Trigger trigger(std::size_t registers) {
    using enum Trigger::Kind;
    static constexpr Trigger::Kind kinds[] = {ones, zeros, value, Trigger::Kind::write, Trigger::Kind::read};
    return {kinds[below(5)], bits(registers), word() & static_cast<std::uint32_t>(below(4))};
  }
  Rule rule(std::size_t registers) {
    switch (below(6)) {
      case 0: return Constant{static_cast<std::uint32_t>(below(4))};
      case 1: return Latch{{trigger(registers)}, {trigger(registers)}};
      case 2: return Counter{1 + below(1'000'000), coin()};
      case 3: return Stream{{static_cast<std::uint32_t>(below(2)), 0, 1}, coin()};
      default: return Follow{bits(registers), static_cast<unsigned>(below(3))};
    }
  }
  Block block() {
    Block block;
    block.name = "X";
    block.base = 0x40000000;
    block.size = 32;
    const std::size_t count = 1 + below(4);
    for (std::size_t r = 0; r < count; ++r) {
      Register reg;
      reg.name = "R" + std::to_string(r);
      reg.offset = below(8) * 4;
      reg.reset = word();
      for (std::size_t f = 0, n = below(4); f < n; ++f) {
        const Bits place = bits(1);
        reg.fields.push_back({"F" + std::to_string(f), place.low, place.count, rule(count)});
      }
      std::uint32_t driven = 0;
      for (const Field& field : reg.fields) driven |= field.mask();
      reg.writable = word() & ~(below(8) ? driven : 0);
      reg.readable = coin() ? word() : UINT32_MAX;
      reg.observe = below(8) == 0;
      block.registers.push_back(std::move(reg));
    }
    if (coin()) block.interrupts.push_back({static_cast<unsigned>(below(8)), {{bits(count), 1}}});
    return block;
  }

 private:
  std::mt19937 random_;
};

TEST(RandomModels, SettleOrAreRefused) {
  unsigned played = 0;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    Random random(seed);
    const Block block = random.block();
    if (!check(block).empty()) continue;
    ++played;
    Bank bank({block}, true), twin({block}, true);
    std::uint64_t now = 0;
    for (int step = 0; step < 60; ++step) {
      now += random.below(1'000'000);
      const std::uint64_t address = random.below(8) ? 0x40000000 + random.below(36) : 0x42000000 + random.below(36 * 32);
      const unsigned width = 1u << random.below(4);
      const std::uint64_t value = random.word();
      if (random.coin()) {
        EXPECT_EQ(bank.write(address, width, value, now).changes, twin.write(address, width, value, now).changes) << seed;
      } else {
        const Answer a = bank.read(address, width, now), b = twin.read(address, width, now);
        EXPECT_EQ(a.value, b.value) << seed;
        if (width < 8) EXPECT_EQ(a.value >> (width * 8), 0u) << seed;
      }
      if (random.below(10) == 0) {  // the twin goes on from what was saved
        twin = Bank({block}, true);
        ASSERT_TRUE(twin.load(bank.save())) << seed;
      }
    }
    EXPECT_EQ(boost::json::serialize(bank.save()), boost::json::serialize(twin.save())) << seed;
  }
  EXPECT_GT(played, 400u) << "most random models were refused";
}

}  // namespace
}  // namespace virserver::registers
