// An engine of a real emulator in directories of its own, and what it says.
#pragma once
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "backend/load_check.hpp"
#include "process/console_log.hpp"
#include "support/loop.hpp"

namespace virserver::backend {

using namespace std::chrono_literals;
using Kind = EngineEvent::Kind;

class EngineTest : public ::testing::Test, public testing_support::Loop {
 protected:
  explicit EngineTest(std::chrono::seconds patience) : Loop(patience) {}

  void make_root() {
    char name[] = "/tmp/vs-engine-XXXXXX";
    root = ::mkdtemp(name);
    std::filesystem::permissions(root, std::filesystem::perms(0711));
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
  void launch_board(const board::Board& board, const std::string& file, bool paused = false) {
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

  asio::thread_pool pool{1};
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
