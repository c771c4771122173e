#include "fixture.hpp"

namespace virserver::backend {
namespace {

TEST_F(SkyEyeTest, TellsWhatItHas) {
  const auto info = run(backend->discover());
  EXPECT_EQ(info.status, Status::available) << info.reason;
  EXPECT_TRUE(info.version.starts_with("1.")) << info.version;
  ASSERT_EQ(info.executables.size(), 1u);
  EXPECT_NE(std::ranges::find(info.platforms, "at91", &PlatformInfo::id), info.platforms.end());
  EXPECT_NE(std::ranges::find(info.processors, "arm7tdmi", &ProcessorInfo::id), info.processors.end());
  for (const char* name : feature_names) {
    const auto& feature = info.features.at(name);
    EXPECT_EQ(feature.available, feature.reason.empty()) << name;
  }
  EXPECT_TRUE(info.features.at("power").available);
  EXPECT_FALSE(info.features.at("watchpoints").available);
}

TEST_F(SkyEyeTest, AnAbsentOneIsAbsent) {
  config.launcher = "/no/such/skyeye";
  const auto absent = make_skyeye(config, pool);
  const auto info = run(absent->discover());
  EXPECT_EQ(info.status, Status::absent);
  EXPECT_NE(info.reason.find("/no/such/skyeye does not exist"), std::string::npos) << info.reason;
  const auto plan = run(absent->plan(at91()));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::BACKEND_ABSENT);
}

TEST_F(SkyEyeTest, AProgramThatIsNoSkyEyeIsBroken) {
  config.launcher = "/bin/echo";
  const auto info = run(make_skyeye(config, pool)->discover());
  EXPECT_EQ(info.status, Status::broken);
  EXPECT_NE(info.reason.find("does not say that it is SkyEye"), std::string::npos) << info.reason;
}

}  // namespace
}  // namespace virserver::backend
