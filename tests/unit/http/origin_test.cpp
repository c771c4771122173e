#include "http/origin.hpp"

#include <gtest/gtest.h>

namespace virserver::http {
namespace {

const OriginPolicy local("127.0.0.1", {"lab.example"}, {"https://tool.example"});

TEST(Origin, HostsOnTheList) {
  for (const char* host : {"127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "lab.example:8080"}) EXPECT_TRUE(local.host_allowed(host)) << host;
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1", "192.168.0.1", "localhost:80x", "[::1]x"})
    EXPECT_FALSE(local.host_allowed(host)) << host;
}

TEST(Origin, WildcardListenersTakeLiteralAddressesOnly) {
  const OriginPolicy open("0.0.0.0", {}, {});
  EXPECT_TRUE(open.host_allowed("192.168.0.1:8080"));
  EXPECT_TRUE(open.host_allowed("[fd00::1]"));
  EXPECT_FALSE(open.host_allowed("evil.example:8080"));
}

TEST(Origin, ForeignPagesAreRefusedWhereItMatters) {
  const std::string_view host = "localhost:8080";
  EXPECT_TRUE(local.check(host, "", true));
  EXPECT_TRUE(local.check(host, "http://localhost:8080", true));
  EXPECT_TRUE(local.check(host, "https://tool.example", true));
  EXPECT_TRUE(local.check(host, "http://evil.example", false));
  for (const char* origin : {"http://evil.example", "null", "http://localhost:8081", "http://127.0.0.1:8080", "file://", "http://localhost"}) {
    const auto result = local.check(host, origin, true);
    ASSERT_FALSE(result) << origin;
    EXPECT_EQ(result.error().code, ErrorCode::FOREIGN_ORIGIN);
  }
  // A rebound name makes page and host equal; the host is refused all the same.
  EXPECT_FALSE(local.check("evil.example:8080", "http://evil.example:8080", true));
  EXPECT_FALSE(local.check("evil.example:8080", "", false));
}

}  // namespace
}  // namespace virserver::http
