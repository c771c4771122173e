// A real Renode in a real engine directory.
#pragma once
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "backend/load_check.hpp"
#include "backend/renode/installation.hpp"
#include "backend/renode/renode.hpp"
#include "board/templates.hpp"
#include "process/console_log.hpp"
#include "support/loop.hpp"

namespace virserver::backend {

using namespace std::chrono_literals;
using Kind = EngineEvent::Kind;

class RenodeTest : public ::testing::Test, public testing_support::Loop {
 protected:
  static inline std::filesystem::path shared_cache;  // asking takes seconds: once for all tests of this run

  static void SetUpTestSuite() {
    if (!shared_cache.empty()) return;
    char name[] = "/tmp/vs-renode-cache-XXXXXX";
    shared_cache = ::mkdtemp(name);
    std::atexit([] { std::filesystem::remove_all(shared_cache); });
  }
  RenodeTest() : Loop(std::chrono::seconds(90)) {}
  void SetUp() override {
    if (renode::find_launcher({}).empty()) {
      std::fprintf(stderr, "NOT TESTED: renode is not installed\n");
      GTEST_SKIP() << "renode is not installed";
    }
    char name[] = "/tmp/vs-renode-XXXXXX";
    root = ::mkdtemp(name);
    std::filesystem::permissions(root, std::filesystem::perms(0711));
    config.cache = shared_cache;
    config.host.shim = VIRSERVER_SHIM;
    config.sandbox = process::probe_sandbox(config.host);
    if (!config.sandbox.full) {
      std::fprintf(stderr, "NOT TESTED: Renode is refused in a reduced sandbox: %s\n", config.sandbox.cause.c_str());
      GTEST_SKIP() << config.sandbox.cause;
    }
    backend = make_renode(config, pool);
  }
  void TearDown() override {
    if (engine) run(off());
    if (!root.empty()) std::filesystem::remove_all(root);
  }
  Task<> off() {
    co_await engine->power_off(2s);
    co_await engine->stop();
    engine.reset();
  }

  // The library's STM32F4 Discovery, on a platform of Renode.
  static board::Board discovery_board(const char* platform = "boards/stm32f4_discovery") {
    auto board = board::find_builtin("stm32f4-disco")->config;
    board.nodes.front().targets["renode"] = boost::json::object{{"platform", platform}};
    return board;
  }
  void make_dirs() {
    engine_dir = root / fmt::format("engine{}", ++engines);
    console_dir = root / "consoles";
    for (const auto& d : {engine_dir, console_dir}) {
      std::filesystem::create_directory(d);
      std::filesystem::permissions(d, std::filesystem::perms(0700));
    }
  }
  void listen() {
    engine->on_event = [this](const EngineEvent& event) {
      kinds.push_back(event.kind);
      if (event.kind == Kind::warning) warnings.push_back(event.message);
      for (const auto& access : event.accesses) accesses.push_back(access);
      if (event.report) report = event.report;
    };
  }
  void launch(const std::string& file, bool paused = false, const board::Board& board = discovery_board()) {
    auto planned = run(backend->plan(board));
    ASSERT_TRUE(planned) << planned.error().message << boost::json::serialize(planned.error().details);
    the_plan = std::move(*planned);
    make_dirs();
    auto read = image::read(file, {});
    ASSERT_TRUE(read) << read.error().message;
    firmware = std::move(*read);
    LaunchSpec spec;
    spec.engine_dir = engine_dir;
    spec.console_dir = console_dir;
    spec.images = {{"fw", "application", &firmware}};
    spec.start_paused = paused;
    spec.limits = limits;
    auto checked = check_images(the_plan, spec.images);
    ASSERT_TRUE(checked) << checked.error().message;
    auto launched = run(backend->launch(io.get_executor(), the_plan, std::move(spec), nullptr));
    ASSERT_TRUE(launched) << launched.error().message << boost::json::serialize(launched.error().details);
    engine = std::move(*launched);
    listen();
  }
  std::string console(const std::string& name) {
    process::ConsoleLog log(console_dir, name);
    auto chunk = log.read(0, 256 * 1024);
    return chunk ? std::string(as_text(chunk->bytes)) : "";
  }
  void expect_output(const std::string& name, const std::string& text) {
    wait([&] { return console(name).find(text) != std::string::npos || report; }, fmt::format("\"{}\" on {}; it has: {}", text, name, console(name)));
    EXPECT_NE(console(name).find(text), std::string::npos) << (report ? report->message + report->output : "");
  }
  void type(const std::string& name, std::string_view text) {
    auto bytes = as_bytes(text);
    auto written = run(engine->type(name, Bytes(bytes.begin(), bytes.end())));
    ASSERT_TRUE(written) << written.error().message;
  }
  void expect_exit(ExitCause cause) {
    wait([&] { return report.has_value(); }, "the exit");
    EXPECT_EQ(to_string(report->cause), to_string(cause)) << report->message << "\n" << report->output;
    EXPECT_EQ(std::ranges::count(kinds, Kind::exited), 1);
  }
  static std::string board_firmware(const char* name) { return std::string(BOARD_FIRMWARE) + "/" + name; }
  static std::string test_firmware(const char* name) { return std::string(RENODE_TEST_FIRMWARE) + "/" + name; }

  asio::thread_pool pool{1};
  RenodeConfig config;
  std::unique_ptr<Backend> backend;
  std::filesystem::path root, engine_dir, console_dir;
  EnginePlan the_plan;
  image::Image firmware;
  std::unique_ptr<Engine> engine;
  std::vector<Kind> kinds;
  std::vector<std::string> warnings;
  std::vector<GuestAccess> accesses;
  std::optional<ExitReport> report;
  process::Limits limits;
  int engines = 0;
};

}  // namespace virserver::backend
