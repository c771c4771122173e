#include <gtest/gtest.h>

#include "cli/run.hpp"
#include "cli/server_url.hpp"
#include "cli/text.hpp"

#include <boost/json/parse.hpp>

namespace virserver::cli {
namespace {
using namespace std::chrono_literals;

TEST(Duration, ReadsUnitsAndPlainSeconds) {
  EXPECT_EQ(parse_duration("10ms").value(), 10ms);
  EXPECT_EQ(parse_duration("30").value(), 30s);
  EXPECT_EQ(parse_duration("1.5s").value(), 1500ms);
  EXPECT_EQ(parse_duration("2m").value(), 120s);
  EXPECT_EQ(parse_duration("1h").value(), 3600s);
  EXPECT_EQ(parse_duration("0").value(), 0s);
}

TEST(Duration, RefusesEverythingElseAsUsage) {
  for (const char* bad : {"", "s", "-1s", "-0", "1 s", "10x", "1e3", "nan", "inf", "1s1", "999999999h", "0x10"}) {
    const auto parsed = parse_duration(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().status, exit_usage) << bad;
  }
}

TEST(Escapes, AreTurnedIntoBytes) {
  EXPECT_EQ(unescape("print(6*7)\\r\\n").value(), "print(6*7)\r\n");
  EXPECT_EQ(unescape("\\x03\\xfF\\\\").value(), std::string("\x03\xff\\"));
  EXPECT_EQ(unescape("\\0").value(), std::string(1, '\0'));
}

TEST(Escapes, RefusesUnknownAndCutOnes) {
  for (const char* bad : {"\\", "a\\q", "\\x", "\\x4", "\\xgg"}) EXPECT_FALSE(unescape(bad)) << bad;
}

TEST(Printable, TakesControlOfTheTerminalAway) {
  EXPECT_EQ(printable("a\x1b[31mb\n"), "a?[31mb?");
  EXPECT_EQ(printable("\xC2\x9B" "2J"), "?2J");
  EXPECT_EQ(printable("gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(printable_lines("a\nb\r"), "a\nb?");
}

TEST(Table, AlignsByCharactersNotBytes) {
  EXPECT_EQ(table({{"ID", "N"}, {"\xC3\xBC\xC3\xBC", "x"}, {"abcd", ""}}), "ID    N\n\xC3\xBC\xC3\xBC    x\nabcd\n");
}

TEST(ServerUrl, ReadsHostPortAndPrefix) {
  const auto server = parse_server("http://[::1]:9000/vs/");
  ASSERT_TRUE(server);
  EXPECT_EQ(server->host, "::1");
  EXPECT_EQ(server->port, "9000");
  EXPECT_EQ(server->authority, "[::1]:9000");
  EXPECT_EQ(server->base, "/vs");
  EXPECT_EQ(parse_server("localhost:8080")->port, "8080");
  EXPECT_EQ(parse_server("http://example.org")->port, "80");
}

TEST(ServerUrl, RefusesHttpsWithTheReason) {
  const auto server = parse_server("https://example.org");
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find("https is not supported"), std::string::npos);
  for (const char* bad : {"", "ftp://x", "http://", "http://u@h", "http://h/?q"}) EXPECT_FALSE(parse_server(bad)) << bad;
}

TEST(ExtraImage, SplitsRoleFileAndAddress) {
  const auto image = parse_extra_image("bootloader:dir/b@t.bin@0x1000");
  ASSERT_TRUE(image);
  EXPECT_EQ(image->role, "bootloader");
  EXPECT_EQ(image->file, "dir/b@t.bin");
  EXPECT_EQ(image->load_address, "0x1000");
  EXPECT_EQ(parse_extra_image("a:me@home")->file, "me@home");
  for (const char* bad : {"", "file", ":file", "role:"}) EXPECT_FALSE(parse_extra_image(bad)) << bad;
}

int end(const char* last_exit, bool until, bool code) {
  return status_of_end(boost::json::parse(std::string("{\"last_exit\":") + last_exit + "}"), until, code);
}

TEST(StatusOfEnd, FollowsTheGuest) {
  EXPECT_EQ(end(R"({"cause":"guest_exit","exit_code":0})", false, false), 0);
  EXPECT_EQ(end(R"({"cause":"guest_shutdown","exit_code":null})", false, false), 0);
  EXPECT_EQ(end(R"({"cause":"guest_exit","exit_code":0})", true, false), 1) << "a text was waited for";
  EXPECT_EQ(end(R"({"cause":"guest_exit","exit_code":3})", false, false), 1);
  EXPECT_EQ(end(R"({"cause":"guest_exit","exit_code":3})", false, true), 3);
  EXPECT_EQ(end(R"({"cause":"guest_exit","exit_code":0})", true, true), 1) << "no success without the text";
  EXPECT_EQ(end(R"({"cause":"guest_exit","exit_code":256})", false, true), 1) << "256 is not 0";
  EXPECT_EQ(end(R"({"cause":"lockup","exit_code":null})", false, true), 1);
  EXPECT_EQ(end(R"({"cause":"powered_off","exit_code":null})", false, false), 1);
  EXPECT_EQ(end("null", false, false), 1);
}

}  // namespace
}  // namespace virserver::cli
