// An engine directory, a console directory and coroutine plumbing for one test.
#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include "process/console_log.hpp"
#include "process/engine_process.hpp"

namespace virserver::process {

inline HostConfig host_config() {
  HostConfig config;
  config.shim = VIRSERVER_SHIM;
  return config;
}

inline const SandboxSupport& full_support() {
  static const SandboxSupport support = probe_sandbox(host_config());
  return support;
}

inline const SandboxSupport& reduced_support() {
  static const SandboxSupport support = [] {
    auto config = host_config();
    config.force_reduced = true;
    return probe_sandbox(config);
  }();
  return support;
}

// Every test runs in both kinds of sandbox where the host has both.
class ProcessTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    full = std::string_view(GetParam()) == "full";
    if (full && !full_support().full) GTEST_SKIP() << "no namespaces on this host: " << full_support().cause;
    char name[] = "/tmp/vs-process-XXXXXX";
    root = mkdtemp(name);
    std::filesystem::permissions(root, std::filesystem::perms(0711));
    make_dirs();
  }
  void TearDown() override {
    if (!root.empty()) std::filesystem::remove_all(root);
  }

  void make_dirs() {
    engine_dir = root / "engine";
    console_dir = root / "consoles";
    for (const auto& d : {engine_dir, console_dir}) {
      std::filesystem::create_directory(d);
      std::filesystem::permissions(d, std::filesystem::perms(0700));
    }
    child = engine_dir / "test_child";
    std::filesystem::copy_file(PROCESS_TEST_CHILD, child, std::filesystem::copy_options::overwrite_existing);
  }

  template <class Function>
  void run(Function body) {
    std::exception_ptr failure;
    bool ended = false;
    asio::co_spawn(io, std::move(body), [&](std::exception_ptr e) { failure = e, ended = true; });
    io.restart();
    io.run_for(std::chrono::seconds(60));
    ASSERT_TRUE(ended) << "the test did not end within a minute";
    if (failure) std::rethrow_exception(failure);
  }

  const SandboxSupport& support() const { return full ? full_support() : reduced_support(); }

  Task<std::unique_ptr<EngineProcess>> prepare(HostConfig config = host_config(), Limits limits = {}) {
    PrepareSpec spec;
    spec.engine_dir = engine_dir;
    spec.console_dir = console_dir;
    spec.limits = limits;
    auto engine = co_await EngineProcess::prepare(io.get_executor(), config, support(), spec);
    if (!engine) throw std::runtime_error(engine.error().message);
    listen(**engine);
    co_return std::move(*engine);
  }

  Task<std::unique_ptr<EngineProcess>> adopt() {
    auto engine = co_await EngineProcess::adopt(io.get_executor(), engine_dir, console_dir);
    if (!engine) throw std::runtime_error(engine.error().message);
    listen(**engine);
    co_return std::move(*engine);
  }

  void listen(EngineProcess& engine) {
    engine.on_output = [this](std::string_view console, std::uint64_t end) {
      ends[std::string(console)] = end;
      grown.cancel();
    };
  }

  ExecSpec command(std::vector<std::string> words) const {
    ExecSpec spec;
    spec.argv = {child.string()};
    spec.argv.insert(spec.argv.end(), words.begin(), words.end());
    ConsoleSpec console;
    console.name = "uart0";
    console.child_fd = 7;
    spec.consoles = {console};
    return spec;
  }

  Task<> exec(EngineProcess& engine, ExecSpec spec) {
    auto started = co_await engine.exec(std::move(spec));
    if (!started) throw std::runtime_error(started.error().message);
  }

  Task<> wait_output(std::string console, std::uint64_t end) {
    while (ends[console] < end) co_await grown.async_wait(tuple_awaitable);
  }

  std::string text(const std::string& console, std::uint64_t from = 0) const {
    const ConsoleLog log(console_dir, console);
    std::string all;
    for (;;) {
      const auto chunk = log.read(from, 256 << 10);
      if (!chunk || chunk->bytes.empty()) return all;
      all += as_text(chunk->bytes);
      from = chunk->offset + chunk->bytes.size();
    }
  }

  bool full = true;
  asio::io_context io{1};
  asio::steady_timer grown{io, asio::steady_timer::time_point::max()};
  std::map<std::string, std::uint64_t> ends;
  std::filesystem::path root, engine_dir, console_dir, child;
};

inline char pattern_byte(std::uint64_t at) { return static_cast<char>(at * 7 + (at >> 8)); }

}  // namespace virserver::process
