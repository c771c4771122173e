#include <boost/json.hpp>

#include "backend/emulator_output.hpp"
#include "backend/engine_files.hpp"
#include "backend/skyeye/engine.hpp"
#include "backend/skyeye/load_elf.hpp"
#include "backend/skyeye/plan.hpp"
#include "backend/skyeye/skyeye.hpp"
#include "base/blocking.hpp"

namespace virserver::backend {

using namespace skyeye;

namespace {

constexpr const char* how_to_install = "build SkyEye 1.3.5 from https://github.com/michaekang/skyeye, or name its launcher with --skyeye";

RunState read_run_state(const std::filesystem::path& engine_dir) { return parse_run_state(read_engine_file(engine_dir / state_file, 1024)); }

Task<> discard(std::unique_ptr<process::EngineProcess> process) {
  if (!process) co_return;
  co_await process->kill();
  co_await process->stop();
}

class SkyEye final : public Backend {
 public:
  SkyEye(SkyEyeConfig config, asio::thread_pool& pool) : config_(std::move(config)), pool_(pool), library_(config_.probe_timeout) {}

  std::string_view name() const override { return "skyeye"; }

  Task<BackendInfo> discover() override {
    const auto launcher = find_launcher(config_.launcher);
    if (launcher.empty()) co_return describe(nullptr, absent(), "");
    auto installation = co_await library_.inspect(launcher, true);
    co_return describe(installation.get(), "", why_no_debugger());
  }

  Task<Result<EnginePlan>> plan(const board::Board& board) override {
    if (board.nodes.size() != 1)
      co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "the board has {} nodes; a SkyEye process has one machine", board.nodes.size());
    auto refuse = [](std::string why) {
      Error error{ErrorCode::BACKEND_ABSENT, std::move(why), {{"backend", "skyeye"}, {"install", how_to_install}}};
      return fail(std::move(error));
    };
    const auto launcher = find_launcher(config_.launcher);
    if (launcher.empty()) co_return refuse(absent());
    auto installation = co_await library_.inspect(launcher, false);
    if (!installation->error.empty()) co_return refuse(fmt::format("the installed SkyEye does not work: {}", installation->error));
    if (installation->commercial) co_return refuse(describe(installation.get(), "", "").reason);
    co_return plan_board(board, *installation);
  }

  Task<Result<std::unique_ptr<process::EngineProcess>>> prepare(asio::any_io_executor executor, const EnginePlan& plan, process::PrepareSpec spec) override {
    for (auto& path : readable_paths(plan)) spec.read_only.push_back(std::move(path));
    co_return co_await process::EngineProcess::prepare(executor, config_.host, config_.sandbox, std::move(spec));
  }

  Task<Result<std::unique_ptr<Engine>>> launch(asio::any_io_executor executor, const EnginePlan& plan, LaunchSpec spec,
                                               std::unique_ptr<process::EngineProcess> prepared) override;
  Task<Result<std::unique_ptr<Engine>>> adopt(asio::any_io_executor executor, const EnginePlan& plan, std::filesystem::path engine_dir,
                                              std::filesystem::path console_dir) override;

  ExitReport ended(const EnginePlan&, const std::filesystem::path& engine_dir, const std::filesystem::path& console_dir) override {
    return explain_exit(process::EngineProcess::read_exit(engine_dir), Witness{}, emulator_output(console_dir, read_run_state(engine_dir).output_offset));
  }

 private:
  std::string absent() const {
    if (config_.launcher.empty()) return fmt::format("skyeye is not installed; {}", how_to_install);
    return fmt::format("skyeye is not installed: {} does not exist; {}", config_.launcher.string(), how_to_install);
  }
  std::string why_no_debugger() const {
    if (config_.sandbox.full) return {};
    return fmt::format("SkyEye's debug stub listens on every network interface, and this host gives no network of their own to emulators: {}; {}", config_.sandbox.cause,
                       config_.sandbox.remedy);
  }
  SkyEyeEngine::Options options(asio::any_io_executor executor, const EnginePlan& plan, process::PrepareSpec sandbox, RunState run) {
    SkyEyeEngine::Options options;
    options.plan = plan;
    const auto* version = plan.data.if_contains("version");
    options.version = version && version->is_string() ? std::string(version->get_string()) : "";
    options.run = run;
    options.debugger = config_.sandbox.full;
    options.start_timeout = config_.start_timeout;
    options.command_timeout = config_.command_timeout;
    options.sandbox = std::move(sandbox);
    options.prepare = [this, executor, plan](process::PrepareSpec next) { return prepare(executor, plan, std::move(next)); };
    return options;
  }

  SkyEyeConfig config_;
  asio::thread_pool& pool_;
  Library library_;
};

Task<Result<std::unique_ptr<Engine>>> SkyEye::launch(asio::any_io_executor executor, const EnginePlan& plan, LaunchSpec spec,
                                                     std::unique_ptr<process::EngineProcess> prepared) {
  RunState run;
  for (const auto& [name, offset] : spec.console_offsets)
    if (name == "emulator") run.output_offset = offset;
  auto conf = conf_text(plan);
  auto write_files = [&spec, &plan, &conf, &run]() -> Result<void> {
    auto written = write_engine_file(spec.engine_dir / conf_file, as_bytes(*conf));
    if (written) written = write_engine_file(spec.engine_dir / image_file, make_elf(plan, spec.images));
    if (written) written = write_engine_file(spec.engine_dir / state_file, as_bytes(to_text(run)));
    return written;
  };
  Result<void> ready;
  if (!conf) ready = pass(conf);
  else ready = co_await blocking(pool_, write_files);
  process::PrepareSpec sandbox;
  sandbox.engine_dir = spec.engine_dir;
  sandbox.console_dir = spec.console_dir;
  sandbox.limits = spec.limits;
  if (ready && !prepared) {
    auto made = co_await prepare(executor, plan, sandbox);
    if (made) prepared = std::move(*made);
    else ready = pass(made);
  }
  if (ready) {
    auto exec = exec_spec(plan, spec.console_offsets);
    ready = co_await prepared->exec(std::move(exec));
  }
  if (!ready) {
    co_await discard(std::move(prepared));
    co_return pass(ready);
  }
  auto engine = std::make_unique<SkyEyeEngine>(executor, std::move(prepared), options(executor, plan, std::move(sandbox), run));
  auto done = co_await engine->start();
  if (done && !spec.start_paused) done = co_await engine->resume();
  if (done) co_return engine;
  co_await engine->process().kill();
  co_await engine->stop();
  co_return pass(done);
}

Task<Result<std::unique_ptr<Engine>>> SkyEye::adopt(asio::any_io_executor executor, const EnginePlan& plan, std::filesystem::path engine_dir,
                                                    std::filesystem::path console_dir) {
  auto process = co_await process::EngineProcess::adopt(executor, engine_dir, console_dir);
  if (!process) co_return pass(process);
  process::PrepareSpec sandbox;
  sandbox.engine_dir = engine_dir;
  sandbox.console_dir = console_dir;
  auto engine = std::make_unique<SkyEyeEngine>(executor, std::move(*process), options(executor, plan, std::move(sandbox), read_run_state(engine_dir)));
  auto done = co_await engine->take_over();
  if (done) co_return engine;
  co_await engine->process().kill();
  co_await engine->stop();
  co_return pass(done);
}

}  // namespace

std::unique_ptr<Backend> make_skyeye(SkyEyeConfig config, asio::thread_pool& pool) { return std::make_unique<SkyEye>(std::move(config), pool); }

}  // namespace virserver::backend
