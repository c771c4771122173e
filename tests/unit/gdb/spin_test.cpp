#include "gdb/spin.hpp"

#include <gtest/gtest.h>

namespace virserver::gdb {
namespace {

using namespace std::chrono_literals;

// How many of `chances` are taken when nothing ever comes.
int taken_in_vain(Spin& spin, int chances) {
  int taken = 0;
  for (int i = 0; i < chances; ++i) {
    bool asked = false;
    spin.until([&] {
      asked = true;
      return false;
    });
    taken += asked ? 1 : 0;
  }
  return taken;
}

TEST(Spin, EndsAsSoonAsItIsDone) {
  Spin spin(10s, 2);
  int asked = 0;
  spin.until([&] { return ++asked == 3; });
  EXPECT_EQ(asked, 3);
}

TEST(Spin, PassesChancesOverWhenNothingCame) {
  Spin spin(1us, 2);
  EXPECT_EQ(taken_in_vain(spin, 1 + 2 + 4 + 8 + 16 + 16), 6);  // one in 2, 4, 8, then one in 16
}

TEST(Spin, TakesEveryChanceAgainAfterOneThatCame) {
  Spin spin(1us, 2);
  EXPECT_EQ(taken_in_vain(spin, 4), 2);
  int asked = 0;
  for (int i = 0; i < 3 + 2; ++i) spin.until([&] { return ++asked > 0; });
  EXPECT_EQ(asked, 3);  // two chances were still to be passed over
}

TEST(Spin, WithoutALimitOrASecondProcessorNothingIsWaitedFor) {
  Spin unlimited(0us, 2), alone(10s, 1);
  EXPECT_EQ(taken_in_vain(unlimited, 10), 0);
  EXPECT_EQ(taken_in_vain(alone, 10), 0);
}

}  // namespace
}  // namespace virserver::gdb
