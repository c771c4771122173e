// A real QEMU in a real engine directory.
#pragma once
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <fstream>

#include "backend/load_check.hpp"
#include "backend/qemu/qemu.hpp"
#include "board/templates.hpp"
#include "process/console_log.hpp"
#include "support/loop.hpp"
#include "support/needs.hpp"

namespace virserver::backend {

using namespace std::chrono_literals;

class QemuTest : public ::testing::Test, public testing_support::Loop {
 protected:
  QemuTest() : Loop(std::chrono::seconds(60)) {}
  void SetUp() override {
    NEEDS("/usr/bin/qemu-system-arm");
    NEEDS("/usr/bin/qemu-system-riscv64");
    char name[] = "/tmp/vs-qemu-XXXXXX";
    root = ::mkdtemp(name);
    std::filesystem::permissions(root, std::filesystem::perms(0711));
    config.host.shim = VIRSERVER_SHIM;
    config.sandbox = process::probe_sandbox(config.host);
    std::fprintf(stderr, "sandbox: %s%s\n", config.sandbox.full ? "full" : "reduced: ", config.sandbox.cause.c_str());
    qemu = make_qemu(config, pool);
  }
  void TearDown() override {
    if (engine) {
      run(off());
    }
    if (!root.empty()) std::filesystem::remove_all(root);
  }
  Task<> off() {
    co_await engine->power_off(2s);
    co_await engine->stop();
    engine.reset();
  }

  EnginePlan plan(const char* id) {
    const auto* entry = board::find_builtin(id);
    if (!entry) throw std::runtime_error(std::string("no template ") + id);
    auto planned = run(qemu->plan(entry->config));
    if (!planned) throw std::runtime_error(planned.error().message);
    return *planned;
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
      if (event.kind == EngineEvent::Kind::warning) warnings.push_back(event.message);
      if (event.report) report = event.report;
    };
  }
  // Launches the image on a template, checked as a session would.
  void launch(const char* board, const std::string& file, bool paused = false, std::optional<std::uint64_t> address = std::nullopt) {
    the_plan = plan(board);
    make_dirs();
    image::Options options;
    options.load_address = address;
    auto read = image::read(file, options);
    ASSERT_TRUE(read) << read.error().message;
    firmware = std::move(*read);
    LaunchSpec spec;
    spec.engine_dir = engine_dir;
    spec.console_dir = console_dir;
    spec.images = {{"fw", "application", &firmware}};
    spec.start_paused = paused;
    if (at_minimum) spec.limits.memory_mb = the_plan.minimum_memory_mb;
    auto checked = check_images(the_plan, spec.images);
    ASSERT_TRUE(checked) << checked.error().message;
    auto launched = run(qemu->launch(io.get_executor(), the_plan, std::move(spec), nullptr));
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
    wait([&] { return console(name).find(text) != std::string::npos; }, fmt::format("\"{}\" on {}; it has: {}", text, name, console(name)));
  }
  void type(const std::string& name, std::string_view text) {
    auto bytes = as_bytes(text);
    auto written = run(engine->process().write(name, Bytes(bytes.begin(), bytes.end())));
    ASSERT_TRUE(written) << written.error().message;
  }
  void expect_exit(ExitCause cause) {
    wait([&] { return report.has_value(); }, "the exit");
    EXPECT_EQ(to_string(report->cause), to_string(cause)) << report->message << "\n" << report->output;
    EXPECT_EQ(std::ranges::count(kinds, EngineEvent::Kind::exited), 1);
  }
  static std::string firmware_file(const char* name) { return std::string(QEMU_TEST_FIRMWARE) + "/" + name; }

  asio::thread_pool pool{1};
  QemuConfig config;
  std::unique_ptr<Backend> qemu;
  std::filesystem::path root, engine_dir, console_dir;
  EnginePlan the_plan;
  image::Image firmware;
  std::unique_ptr<Engine> engine;
  std::vector<EngineEvent::Kind> kinds;
  std::vector<std::string> warnings;
  std::optional<ExitReport> report;
  int engines = 0;
  bool at_minimum = false;
};

}  // namespace virserver::backend
