#include <gtest/gtest.h>

#include "cli/console_printer.hpp"
#include "cli/console_stream.hpp"
#include "cli/sse.hpp"

namespace virserver::cli {
namespace {

TEST(ConsolePrinter, OneConsolePassesUnchanged) {
  ConsolePrinter printer;
  EXPECT_EQ(printer.render("uart0", "a\r\nb"), "a\r\nb");
  EXPECT_EQ(printer.render("uart0", std::string("\0\xff", 2)), std::string("\0\xff", 2));
  EXPECT_FALSE(printer.prefixing());
  EXPECT_EQ(printer.finish(), "\n");
}

TEST(ConsolePrinter, TheSecondConsoleBringsPrefixes) {
  ConsolePrinter printer;
  EXPECT_EQ(printer.render("uart0", "hel"), "hel");
  EXPECT_EQ(printer.render("uart1", "one\ntw"), "\n[uart1] one\n[uart1] tw");
  EXPECT_EQ(printer.render("uart1", "o\n"), "o\n");
  EXPECT_EQ(printer.render("uart0", "lo\n"), "[uart0] lo\n");
  EXPECT_EQ(printer.finish(), "");
}

TEST(ConsolePrinter, NotesStandOnTheirOwnLine) {
  ConsolePrinter printer(true);
  EXPECT_EQ(printer.note("n"), "n\r\n");
  printer.render("uart0", "x");
  EXPECT_EQ(printer.note("n"), "\r\nn\r\n");
}

TEST(StreamMessage, ReadsTextBase64AndGaps) {
  const auto text = parse_message(R"({"type":"stdout","console":"uart0","data":"hi","encoding":"utf-8","seq":7,"timestamp":"t"})");
  ASSERT_TRUE(text);
  EXPECT_EQ(text->kind, StreamMessage::Kind::output);
  EXPECT_EQ(text->from, 7u);
  EXPECT_EQ(text->to, 9u);
  const auto binary = parse_message(R"({"type":"stdout","console":"u","data":"/wA=","encoding":"base64","seq":0})");
  ASSERT_TRUE(binary);
  EXPECT_EQ(binary->data, std::string("\xff\0", 2));
  const auto gap = parse_message(R"({"type":"gap","console":"u","from":1,"to":5})");
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->kind, StreamMessage::Kind::gap);
  EXPECT_EQ(gap->to, 5u);
  EXPECT_EQ(parse_message(R"({"type":"later"})")->kind, StreamMessage::Kind::other);
  EXPECT_FALSE(parse_message("nonsense"));
  EXPECT_FALSE(parse_message(R"({"type":"stdout","data":"%%","encoding":"base64"})"));
}

TEST(StreamMessage, TypedBytesKeepTheirValue) {
  EXPECT_EQ(stdin_message("uart0", "a\r"), R"({"type":"stdin","console":"uart0","data":"a\r","encoding":"utf-8"})");
  EXPECT_EQ(stdin_message("", "\xff"), R"({"type":"stdin","data":"/w==","encoding":"base64"})");
}

TEST(Sse, ReadsEventsCutAnywhere) {
  const std::string stream = ": hello\r\n\r\nid: 4\nevent: session.state\ndata: {\"a\":\ndata: 1}\n\nretry: 5\n\nid: 5\ndata:x\n\n";
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    SseParser parser;
    for (std::size_t at = 0; at < stream.size(); at += size) parser.feed(std::string_view(stream).substr(at, size));
    const auto first = parser.next();
    ASSERT_TRUE(first) << size;
    EXPECT_EQ(first->id, "4");
    EXPECT_EQ(first->type, "session.state");
    EXPECT_EQ(first->data, "{\"a\":\n1}");
    const auto second = parser.next();
    ASSERT_TRUE(second) << size;
    EXPECT_EQ(second->data, "x");
    EXPECT_FALSE(parser.next());
  }
}

}  // namespace
}  // namespace virserver::cli
