// A real SkyEye in a real engine directory.
#pragma once
#include "backend/skyeye/installation.hpp"
#include "backend/skyeye/skyeye.hpp"
#include "board/templates.hpp"
#include "support/engine_test.hpp"

namespace virserver::backend {

class SkyEyeTest : public EngineTest {
 protected:
  SkyEyeTest() : EngineTest(std::chrono::seconds(60)) {}
  void SetUp() override {
    if (skyeye::find_launcher({}).empty()) {
      std::fprintf(stderr, "NOT TESTED: skyeye is not installed\n");
      GTEST_SKIP() << "skyeye is not installed";
    }
    make_root();
    config.host.shim = VIRSERVER_SHIM;
    config.sandbox = process::probe_sandbox(config.host);
    backend = make_skyeye(config, pool);
    const auto info = run(backend->discover());
    if (info.status != Status::available) {
      std::fprintf(stderr, "NOT TESTED: %s\n", info.reason.c_str());
      GTEST_SKIP() << info.reason;
    }
  }
  bool needs_debugger() {
    if (config.sandbox.full) return true;
    std::fprintf(stderr, "NOT TESTED: SkyEye's stub is not started in a reduced sandbox: %s\n", config.sandbox.cause.c_str());
    return false;
  }

  static board::Board at91() { return board::find_builtin("at91eb40a")->config; }
  void launch(bool paused = false) { launch_board(at91(), std::string(BOARD_FIRMWARE) + "/at91eb40a.elf", paused); }
  static constexpr const char* greeting = "VirServer at91eb40a ready";

  SkyEyeConfig config;
};

}  // namespace virserver::backend
