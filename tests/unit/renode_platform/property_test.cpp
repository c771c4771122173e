// Whatever the board, the platform is well-formed or refused with a place and a reason.
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

#include "backend/renode/platform.hpp"
#include "support/random_board.hpp"

namespace virserver::backend::renode {
namespace {

TEST(RenodePlatformProperty, AnyBoardIsPlannedOrRefusedWithAPlaceAndAReason) {
  // The language of a generated platform, line by line; there is no other line.
  const std::regex entry(R"(([a-z][a-z0-9_]*): ([A-Za-z0-9_]+\.[A-Za-z0-9_]+) @ (sysbus (0x[0-9a-fA-F]+|<0x[0-9a-f]+, \+0x[0-9a-f]+>)|sysbus|cpu[0-9]*|\{))");
  const std::regex detail(R"(    ([A-Za-z0-9]+: ([A-Za-z0-9_.]+|"[a-z0-9_+-]+")|(([A-Za-z0-9]+|\[[A-Za-z0-9, -]+\]) )?-> [a-z0-9_#@|\[\], -]+|\})|sysbus:|        sysbus new [A-Za-z.]+ \{ [A-Za-z0-9:;," ]+ \};?)");
  unsigned usable = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    const auto board = test::RandomBoard(seed).make();
    const auto platform = generate_platform(board);
    usable += platform.usable();
    for (const auto& finding : platform.findings) {
      ASSERT_TRUE(finding.pointer.starts_with("/nodes/")) << seed;
      ASSERT_FALSE(finding.message.empty()) << seed;
    }
    if (!platform.usable()) continue;
    std::istringstream lines(platform.text);
    std::set<std::string> names;
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      std::smatch match;
      if (std::regex_match(line, match, entry)) ASSERT_TRUE(names.insert(match[1]).second) << seed << ": " << line;
      else ASSERT_TRUE(std::regex_match(line, detail)) << seed << ": " << line;
    }
    ASSERT_EQ(count, platform.pointers.size()) << seed;
    for (const auto& console : platform.consoles) ASSERT_TRUE(names.contains(console.path.substr(7))) << seed;
    for (std::size_t i = 1; i < platform.devices.size(); ++i)
      ASSERT_LE(platform.devices[i - 1].address + platform.devices[i - 1].size, platform.devices[i].address) << seed;
  }
  EXPECT_GT(usable, 500u);  // or the test says nothing
}

}  // namespace
}  // namespace virserver::backend::renode
