// A real Renode in a real engine directory.
#pragma once
#include "backend/renode/installation.hpp"
#include "backend/renode/renode.hpp"
#include "board/templates.hpp"
#include "support/engine_test.hpp"

namespace virserver::backend {

class RenodeTest : public EngineTest {
 protected:
  static inline std::filesystem::path shared_cache;  // asking takes seconds: once for all tests of this run

  static void SetUpTestSuite() {
    if (!shared_cache.empty()) return;
    char name[] = "/tmp/vs-renode-cache-XXXXXX";
    shared_cache = ::mkdtemp(name);
    std::atexit([] { std::filesystem::remove_all(shared_cache); });
  }
  RenodeTest() : EngineTest(std::chrono::seconds(90)) {}
  void SetUp() override {
    if (renode::find_launcher({}).empty()) {
      std::fprintf(stderr, "NOT TESTED: renode is not installed\n");
      GTEST_SKIP() << "renode is not installed";
    }
    make_root();
    config.cache = shared_cache;
    config.work = root / "probes";
    config.host.shim = VIRSERVER_SHIM;
    config.sandbox = process::probe_sandbox(config.host);
    if (!config.sandbox.full) {
      std::fprintf(stderr, "NOT TESTED: Renode is refused in a reduced sandbox: %s\n", config.sandbox.cause.c_str());
      GTEST_SKIP() << config.sandbox.cause;
    }
    backend = make_renode(config, pool);
  }

  // The library's STM32F4 Discovery, on a platform of Renode.
  static board::Board discovery_board(const char* platform = "boards/stm32f4_discovery") {
    auto board = board::find_builtin("stm32f4-disco")->config;
    board.nodes.front().targets["renode"] = boost::json::object{{"platform", platform}};
    return board;
  }
  void launch(const std::string& file, bool paused = false, const board::Board& board = discovery_board()) { launch_board(board, file, paused); }
  static std::string board_firmware(const char* name) { return std::string(BOARD_FIRMWARE) + "/" + name; }
  static std::string test_firmware(const char* name) { return std::string(RENODE_TEST_FIRMWARE) + "/" + name; }

  RenodeConfig config;
};

}  // namespace virserver::backend
