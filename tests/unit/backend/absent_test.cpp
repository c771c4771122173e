#include "backend/absent.hpp"

#include "support.hpp"

namespace virserver::backend {
namespace {

TEST(Absent, SaysWhatToInstallAndRefuses) {
  asio::io_context io(1);
  auto backend = make_absent("renode", {"no-such-program-anywhere"}, "install it like this");
  auto info = testing::run(io, backend->discover());
  EXPECT_EQ(info.status, Status::absent);
  EXPECT_EQ(info.reason, "install it like this");
  for (const char* name : feature_names) EXPECT_FALSE(info.features.at(name).available) << name;
  auto plan = testing::run(io, backend->plan({}));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::BACKEND_ABSENT);
}

TEST(Absent, FoundButNotDriven) {
  asio::io_context io(1);
  auto backend = make_absent("renode", {"sh"}, "unused");
  auto info = testing::run(io, backend->discover());
  EXPECT_EQ(info.status, Status::absent);
  EXPECT_NE(info.reason.find("was found"), std::string::npos);
}

}  // namespace
}  // namespace virserver::backend
