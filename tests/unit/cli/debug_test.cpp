#include "cli/debug.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace virserver::cli {
namespace {
namespace json = boost::json;

constexpr const char* location = R"({"address":"0x08000132","symbol":"main","offset":18,"function":"main","file":"main.c","line":42,"column":3})";

TEST(DebugText, Location) {
  EXPECT_EQ(location_text(json::parse(location)), "main+0x12 at main.c:42");
  EXPECT_EQ(location_text(json::parse(R"({"symbol":"main","offset":0,"function":"inner","file":"a.c","line":7})")), "main at a.c:7 (in inner)");
  EXPECT_EQ(location_text(json::parse(R"({"symbol":null,"offset":null,"function":null,"file":"a.c","line":7})")), "a.c:7");
  EXPECT_EQ(location_text(json::value(nullptr)), "");
  EXPECT_EQ(location_text(json::parse(R"({"symbol":"ma\u001bin","offset":0})")), "ma?in");
}

TEST(DebugText, State) {
  json::object state{{"state", "stopped"}, {"reason", "breakpoint"}, {"message", "at breakpoint 1"}, {"location", json::parse(location)}};
  EXPECT_EQ(state_text(state), "stopped: at breakpoint 1\n0x08000132  main+0x12 at main.c:42\n");
  state["message"] = "";
  EXPECT_EQ(state_text(state).substr(0, 20), "stopped: breakpoint\n");
  EXPECT_EQ(state_text(json::parse(R"({"state":"running","reason":"none","message":"running","location":null})")), "running\n");
}

TEST(DebugText, Frames) {
  json::array frames{json::object{{"index", 0}, {"pc", "0x08000132"}, {"location", json::parse(location)}, {"inlined", true}, {"interrupted", false}},
                     json::object{{"index", 1}, {"pc", "0x08000000"}, {"location", json::object{}}, {"inlined", false}, {"interrupted", true}}};
  EXPECT_EQ(frames_text(frames), "#0   0x08000132  main+0x12 at main.c:42  (inlined)\n#1   0x08000000  ?  (interrupted by an exception)\n");
}

TEST(DebugText, HexDump) {
  EXPECT_EQ(hex_dump(0x20000000, ""), "");
  EXPECT_EQ(hex_dump(0x20000000, "41420a"), "0x20000000  41 42 0a                                          |AB.|\n");
  std::string digits;
  for (int i = 0; i < 17; ++i) digits += "7e";
  EXPECT_EQ(hex_dump(0x20000000, digits), "0x20000000  7e 7e 7e 7e 7e 7e 7e 7e  7e 7e 7e 7e 7e 7e 7e 7e  |~~~~~~~~~~~~~~~~|\n"
                                          "0x20000010  7e                                                |~|\n");
}

TEST(DebugText, ValueDump) {
  EXPECT_EQ(value_dump(0x20000000, 8, {"0x1", "0xffffffffffffffff", "0x2"}),
            "0x20000000  0000000000000001 ffffffffffffffff\n0x20000010  0000000000000002\n");
  EXPECT_EQ(value_dump(0x20000000, 2, {}), "");
}

}  // namespace
}  // namespace virserver::cli
