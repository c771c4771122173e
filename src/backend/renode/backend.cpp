#include <boost/json.hpp>

#include "backend/emulator_output.hpp"
#include "backend/engine_files.hpp"
#include "backend/load_check.hpp"
#include "backend/renode/engine.hpp"
#include "backend/register_models.hpp"
#include "backend/renode/outside.hpp"
#include "backend/renode/plan.hpp"
#include "backend/renode/platform.hpp"
#include "backend/renode/renode.hpp"
#include "base/blocking.hpp"

namespace virserver::backend {

using namespace renode;

namespace {

constexpr std::string_view state_file = "run.txt";
constexpr const char* how_to_install = "get the Debian package from https://github.com/renode/renode/releases, or name its launcher with --renode";

RunState read_run_state(const std::filesystem::path& engine_dir) {
  return parse_run_state(read_engine_file(engine_dir / state_file, 1024)).value_or(RunState{});
}

std::string text_of(const EnginePlan& plan, const char* key) {
  const auto* value = plan.data.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::vector<Name> cpus_of(const EnginePlan& plan) {
  std::vector<Name> names;
  if (const auto* list = plan.data.if_contains("cpus"); list && list->is_array())
    for (const auto& entry : list->get_array())
      if (entry.is_string())
        if (auto name = Name::parse(std::string_view(entry.get_string()))) names.push_back(std::move(*name));
  return names;
}

// Where Renode refused a part of a platform that was made of the board: says which part it was.
Error with_place(const EnginePlan& plan, Error error) {
  const auto* list = plan.data.if_contains("pointers");
  if (!list || !list->is_array() || error.code != ErrorCode::ENGINE_START_FAILED || !error.message.contains(platform_file_name)) return error;
  std::vector<std::string> pointers;
  for (const auto& entry : list->get_array()) pointers.emplace_back(entry.is_string() ? std::string_view(entry.get_string()) : std::string_view());
  auto finding = explain_platform_error(error.message, pointers);
  error.message = finding.message;
  error.details["findings"] = boost::json::array{{{"severity", "error"}, {"pointer", finding.pointer}, {"message", finding.message}}};
  return error;
}

class Renode final : public Backend {
 public:
  Renode(RenodeConfig config, asio::thread_pool& pool)
      : config_(std::move(config)), pool_(pool), library_({config_.cache, config_.work, config_.probe_timeout, config_.host, config_.sandbox}) {}

  std::string_view name() const override { return "renode"; }

  Task<BackendInfo> discover() override {
    const auto launcher = find_launcher(config_.launcher);
    if (launcher.empty()) co_return describe(nullptr, absent());
    auto installation = co_await library_.inspect(launcher, true);
    co_return describe(installation.get(), exposed());
  }

  Task<Result<EnginePlan>> plan(const board::Board& board) override {
    if (board.nodes.size() != 1)
      co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "the board has {} nodes; this version of VirServer runs boards of one node on Renode", board.nodes.size());
    const auto launcher = find_launcher(config_.launcher);
    if (launcher.empty()) {
      Error error{ErrorCode::BACKEND_ABSENT, absent(), {{"backend", "renode"}, {"install", how_to_install}}};
      co_return fail(std::move(error));
    }
    auto installation = co_await library_.inspect(launcher, false);
    if (!installation->error.empty()) {
      Error error{ErrorCode::BACKEND_ABSENT, fmt::format("the installed Renode does not work: {}", installation->error), {{"backend", "renode"}}};
      co_return fail(std::move(error));
    }
    if (const auto why = exposed(); !why.empty()) {
      Error error{ErrorCode::UNSUPPORTED_BY_BACKEND, why, {{"backend", "renode"}}};
      co_return fail(std::move(error));
    }
    auto plan = co_await plan_on(board, installation);
    if (plan) plan_register_models(board, installation->version, Feature{false, "Renode has models of its own for devices"}, *plan);
    co_return plan;
  }

  Task<Result<std::unique_ptr<process::EngineProcess>>> prepare(asio::any_io_executor executor, const EnginePlan& plan, process::PrepareSpec spec) override {
    if (const auto why = exposed(); !why.empty()) co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "{}", why);
    if (const auto* readable = plan.data.if_contains("readable"); readable && readable->is_array())
      for (const auto& path : readable->get_array())
        if (path.is_string()) spec.read_only.emplace_back(std::string_view(path.get_string()));
    co_return co_await process::EngineProcess::prepare(executor, config_.host, config_.sandbox, std::move(spec));
  }

  Task<Result<std::unique_ptr<Engine>>> launch(asio::any_io_executor executor, const EnginePlan& plan, LaunchSpec spec,
                                               std::unique_ptr<process::EngineProcess> prepared) override;
  Task<Result<std::unique_ptr<Engine>>> adopt(asio::any_io_executor executor, const EnginePlan& plan, std::filesystem::path engine_dir,
                                              std::filesystem::path console_dir) override;

  ExitReport ended(const EnginePlan&, const std::filesystem::path& engine_dir, const std::filesystem::path& console_dir) override {
    Witness witness;
    witness.attended = false;
    return explain_exit(process::EngineProcess::read_exit(engine_dir), witness, emulator_output(console_dir, read_run_state(engine_dir).output_offset));
  }

 private:
  Task<Result<EnginePlan>> plan_on(const board::Board& board, std::shared_ptr<const Installation> installation) {
    const auto& node = board.nodes.front();
    if (const auto own = own_platform(node)) {
      if (auto allowed = allow(*own); !allowed) co_return pass(allowed);
      auto platform = co_await library_.own_platform(installation, own->files());
      if (!platform) co_return pass(platform);
      co_return plan_platform(board, *installation, {}, **platform, own);
    }
    if (!names_platform(node)) co_return plan_generated(board, *installation);
    auto file = platform_file(node, *installation);
    if (!file) co_return pass(file);
    auto platform = co_await library_.platform(installation, *file);
    if (!platform) co_return pass(platform);
    co_return plan_platform(board, *installation, *file, **platform);
  }

  Result<void> allow(const OwnPlatform& own) const {
    const auto refuse = [](const char* member, const char* why) {
      const Finding finding{Severity::error, fmt::format("/nodes/0/targets/renode/{}", member), why};
      return fail(unplannable({finding}, fmt::format("Renode cannot run this board: {}", why)));
    };
    if (!config_.own_platforms) return refuse("platform_text", "this server takes no platforms of its users. Who runs it may allow them (--own-platforms on)");
    if (!own.models.empty() && !config_.own_models) return refuse("models", "this server compiles no models of its users. Who runs it may allow them (--platform-models)");
    return {};
  }
  std::string absent() const {
    if (config_.launcher.empty()) return fmt::format("renode is not installed; {}", how_to_install);
    return fmt::format("renode is not installed: {} does not exist; {}", config_.launcher.string(), how_to_install);
  }
  // Why its TCP servers must not be started on this host; empty: they may.
  std::string exposed() const {
    if (config_.sandbox.full || config_.allow_unsandboxed_tcp) return {};
    return fmt::format("Renode's servers listen on every network interface, and this host gives no network of their own to emulators: {}; {}. Where nobody "
                       "else can reach or use this host, --allow-unsandboxed-tcp accepts that",
                       config_.sandbox.cause, config_.sandbox.remedy);
  }
  Task<Result<void>> start(RenodeEngine& engine, const EnginePlan& plan, std::vector<Step> load, const LaunchSpec& spec);
  RenodeEngine::Options options(const EnginePlan& plan, RunState run, std::filesystem::path engine_dir, std::filesystem::path console_dir) const {
    RenodeEngine::Options options;
    options.engine_dir = std::move(engine_dir);
    options.console_dir = std::move(console_dir);
    options.version = text_of(plan, "version");
    options.run = std::move(run);
    options.memory = plan.memory;
    options.devices = plan.devices;
    options.big_endian = plan.big_endian;
    options.cpus = cpus_of(plan);
    options.command_timeout = config_.command_timeout;
    return options;
  }

  RenodeConfig config_;
  asio::thread_pool& pool_;
  Library library_;
};

Task<> discard(std::unique_ptr<process::EngineProcess> process) {
  if (!process) co_return;
  co_await process->kill();
  co_await process->stop();
}

Task<Result<std::unique_ptr<Engine>>> Renode::launch(asio::any_io_executor executor, const EnginePlan& plan, LaunchSpec spec,
                                                     std::unique_ptr<process::EngineProcess> prepared) {
  auto ports = choose_ports(plan.consoles.size(), config_.sandbox.full);
  auto load = load_images(plan, spec.images);
  if (!ports || !load) {
    co_await discard(std::move(prepared));
    if (!ports) co_return pass(ports);
    co_return pass(load);
  }
  RunState run;
  run.ports = std::move(*ports);
  for (const auto& [name, offset] : spec.console_offsets)
    if (name == "emulator") run.output_offset = offset;
  auto write_files = [&spec, &load, &run, &plan]() -> Result<void> {
    for (const auto& file : platform_files(plan))
      if (auto written = write_engine_file(spec.engine_dir / file.name, as_bytes(file.text)); !written) return written;
    if (auto written = write_engine_file(spec.engine_dir / machine_script, as_bytes(script_text(machine_script))); !written) return written;
    for (const auto& file : load->files)
      if (auto written = write_engine_file(spec.engine_dir / file.name, file.bytes); !written) return written;
    return write_engine_file(spec.engine_dir / state_file, as_bytes(to_text(run)));
  };
  auto written = co_await blocking(pool_, write_files);
  if (!written) {
    co_await discard(std::move(prepared));
    co_return pass(written);
  }
  for (int attempt = 0;; ++attempt) {
    if (!prepared) {
      process::PrepareSpec prepare_spec;
      prepare_spec.engine_dir = spec.engine_dir;
      prepare_spec.console_dir = spec.console_dir;
      prepare_spec.limits = spec.limits;
      auto made = co_await prepare(executor, plan, std::move(prepare_spec));
      if (!made) co_return pass(made);
      prepared = std::move(*made);
    }
    auto exec = exec_spec(plan, spec, run.ports);
    auto started = co_await prepared->exec(std::move(exec));
    if (!started) {
      co_await discard(std::move(prepared));
      co_return pass(started);
    }
    auto engine = std::make_unique<RenodeEngine>(executor, std::move(prepared), options(plan, run, spec.engine_dir, spec.console_dir));
    auto done = co_await start(*engine, plan, load->steps, spec);
    if (done) co_return engine;
    // About one start in fifty, more on a loaded host.
    const bool again = attempt < 3 && engine->server_did_not_open();
    co_await engine->process().kill();
    co_await engine->stop();
    if (!again) co_return pass(done);
  }
}

Task<Result<void>> Renode::start(RenodeEngine& engine, const EnginePlan& plan, std::vector<Step> load, const LaunchSpec& spec) {
  auto connected = co_await engine.connect(config_.start_timeout);
  if (!connected) co_return connected;
  auto steps = set_up(plan, engine.ports(), spec.deterministic);
  if (!steps) co_return pass(steps);
  for (auto& step : load) steps->push_back(std::move(step));
  auto done = co_await engine.perform(std::move(*steps), config_.start_timeout);
  if (!done) done.error() = with_place(plan, std::move(done.error()));
  if (!done || spec.start_paused) co_return done;
  co_return co_await engine.resume();
}

Task<Result<std::unique_ptr<Engine>>> Renode::adopt(asio::any_io_executor executor, const EnginePlan& plan, std::filesystem::path engine_dir,
                                                    std::filesystem::path console_dir) {
  auto process = co_await process::EngineProcess::adopt(executor, engine_dir, console_dir);
  if (!process) co_return pass(process);
  auto engine = std::make_unique<RenodeEngine>(executor, std::move(*process), options(plan, read_run_state(engine_dir), engine_dir, console_dir));
  auto connected = co_await engine->connect(config_.command_timeout);
  if (connected) connected = co_await engine->ask_state();
  if (!connected) {
    co_await engine->process().kill();
    co_await engine->stop();
    co_return pass(connected);
  }
  co_return engine;
}

}  // namespace

std::unique_ptr<Backend> make_renode(RenodeConfig config, asio::thread_pool& pool) {
  return std::make_unique<Renode>(std::move(config), pool);
}

}  // namespace virserver::backend
