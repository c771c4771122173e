#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <chrono>

#include "board/parse.hpp"

namespace virserver::board {
namespace {

std::string json_of(std::string_view text) {
  const auto document = parse_document(text);
  return document ? boost::json::serialize(document->value) : "error: " + document.error().message;
}

// "line:column message", or what was parsed.
std::string error_of(std::string_view text) {
  const auto document = parse_document(text);
  if (document) return "parsed: " + boost::json::serialize(document->value).substr(0, 100);
  EXPECT_EQ(document.error().code, ErrorCode::BOARD_SYNTAX);
  return fmt::format("{}:{} {}", document.error().details.at("line").as_int64(), document.error().details.at("column").as_int64(),
                     document.error().message);
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

using Place = std::pair<int, int>;

TEST(Document, JsonKeepsJsonMeaning) {
  EXPECT_EQ(json_of(R"({"a": [1, -2, 1.5, 18446744073709551615], "b": "yes", "c": true, "d": null, "e": "\u00e9\n"})"),
            "{\"a\":[1,-2,1.5E0,18446744073709551615],\"b\":\"yes\",\"c\":true,\"d\":null,\"e\":\"\u00e9\\n\"}");
  EXPECT_EQ(json_of("{}"), "{}");
  EXPECT_EQ(json_of("[]"), "[]");
  EXPECT_EQ(json_of("\xEF\xBB\xBF{\"a\":1}"), "{\"a\":1}");
}

TEST(Document, YamlScalarsGetJsonTypes) {
  EXPECT_EQ(json_of("a: 0x08000000\nb: 1_000\nc: true\nd: ~\ne:\nf: '12'\ng: \"0x10\"\nh: -5\ni: 1.5\nj: 64K\nk: text"),
            R"({"a":134217728,"b":1000,"c":true,"d":null,"e":null,"f":"12","g":"0x10","h":-5,"i":1.5E0,"j":"64K","k":"text"})");
  EXPECT_EQ(json_of("[yes, no, on, 0123, 0x, 1e3, .5, 1., +7, 18446744073709551615, 18446744073709551616, 1.2.3, '']"),
            "error: line 1, column 2: expected a value: text in double quotes, a decimal number, true, false, null, { or [");
  EXPECT_EQ(json_of("v: [yes, no, on, 0123, 0x, 1e3, .5, +7, 18446744073709551615, 18446744073709551616, 1.2.3, '', .nan]"),
            R"({"v":["yes","no","on","0123","0x",1E3,5E-1,7,18446744073709551615,"18446744073709551616","1.2.3","",".nan"]})");
  EXPECT_EQ(json_of("a: !!str 12\nb: ! 13"), R"({"a":"12","b":"13"})");
  EXPECT_EQ(json_of("{a: 1, b: [x, y]}"), R"({"a":1,"b":["x","y"]})");
  EXPECT_EQ(json_of("---\na: |\n  two\n  lines\n...\n"), R"({"a":"two\nlines\n"})");
}

TEST(Document, AliasesAreExpanded) {
  EXPECT_EQ(json_of("a: &x {n: [1, 2]}\nb: *x\n"), R"({"a":{"n":[1,2]},"b":{"n":[1,2]}})");
}

TEST(Document, PositionsOfValuesAndKeys) {
  const auto yaml = parse_document("name: disco\nnodes:\n  - id: mcu\n    memory:\n      - {type: RAM, \"size/~\": 4}\n");
  ASSERT_TRUE(yaml);
  EXPECT_EQ(yaml->positions.at("/name"), Place(1, 7));
  EXPECT_EQ(yaml->positions.at("/nodes/0/id"), Place(3, 9));
  EXPECT_EQ(yaml->positions.at("/nodes/0/memory/0"), Place(5, 9));
  EXPECT_EQ(yaml->positions.at("/nodes/0/memory/0/size~1~0"), Place(5, 31));
  EXPECT_EQ(yaml->key_positions.at("/nodes/0/memory"), Place(4, 5));

  const auto json = parse_document("{\n  \"n\u00e4me\": \"x\", \"b\": [1,\n   {\"c\": null}]\n}");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->positions.at(""), Place(1, 1));
  EXPECT_EQ(json->positions.at("/n\u00e4me"), Place(2, 11));
  EXPECT_EQ(json->positions.at("/b/0"), Place(2, 22));
  EXPECT_EQ(json->positions.at("/b/1/c"), Place(3, 10));
  EXPECT_EQ(json->key_positions.at("/b"), Place(2, 16));
}

TEST(Document, ColumnsCountCharactersInYaml) {
  const auto document = parse_document("{n\u00e4me: \u00e9\u00e9, b: 1}");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->positions.at("/b"), Place(1, 15));
}

TEST(Document, JsonSyntaxErrorsNameTheirPlace) {
  EXPECT_EQ(error_of("{\n  \"a\": 1,\n}"), "3:1 line 3, column 1: expected a key in double quotes");
  EXPECT_EQ(error_of("{\"a\": 1 \"b\": 2}"), "1:9 line 1, column 9: expected ',' or '}'");
  EXPECT_EQ(error_of("{\"a\" 1}"), "1:6 line 1, column 6: expected ':' after the key");
  EXPECT_TRUE(error_of("{\"a\": 0x10}").starts_with("1:7 ")) << error_of("{\"a\": 0x10}");
  EXPECT_TRUE(error_of("{\"a\": }").starts_with("1:7 "));
  EXPECT_TRUE(error_of("{\"a\": 01}").starts_with("1:7 "));
  EXPECT_EQ(error_of("{\"a\": [1, 2"), "1:12 line 1, column 12: the document ends where ',' or ']' is expected");
  EXPECT_EQ(error_of("{\"a\": \"x"), "1:7 line 1, column 7: a text is not closed");
  EXPECT_EQ(error_of("{\"a\": \"x\\"), "1:7 line 1, column 7: a text is not closed");
  EXPECT_TRUE(error_of("{\"a\": \"x\ny\"}").starts_with("1:9 "));
  EXPECT_TRUE(error_of("{\"a\": \"\\q\"}").starts_with("1:7 "));
  EXPECT_EQ(error_of("{} {}"), "1:4 line 1, column 4: the document goes on after its end");
  EXPECT_EQ(error_of("{\"a\": 1, \"a\": 2}"), "1:10 line 1, column 10: the key \"a\" appears twice");
  EXPECT_EQ(error_of("{"), "1:2 line 1, column 2: the document ends where a key in double quotes is expected");
}

TEST(Document, YamlSyntaxErrorsNameTheirPlace) {
  EXPECT_TRUE(error_of("a: 1\n b: 2\n").starts_with("2:")) << error_of("a: 1\n b: 2\n");
  EXPECT_TRUE(error_of("a: [1, 2\nb: 3").starts_with("2:")) << error_of("a: [1, 2\nb: 3");
  EXPECT_EQ(error_of("a: 1\nb: 2\na: 3\n"), "3:1 line 3, column 1: the key \"a\" appears twice");
  EXPECT_TRUE(error_of("a: 1\n---\nb: 2\n").contains("second document"));
  EXPECT_TRUE(error_of("a: 1\nb: !include /etc/passwd\n").starts_with("2:4 "));
  EXPECT_TRUE(error_of("a: !!python/object:os.system x\n").contains("not supported"));
  EXPECT_TRUE(error_of("a: &x 1\n<<: *x\n").contains("merge keys"));
  EXPECT_TRUE(error_of("[a, b]: 1\n").contains("expected"));
  EXPECT_TRUE(error_of("? [a]\n: 1\n").contains("a key must be one word"));
  EXPECT_TRUE(error_of("a: *nowhere\n").starts_with("1:")) << error_of("a: *nowhere\n");
  EXPECT_TRUE(error_of("a: &a [*a]\n").starts_with("1:8 ")) << error_of("a: &a [*a]\n");
  EXPECT_TRUE(error_of("~: 1\n").contains("key"));
}

TEST(Document, EmptyAndBinaryInput) {
  for (const std::string_view text : {"", "  \n", "# only a comment\n", "---\n...\n"}) {
    const std::string result = error_of(text);
    EXPECT_TRUE(result.contains("empty") || result == "parsed: null") << result;
  }
  EXPECT_EQ(error_of(std::string_view("a: \0b", 5)), "1:4 line 1, column 4: a NUL byte; the text must be UTF-8");
  EXPECT_EQ(error_of("a: 1\nb: \xff\n"), "2:4 line 2, column 4: the text is not UTF-8 here");
}

TEST(Document, SizeLimit) {
  EXPECT_TRUE(error_of(std::string(10u << 20, 'a')).contains("4 MiB"));
  EXPECT_TRUE(error_of("{\"a\":\"" + std::string(10u << 20, 'a') + "\"}").contains("4 MiB"));
  EXPECT_TRUE(parse_document("{\"a\":\"" + std::string(3u << 20, 'a') + "\"}"));
  EXPECT_TRUE(parse_document("a: \"" + std::string(3u << 20, 'a') + "\""));
}

TEST(Document, NodeLimit) {
  EXPECT_TRUE(parse_document("[" + repeat("1,", 99'990) + "1]"));
  EXPECT_TRUE(error_of("[" + repeat("1,", 100'001) + "1]").contains("100,000"));
  EXPECT_TRUE(error_of("a: [" + repeat("1,", 100'001) + "1]").contains("100,000"));
}

TEST(Document, DepthLimit) {
  EXPECT_TRUE(parse_document(repeat("[", 64) + repeat("]", 64)));
  EXPECT_TRUE(error_of(repeat("[", 65) + repeat("]", 65)).contains("64 levels"));
  EXPECT_TRUE(error_of("a: &x " + repeat("[", 40) + repeat("]", 40) + "\nb: " + repeat("[", 40) + "*x" + repeat("]", 40)).contains("64 levels"));
}

TEST(Document, BillionLaughs) {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) yaml += fmt::format("a{}: &a{} [{}*a{}]\n", i, i, repeat(fmt::format("*a{}, ", i - 1), 9), i - 1);
  EXPECT_TRUE(error_of(yaml).contains("100,000") || error_of(yaml).contains("anchored")) << error_of(yaml);
  const std::string text = "a: &a \"" + std::string(1u << 20, 'x') + "\"\nb: [" + repeat("*a, ", 50'000) + "1]\n";
  EXPECT_TRUE(error_of(text).contains("8 MiB")) << error_of(text);
  std::string nested = "a: ";
  for (int i = 0; i < 60; ++i) nested += fmt::format("&n{} [", i);
  nested += "\"" + std::string(1u << 20, 'x') + "\"" + repeat("]", 60);
  EXPECT_TRUE(error_of(nested).contains("anchored")) << error_of(nested);
}

// Nothing may take the stack, the memory or the afternoon.
TEST(Document, PathologicalInputEndsQuickly) {
  const auto start = std::chrono::steady_clock::now();
  for (const std::string_view piece : {"[", "{", "{\"a\":", "? ", "- ", "a: {", "&a ", "*a ", "!t ", "\"", "'", "[:", "{a: [", "- - ? ",
                                       "|\n", ">\n", "%TAG\n", "a:\n ", "[\"a\": ", ",", "---\n", "\\", "a: b: "}) {
    const auto result = parse_document(repeat(piece, (1u << 20) / piece.size()));
    if (!result) EXPECT_EQ(result.error().code, ErrorCode::BOARD_SYNTAX);
  }
  std::string long_keys;
  for (int i = 0; i < 60; ++i) long_keys += "{\"" + std::string(1000, 'k') + "\": ";
  long_keys += "[" + repeat("1,", 99'000) + "1]" + repeat("}", 60);
  EXPECT_TRUE(parse_document(long_keys));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(40));
}

}  // namespace
}  // namespace virserver::board
