#include <gtest/gtest.h>

#include "cli/matcher.hpp"

namespace virserver::cli {
namespace {

Matcher make(std::initializer_list<const char*> sources) {
  std::vector<Pattern> patterns;
  for (const char* source : sources) patterns.push_back(Pattern::parse(source).value());
  return Matcher(std::move(patterns));
}

TEST(Matcher, FindsTextHoweverItIsCut) {
  const std::string output = "boot\r\nALL TESTS PASSED\r\n";
  for (std::size_t size = 1; size < output.size(); ++size) {
    Matcher matcher = make({"TESTS PASSED"});
    bool found = false;
    for (std::size_t at = 0; at < output.size() && !found; at += size)
      found = matcher.feed("uart0", output.substr(at, size)).has_value();
    EXPECT_TRUE(found) << "pieces of " << size;
  }
}

TEST(Matcher, FindsExpressionsHoweverTheyAreCut) {
  const std::string output = "x\nresult: 42 ok\r\n";
  for (std::size_t size = 1; size < output.size(); ++size) {
    Matcher matcher = make({"/^RESULT: \\d+ ok$/i"});
    bool found = false;
    for (std::size_t at = 0; at < output.size() && !found; at += size)
      found = matcher.feed("uart0", output.substr(at, size)).has_value();
    EXPECT_TRUE(found) << "pieces of " << size;
  }
}

TEST(Matcher, KeepsConsolesApart) {
  Matcher matcher = make({"PASS"});
  EXPECT_FALSE(matcher.feed("uart0", "PA"));
  EXPECT_FALSE(matcher.feed("uart1", "SS"));
  EXPECT_TRUE(matcher.feed("uart0", "SS"));
}

TEST(Matcher, TheFirstInTheOutputWins) {
  Matcher matcher = make({"FAIL", "/PASS/"});
  EXPECT_EQ(matcher.feed("u", "PASS then FAIL\n"), 1u);
  Matcher other = make({"FAIL", "/PASS/"});
  EXPECT_EQ(other.feed("u", "FAIL then PASS\n"), 0u);
  Matcher lines = make({"/FAIL/", "PASS"});
  EXPECT_EQ(lines.feed("u", "one\ntwo PASS\nFAIL\n"), 1u);
}

TEST(Matcher, AnEndIsNotSeenInAnUnfinishedLine) {
  Matcher matcher = make({"/PASS: 1$/"});
  EXPECT_FALSE(matcher.feed("u", "PASS: 1"));
  EXPECT_TRUE(matcher.unsettled());
  EXPECT_FALSE(matcher.feed("u", "0\n"));
  EXPECT_FALSE(matcher.unsettled());
  EXPECT_FALSE(matcher.feed("u", "PASS: 1"));
  EXPECT_TRUE(matcher.settle());
}

TEST(Matcher, PromptsNeedNoEndOfLine) {
  Matcher matcher = make({"/^=> /"});
  EXPECT_TRUE(matcher.feed("u", "Hit any key\r\n=> "));
}

TEST(Matcher, EndlessLinesAreBoundedAndStillSearched) {
  Matcher matcher = make({"/needle[0-9]/"});
  for (int i = 0; i < 100; ++i) ASSERT_FALSE(matcher.feed("u", std::string(10'000, 'x')));
  EXPECT_FALSE(matcher.feed("u", "need"));
  EXPECT_TRUE(matcher.feed("u", "le7"));
  Matcher big = make({"/needle/"});
  EXPECT_TRUE(big.feed("u", std::string(1'000'003, 'x') + "needle" + std::string(100'000, 'x')));
}

TEST(Matcher, HostileExpressionsAreQuick) {
  Matcher matcher = make({"/(a*)*(a*)*b/"});
  EXPECT_FALSE(matcher.feed("u", std::string(200'000, 'a')));
}

TEST(Matcher, BytesThatAreNoTextDoNoHarm) {
  Matcher matcher = make({"/ok/"});
  EXPECT_FALSE(matcher.feed("u", std::string("\xff\xfe\0\x80", 4)));
  EXPECT_TRUE(matcher.feed("u", "ok"));
}

TEST(Pattern, RefusesWhatCannotBeMeant) {
  for (const char* bad : {"", "//", "/a/q", "/(/", "/[/"}) {
    const auto pattern = Pattern::parse(bad);
    ASSERT_FALSE(pattern) << bad;
    EXPECT_EQ(pattern.error().status, exit_usage);
  }
  EXPECT_TRUE(Pattern::parse("/")) << "a lone slash is text";
  EXPECT_TRUE(make({"/usr/local is text"}).feed("u", "/usr/local is text"));
}

}  // namespace
}  // namespace virserver::cli
