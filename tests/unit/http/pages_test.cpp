#include "http/pages.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "http/access_log.hpp"
#include "http/text.hpp"

namespace virserver::http {
namespace {

TEST(Pages, EmbeddedPagesAreComplete) {
  const Pages pages(virserver::embedded::web());
  for (const char* path : {"/", "/index.html", "/home.js", "/home.css", "/favicon.svg", "/swagger/", "/swagger/index.html", "/swagger/swagger-ui-bundle.js", "/swagger/swagger-ui.css"})
    EXPECT_NE(pages.find(path), nullptr) << path;
  EXPECT_EQ(pages.find("/nothing"), nullptr);
  const Page* bundle = pages.find("/swagger/swagger-ui-bundle.js");
  EXPECT_EQ(bundle->content_type, "text/javascript; charset=utf-8");
  EXPECT_GT(Pages::unpacked(*bundle).size(), bundle->gzip.size() * 2);
}

TEST(Pages, NothingIsLoadedFromElsewhereOrInline) {
  const Pages pages(virserver::embedded::web());
  for (const char* path : {"/index.html", "/swagger/index.html", "/home.js", "/home.css", "/swagger/start.js"}) {
    const std::string text = Pages::unpacked(*pages.find(path));
    EXPECT_EQ(text.find("https://"), std::string::npos) << path;
    EXPECT_EQ(text.find("<script>"), std::string::npos) << path;
    EXPECT_EQ(text.find("style="), std::string::npos) << path;
  }
}

TEST(Text, TokensOfLists) {
  EXPECT_TRUE(lists_token("deflate, gzip;q=0.5", "gzip"));
  EXPECT_FALSE(lists_token("gzip;q=0", "gzip"));
  EXPECT_FALSE(lists_token("gzip;q=0.000, br", "gzip"));
  EXPECT_FALSE(lists_token("xgzip", "gzip"));
}

TEST(AccessLog, RecordsAreJsonWhateverTheTargetHolds) {
  std::string line;
  Access access;
  access.method = "GET";
  access.target = "/a\"\\\n\xff";
  access.status = 200;
  append_record(line, access, "now");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto record = boost::json::parse(line);
  EXPECT_EQ(record.at("status"), 200);
  EXPECT_EQ(record.at("time"), "now");
}

}  // namespace
}  // namespace virserver::http
