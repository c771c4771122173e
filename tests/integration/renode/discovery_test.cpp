#include "fixture.hpp"

namespace virserver::backend {
namespace {

TEST_F(RenodeTest, TellsWhatItHas) {
  const auto info = run(backend->discover());
  EXPECT_EQ(info.status, Status::available) << info.reason;
  EXPECT_TRUE(info.version.starts_with("1.")) << info.version;
  EXPECT_GT(info.platforms.size(), 100u);
  EXPECT_GT(info.peripherals.size(), 500u);
  const auto discovery = std::ranges::find(info.platforms, "boards/stm32f4_discovery", &PlatformInfo::id);
  ASSERT_NE(discovery, info.platforms.end());
  EXPECT_EQ(discovery->architecture, Architecture::arm);
  EXPECT_EQ(discovery->default_processor, "cortex-m4");
  const auto m4 = std::ranges::find(info.processors, "cortex-m4", &ProcessorInfo::id);
  ASSERT_NE(m4, info.processors.end());
  EXPECT_EQ(m4->type, "CortexM");
  const auto uart = std::ranges::find(info.peripherals, "STM32_UART", &PeripheralInfo::name);
  ASSERT_NE(uart, info.peripherals.end());
  EXPECT_EQ(uart->type, "uart");
  for (const char* name : feature_names) {
    ASSERT_TRUE(info.features.contains(name)) << name;
    EXPECT_EQ(info.features.at(name).available, info.features.at(name).reason.empty()) << name;
  }
}

TEST_F(RenodeTest, RemembersWhatAnInstallationSaid) {
  run(backend->discover());
  auto later = make_renode(config, pool);
  const auto before = std::chrono::steady_clock::now();
  const auto info = run(later->discover());
  EXPECT_EQ(info.status, Status::available);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 2s) << "it was asked anew";
}

TEST_F(RenodeTest, ADamagedCacheIsAskedAgain) {
  config.cache = root / "cache";
  config.work = root / "other probes";
  std::filesystem::create_directory(config.cache);
  backend = make_renode(config, pool);
  ASSERT_EQ(run(backend->discover()).status, Status::available);
  for (const auto& file : std::filesystem::directory_iterator(config.cache))
    if (file.is_regular_file()) std::filesystem::resize_file(file.path(), 40);
  auto later = make_renode(config, pool);
  EXPECT_EQ(run(later->discover()).status, Status::available);
}

TEST_F(RenodeTest, WhatIsNoRenodeIsBroken) {
  for (const char* launcher : {"/bin/false", "/bin/true"}) {
    config.launcher = launcher;
    backend = make_renode(config, pool);
    const auto info = run(backend->discover());
    EXPECT_EQ(info.status, Status::broken) << launcher;
    EXPECT_FALSE(info.reason.empty());
    const auto plan = run(backend->plan(discovery_board()));
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, ErrorCode::BACKEND_ABSENT);
  }
}

TEST_F(RenodeTest, ALauncherThatIsNotThereIsAbsent) {
  config.launcher = "/nonexistent/renode";
  backend = make_renode(config, pool);
  const auto info = run(backend->discover());
  EXPECT_EQ(info.status, Status::absent);
  EXPECT_NE(info.reason.find("/nonexistent/renode"), std::string::npos) << info.reason;
  EXPECT_EQ(run(backend->plan(discovery_board())).error().code, ErrorCode::BACKEND_ABSENT);
}

TEST_F(RenodeTest, IsRefusedWithoutANetworkOfItsOwn) {
  config.sandbox.full = false;
  config.sandbox.cause = "of the test";
  backend = make_renode(config, pool);
  const auto info = run(backend->discover());
  EXPECT_EQ(info.status, Status::broken);
  EXPECT_NE(info.reason.find("--allow-unsandboxed-tcp"), std::string::npos) << info.reason;
  const auto plan = run(backend->plan(discovery_board()));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::UNSUPPORTED_BY_BACKEND);
  config.allow_unsandboxed_tcp = true;
  backend = make_renode(config, pool);
  EXPECT_EQ(run(backend->discover()).status, Status::available);
}

TEST_F(RenodeTest, PlansAShippedPlatform) {
  const auto plan = run(backend->plan(discovery_board()));
  ASSERT_TRUE(plan) << plan.error().message << boost::json::serialize(plan.error().details);
  EXPECT_EQ(plan->architecture, Architecture::arm);
  EXPECT_EQ(plan->profile, 'M');
  const auto flash = std::ranges::find(plan->memory, 0x08000000u, &MemoryRegion::address);
  ASSERT_NE(flash, plan->memory.end());
  EXPECT_FALSE(flash->writable);
  const auto uart = std::ranges::find(plan->devices, 0x40004400u, &DeviceRegion::address);
  ASSERT_NE(uart, plan->devices.end());
  EXPECT_EQ(uart->model, "STM32_UART");
  EXPECT_EQ(uart->kind, "uart");
  ASSERT_GE(plan->consoles.size(), 3u);
  EXPECT_EQ(plan->default_console, "usart2");
  EXPECT_EQ(plan->data.at("uarts").at(1).at("peripheral").as_string(), "sysbus.usart2");
}

TEST_F(RenodeTest, RefusesAPlatformItDoesNotHave) {
  for (const char* platform : {"boards/stm32f4_discoverry", "nothing", "boards/stm32f4_discovery; quit"}) {
    const auto plan = run(backend->plan(discovery_board(platform)));
    ASSERT_FALSE(plan) << platform;
    EXPECT_EQ(plan.error().code, ErrorCode::BOARD_UNPLANNABLE);
  }
  const auto near = run(backend->plan(discovery_board("boards/stm32f4_discoverry")));
  EXPECT_NE(near.error().message.find("boards/stm32f4_discovery"), std::string::npos) << near.error().message;
  const auto other = run(backend->plan(discovery_board("cpus/sifive-fe310")));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::BOARD_UNPLANNABLE);
  EXPECT_NE(other.error().message.find("architecture"), std::string::npos);
}

}  // namespace
}  // namespace virserver::backend
