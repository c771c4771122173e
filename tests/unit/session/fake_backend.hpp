// A backend without an emulator, for the session's own logic: what it answers is set by the test.
#pragma once
#include <deque>
#include <map>

#include "backend/backend.hpp"
#include "board/templates.hpp"

namespace virserver::session::testing {

class FakeProcess : public process::EngineProcess {
 public:
  process::SandboxInfo sandbox() const override { return {"full", ""}; }
  pid_t pid() const override { return 1; }
  bool executed() const override { return true; }
  Task<Result<void>> exec(process::ExecSpec) override { co_return Result<void>{}; }
  Task<Result<Fd>> dial(std::string, std::chrono::milliseconds) override { co_return fail(ErrorCode::ENGINE_TIMEOUT, "fake"); }
  Task<Result<Fd>> dial(std::uint16_t, std::chrono::milliseconds) override { co_return fail(ErrorCode::ENGINE_TIMEOUT, "fake"); }
  Task<Result<void>> write(std::string console, Bytes bytes) override {
    typed[console] += as_text(bytes);
    co_return Result<void>{};
  }
  Task<process::ExitStatus> wait_exit() override { co_return process::ExitStatus{}; }
  void terminate() override {}
  Task<> kill() override { co_return; }
  Task<> stop() override { co_return; }

  std::map<std::string, std::string> typed;
};

class FakeEngine : public backend::Engine {
 public:
  explicit FakeEngine(std::unique_ptr<process::EngineProcess> process) : process_(std::move(process)) {}

  process::EngineProcess& process() override { return *process_; }
  Task<Result<void>> pause() override {
    paused_ = true;
    co_return Result<void>{};
  }
  Task<Result<void>> resume() override {
    paused_ = false;
    co_return Result<void>{};
  }
  Task<Result<void>> reset() override {
    paused_ = false;
    co_return Result<void>{};
  }
  bool paused() const override { return paused_; }
  Task<> power_off(std::chrono::milliseconds) override {
    end(backend::ExitCause::powered_off);
    co_return;
  }
  Task<> stop() override { co_return; }
  Task<Result<void>> begin_span(std::uint64_t nanoseconds, bool at_full_speed) override {
    ++spans_begun;
    span_ns = nanoseconds;
    fast = at_full_speed;
    co_return Result<void>{};
  }
  Task<Result<bool>> span_over() override {
    if (looks_left == 0 || --looks_left > 0) co_return false;
    time_ns += span_ns;
    co_return true;
  }
  Task<Result<void>> end_span() override {
    ++spans_ended;
    if (!paused_ && looks_left == 0 && stands_at_end) paused_ = true;
    co_return Result<void>{};
  }
  std::optional<std::uint64_t> virtual_time_ns() const override { return time_ns; }

  void end(backend::ExitCause cause, std::optional<int> code = {}) {
    if (std::exchange(ended_, true)) return;
    backend::ExitReport report;
    report.cause = cause;
    report.exit_code = code;
    report.message = "it ended";
    backend::EngineEvent event{backend::EngineEvent::Kind::exited, "", report};
    if (on_event) on_event(event);
  }

  // Of spans: the machine comes to stand at the look that takes this to 0; 0: it never does.
  unsigned looks_left = 3;
  bool stands_at_end = true, fast = false;
  std::uint64_t time_ns = 1000, span_ns = 0;
  unsigned spans_begun = 0, spans_ended = 0;

 private:
  std::unique_ptr<process::EngineProcess> process_;
  bool paused_ = false, ended_ = false;
};

class FakeBackend : public backend::Backend {
 public:
  std::string_view name() const override { return "qemu"; }
  Task<backend::BackendInfo> discover() override {
    backend::BackendInfo info;
    info.name = "qemu";
    info.status = backend::Status::available;
    for (const char* feature : backend::feature_names) info.features[feature] = {able, able ? "" : "the fake cannot do this"};
    co_return info;
  }
  Task<Result<backend::EnginePlan>> plan(const board::Board&) override {
    backend::EnginePlan plan;
    plan.backend = "qemu";
    plan.architecture = Architecture::arm;
    plan.memory = {{"ram", 0, 0x10000, true}};
    plan.consoles = {{"uart0", "", 0}};
    plan.default_console = "uart0";
    plan.minimum_memory_mb = 64;
    co_return plan;
  }
  Task<Result<std::unique_ptr<process::EngineProcess>>> prepare(asio::any_io_executor, const backend::EnginePlan&,
                                                                process::PrepareSpec) override {
    co_return std::make_unique<FakeProcess>();
  }
  Task<Result<std::unique_ptr<backend::Engine>>> launch(asio::any_io_executor executor, const backend::EnginePlan&, backend::LaunchSpec spec,
                                                        std::unique_ptr<process::EngineProcess> prepared) override {
    ++launches;
    loaded.clear();
    for (const backend::LoadImage& image : spec.images) loaded.push_back(image.name);
    if (delay.count() > 0) {
      asio::steady_timer timer(executor, delay);
      co_await timer.async_wait(tuple_awaitable);
    }
    if (launch_error) co_return fail(*launch_error);
    auto made = std::make_unique<FakeEngine>(std::move(prepared));
    engine = made.get();
    if (spec.start_paused) co_await made->pause();
    co_return made;
  }
  Task<Result<std::unique_ptr<backend::Engine>>> adopt(asio::any_io_executor, const backend::EnginePlan&, std::filesystem::path,
                                                       std::filesystem::path) override {
    if (!adoptable) co_return fail(ErrorCode::NOT_FOUND, "it has ended");
    auto made = std::make_unique<FakeEngine>(std::make_unique<FakeProcess>());
    engine = made.get();
    co_return made;
  }
  backend::ExitReport ended(const backend::EnginePlan&, const std::filesystem::path&, const std::filesystem::path&) override {
    backend::ExitReport report;
    report.cause = backend::ExitCause::killed;
    report.message = "it was killed while no server ran";
    return report;
  }

  bool able = false;  // of everything, as it says when it is asked
  int launches = 0;
  std::vector<std::string> loaded;  // names of the images of the last launch
  std::chrono::milliseconds delay{0};
  std::optional<Error> launch_error;
  bool adoptable = false;
  FakeEngine* engine = nullptr;  // of the last launch
};

}  // namespace virserver::session::testing
