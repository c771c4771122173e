#include "backend/renode/command.hpp"

#include <gtest/gtest.h>

namespace virserver::backend::renode {
namespace {

TEST(Command, IsPutTogetherFromCheckedParts) {
  const auto uart = Name::parse("sysbus.usart2");
  const auto file = File::parse("tmp/region0.bin");
  ASSERT_TRUE(uart && file);
  EXPECT_EQ(Command("sysbus LoadBinary").file(*file).address(0x8000000).line(), "sysbus LoadBinary @tmp/region0.bin 0x08000000");
  EXPECT_EQ(Command("connector Connect").name(*uart).word("console0").line(), "connector Connect sysbus.usart2 console0");
  EXPECT_EQ(Command("machine StartGdbServer").number(3333).line(), "machine StartGdbServer 3333");
  EXPECT_EQ(Command("emulation RunFor").seconds(10'000'001).line(), "emulation RunFor \"0.010000001\"");
  EXPECT_EQ(Command("emulation RunFor").seconds(3'000'000'000).line(), "emulation RunFor \"3.000000000\"");
}

// What would end the command, begin another, name a variable or a file elsewhere.
class CommandInjectionTest : public ::testing::TestWithParam<const char*> {};
TEST_P(CommandInjectionTest, IsNoNameAndNoFile) {
  const auto name = Name::parse(GetParam());
  const auto file = File::parse(GetParam());
  EXPECT_FALSE(name) << name->text();
  EXPECT_FALSE(file) << file->text();
  if (!name) {
    EXPECT_EQ(name.error().code, ErrorCode::INVALID_REQUEST);
  }
}
INSTANTIATE_TEST_SUITE_P(All, CommandInjectionTest,
                         ::testing::Values("", " ", "a b", "a;b", "a; quit", "a\nquit", "a\rquit", "a\tb", "$name", "${name}", "`a`", "\"a\"", "'a'", "a\"", "a'",
                                           "a\\nb", "@a", "a@b", "a|b", "a&b", "(a)", "[a]", "{a}", "a#b", "a,b", "a=b", "a:b", "a?b", "a*b", "a~b", "~",
                                           "a<b", "a>b", "a!b", "a%b", "a^b", "\xc3\xa4", "a\x01", "a\x7f", "/", "//", "a//b", "../a", "a/../b", "a/..", "..", ".", "a/./b",
                                           "a/", "/etc/passwd", "-rf", "a/-b", "http://x"));

TEST(Command, NamesAndFilesDiffer) {
  EXPECT_FALSE(Name::parse("a/b"));
  EXPECT_FALSE(Name::parse("a-b"));
  EXPECT_FALSE(Name::parse("a..b"));
  EXPECT_FALSE(Name::parse("2uart"));
  EXPECT_FALSE(Name::parse(".a"));
  EXPECT_FALSE(Name::parse("a."));
  EXPECT_TRUE(Name::parse("sysbus.gpioPortA.led_0"));
  EXPECT_TRUE(File::parse("platforms/boards/stm32f4_discovery.repl"));
  EXPECT_TRUE(File::parse("a+b-c.1"));
  EXPECT_FALSE(Name::parse(std::string(300, 'a')));
  EXPECT_FALSE(File::parse(std::string(300, 'a')));
  // Embedded zeros end nothing.
  EXPECT_FALSE(Name::parse(std::string_view("a\0b", 3)));
  EXPECT_FALSE(File::parse(std::string_view("a\0b", 3)));
}

TEST(Command, EveryOtherCharacterIsRefused) {
  for (int c = 0; c < 256; ++c) {
    const std::string text = std::string("a") + static_cast<char>(c) + "a";
    const bool letter = c < 128 && (std::isalnum(c) || c == '_');
    EXPECT_EQ(Name::parse(text).has_value(), letter || c == '.') << c;
    EXPECT_EQ(File::parse(text).has_value(), letter || (c > 0 && std::string_view("-+./").contains(static_cast<char>(c)))) << c;
  }
}

TEST(Command, AUsersLineIsOneLine) {
  EXPECT_TRUE(user_line("peripherals"));
  EXPECT_TRUE(user_line("echo \"a; b\""));
  EXPECT_FALSE(user_line("a\nb"));
  EXPECT_FALSE(user_line("a\rb"));
  EXPECT_FALSE(user_line(std::string_view("a\0b", 3)));
  EXPECT_FALSE(user_line("\xff"));
  EXPECT_FALSE(user_line(std::string(5000, 'a')));
}

}  // namespace
}  // namespace virserver::backend::renode
