#include <gtest/gtest.h>

#include "backend/renode/platform.hpp"

namespace virserver::backend::renode {
namespace {

TEST(RenodePlatformError, ALineOfAGeneratedPlatformIsAPlaceInTheBoard) {
  const auto finding = explain_platform_error("Error E39: Could not register.\nAt /tmp/a:b/board.repl:2:5:\n    size: 1\n    ^^^", {"/nodes/0/memory/0", "/nodes/0/memory/0/size"});
  EXPECT_EQ(finding.severity, Severity::error);
  EXPECT_EQ(finding.pointer, "/nodes/0/memory/0/size");
  EXPECT_NE(finding.message.find("Could not register."), std::string::npos);
}

TEST(RenodePlatformError, ALineOfTheUsersOwnPlatformIsNamed) {
  const auto finding = explain_platform_error("KeywordException: Error E00: Syntax error, unexpected 'x'.\nAt my.repl:12:3:\nx\n^", {});
  EXPECT_EQ(finding.message, "Renode does not load the platform, line 12, column 3: Syntax error, unexpected 'x'.");
}

TEST(RenodePlatformError, AnythingElseIsKeptShortAndPrintable) {
  EXPECT_EQ(explain_platform_error("", {}).message, "Renode does not load the platform: Renode gave no reason");
  const auto finding = explain_platform_error("bad\x1b[31m\nthing\xff " + std::string(10000, 'x'), {"/a"});
  EXPECT_LT(finding.message.size(), 400u);
  EXPECT_EQ(finding.message.find('\x1b'), std::string::npos);
  EXPECT_EQ(finding.message.find('\n'), std::string::npos);
  for (const char* odd : {"\nAt ", "\nAt x", "\nAt :", "\nAt a:b:c:", "\nAt f:0:0:", "\nAt f:99999999999999999999:1:", "\nAt f:7:1:"})
    EXPECT_EQ(explain_platform_error(std::string("Error E04: x") + odd, {"/a"}).severity, Severity::error) << odd;
}

}  // namespace
}  // namespace virserver::backend::renode
