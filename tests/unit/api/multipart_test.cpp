#include "api/multipart.hpp"

#include <gtest/gtest.h>

#include "memory_body.hpp"

namespace virserver::api {
namespace {

struct Read {
  std::vector<std::pair<Multipart::Part, std::string>> parts;
  std::string error;
};

Task<Read> read_all(std::string body, std::size_t piece) {
  MemoryBody stream(body, piece);
  Multipart multipart(stream, "B");
  Read read;
  for (;;) {
    auto part = co_await multipart.next();
    if (!part) {
      read.error = part.error().message;
      co_return read;
    }
    if (!*part) co_return read;
    std::string content;
    for (;;) {
      auto bytes = co_await multipart.read();
      if (!bytes) {
        read.error = bytes.error().message;
        co_return read;
      }
      if (bytes->empty()) break;
      content += as_text(*bytes);
    }
    read.parts.emplace_back(std::move(**part), std::move(content));
  }
}

std::string part(std::string_view disposition, std::string_view content) {
  return fmt::format("--B\r\nContent-Disposition: form-data; {}\r\nContent-Type: x/y\r\n\r\n{}\r\n", disposition, content);
}

TEST(Multipart, EveryDeliveryGivesTheSameParts) {
  const std::string tricky = "\r\n--\r\n--A\r\n-\r\n--" + std::string(3, '\0') + "\r";
  const std::string body = "preamble\r\n" + part("name=\"name\"", "x") + part("name=\"file\"; filename=\"a b.elf\"", tricky) +
                           part("name=empty; filename=\"\"", "") + "--B--\r\nepilogue";
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    const Read read = complete(read_all(body, piece));
    ASSERT_EQ(read.error, "") << piece;
    ASSERT_EQ(read.parts.size(), 3u) << piece;
    EXPECT_EQ(read.parts[0].first.name, "name");
    EXPECT_EQ(read.parts[0].second, "x");
    EXPECT_EQ(read.parts[1].first.filename, "a b.elf");
    EXPECT_EQ(read.parts[1].second, tricky) << piece;
    EXPECT_EQ(read.parts[2].first.name, "empty");
    EXPECT_EQ(read.parts[2].second, "");
  }
}

TEST(Multipart, EveryTruncationIsAnError) {
  const std::string body = part("name=\"file\"", "content") + "--B--";
  for (std::size_t size = 0; size < body.size(); ++size)
    for (const std::size_t piece : {std::size_t{1}, body.size()}) EXPECT_NE(complete(read_all(body.substr(0, size), piece)).error, "") << size;
  EXPECT_EQ(complete(read_all(body, 1)).error, "");
}

TEST(Multipart, HeadersHaveALimitAndPartsAName) {
  const std::string giant = "--B\r\nX: " + std::string(20 << 10, 'y') + "\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--B--";
  EXPECT_NE(complete(read_all(giant, 1 << 20)).error.find("16 KiB"), std::string::npos);
  EXPECT_NE(complete(read_all(giant, 100)).error.find("16 KiB"), std::string::npos);
  EXPECT_NE(complete(read_all("--B\r\nX: y\r\n\r\nx\r\n--B--", 100)).error.find("no name"), std::string::npos);
  EXPECT_NE(complete(read_all(part("filename=\"name=x\"", "x") + "--B--", 100)).error.find("no name"), std::string::npos);
}

TEST(Multipart, QuotedParametersKeepTheirPunctuation) {
  const Read read = complete(read_all(part("filename=\"a;name=\\\"b\\\"\"; name=\"file\"", "x") + "--B--", 7));
  ASSERT_EQ(read.parts.size(), 1u) << read.error;
  EXPECT_EQ(read.parts[0].first.name, "file");
  EXPECT_EQ(read.parts[0].first.filename, "a;name=\"b\"");
}

TEST(Multipart, UnreadPartsAreSkippedAndTextIsBounded) {
  auto skip = [](std::string body) -> Task<std::string> {
    MemoryBody stream(body, 5);
    Multipart multipart(stream, "B");
    co_await multipart.next();
    auto second = co_await multipart.next();
    if (!second || !*second) co_return "no second part";
    auto text = co_await multipart.text(4);
    co_return text ? *text : text.error().message;
  };
  EXPECT_EQ(complete(skip(part("name=a", std::string(300'000, 'a')) + part("name=b", "four") + "--B--")), "four");
  EXPECT_NE(complete(skip(part("name=a", "") + part("name=b", "fiver") + "--B--")).find("too long"), std::string::npos);
}

TEST(Multipart, Boundary) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc").value(), "abc");
  EXPECT_EQ(multipart_boundary("multipart/form-data; charset=x; Boundary=\"a b\"").value(), "a b");
  for (const std::string& type : {std::string("multipart/form-data"), std::string("multipart/form-data; boundary="),
                                  "multipart/form-data; boundary=" + std::string(71, 'x')})
    EXPECT_FALSE(multipart_boundary(type)) << type;
}

}  // namespace
}  // namespace virserver::api
