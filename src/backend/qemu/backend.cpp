#include <boost/json.hpp>

#include <sys/stat.h>

#include <mutex>

#include "backend/emulator_output.hpp"
#include "backend/engine_files.hpp"
#include "backend/load_check.hpp"
#include "backend/qemu/command_line.hpp"
#include "backend/qemu/discover.hpp"
#include "backend/qemu/engine.hpp"
#include "backend/qemu/plan.hpp"
#include "backend/qemu/qemu.hpp"
#include "backend/qemu/tables.hpp"
#include "process/console_log.hpp"
#include "base/blocking.hpp"

namespace virserver::backend {

using namespace qemu;

namespace {

constexpr std::string_view state_file = "run.txt";  // where this run's output begins, for a server that comes later

// A wrong number at most misplaces the shown output.
std::uint64_t read_output_offset(const std::filesystem::path& engine_dir) {
  return parse_u64(read_engine_file(engine_dir / state_file, 32)).value_or(0);
}

std::string version_of(const EnginePlan& plan) {
  const auto* version = plan.data.if_contains("version");
  return version && version->is_string() ? std::string(version->get_string()) : std::string();
}

// Emulators that an earlier version started have no log for the guest watch.
bool is_pipe(const std::filesystem::path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISFIFO(info.st_mode);
}

class Qemu final : public Backend {
 public:
  Qemu(QemuConfig config, asio::thread_pool& pool) : config_(std::move(config)), pool_(pool) {}

  std::string_view name() const override { return "qemu"; }

  Task<BackendInfo> discover() override {
    auto paths = find_binaries(config_.search);
    std::vector<std::shared_ptr<const Binary>> found(paths.size());
    auto executor = co_await asio::this_coro::executor;
    // Two at a time: more only makes each slower on a small host.
    struct Progress {
      std::size_t next = 0, workers = 2;
      asio::steady_timer done;
    };
    auto progress = std::make_shared<Progress>(Progress{0, 2, asio::steady_timer(executor, asio::steady_timer::time_point::max())});
    auto worker = [](Qemu* self, std::vector<std::filesystem::path>* list, std::vector<std::shared_ptr<const Binary>>* into,
                     std::shared_ptr<Progress> shared) -> Task<> {
      while (shared->next < list->size()) {
        const auto i = shared->next++;
        (*into)[i] = co_await self->binary((*list)[i], true);
      }
      if (--shared->workers == 0) shared->done.cancel();
    };
    // Serialised even when the caller's executor has several threads.
    auto strand = asio::make_strand(executor);
    auto all = [](auto strand_executor, auto work, Qemu* self, auto* list, auto* into, auto shared) -> Task<> {
      asio::co_spawn(strand_executor, work(self, list, into, shared), asio::detached);
      asio::co_spawn(strand_executor, work(self, list, into, shared), asio::detached);
      while (shared->workers > 0) co_await shared->done.async_wait(tuple_awaitable);
    };
    co_await run_on(strand, all(strand, worker, this, &paths, &found, progress));
    co_return describe(found);
  }

  Task<Result<EnginePlan>> plan(const board::Board& board) override {
    if (board.nodes.size() == 1) {
      std::vector<std::shared_ptr<const Binary>> usable;
      std::string broken;
      const auto paths = find_binaries(config_.search);
      const auto architecture = board.nodes.front().processor.architecture;
      for (const auto& target : targets_of(architecture))
        for (const auto& path : paths) {
          if (path.filename() != "qemu-system-" + target || !usable.empty()) continue;
          auto found = co_await binary(path, false);
          if (found->error.empty()) usable.push_back(std::move(found));
          else broken = fmt::format("{}: {}", path.string(), found->error);
        }
      if (usable.empty()) {
        Error error = absent(architecture, broken);
        co_return std::unexpected(std::move(error));
      }
      co_return co_await plan_board(board, std::move(usable), facts_);
    }
    co_return co_await plan_board(board, {}, facts_);
  }

  Task<Result<std::unique_ptr<process::EngineProcess>>> prepare(asio::any_io_executor executor, const EnginePlan& plan,
                                                                process::PrepareSpec spec) override {
    const auto* path = plan.data.if_contains("binary");
    if (path && path->is_string() && !std::string_view(path->get_string()).starts_with("/usr/")) {
      // A QEMU elsewhere, with what belongs to it: PREFIX/bin, PREFIX/share/qemu, PREFIX/lib/qemu.
      const auto folder = std::filesystem::path(std::string_view(path->get_string())).parent_path();
      spec.read_only.push_back(folder);
      for (const char* part : {"share/qemu", "lib/qemu"})
        if (std::error_code ec; std::filesystem::is_directory(folder.parent_path() / part, ec)) spec.read_only.push_back(folder.parent_path() / part);
    }
    co_return co_await process::EngineProcess::prepare(executor, config_.host, config_.sandbox, std::move(spec));
  }

  Task<Result<std::unique_ptr<Engine>>> launch(asio::any_io_executor executor, const EnginePlan& plan, LaunchSpec spec,
                                               std::unique_ptr<process::EngineProcess> prepared) override;
  Task<Result<std::unique_ptr<Engine>>> adopt(asio::any_io_executor executor, const EnginePlan& plan,
                                              std::filesystem::path engine_dir, std::filesystem::path console_dir) override;

  ExitReport ended(const EnginePlan& plan, const std::filesystem::path& engine_dir, const std::filesystem::path& console_dir) override {
    Witness witness;
    witness.attended = false;
    witness.semihosting = plan.semihosting;
    return explain_exit(process::EngineProcess::read_exit(engine_dir), witness, emulator_output(console_dir, read_output_offset(engine_dir)));
  }

 private:
  // What an executable said, asked again only when the file changed or (refresh) it was broken.
  Task<std::shared_ptr<const Binary>> binary(std::filesystem::path path, bool refresh) {
    std::error_code ec;
    const auto changed = std::filesystem::last_write_time(path, ec);
    {
      std::lock_guard lock(mutex_);
      auto found = binaries_.find(path);
      if (found != binaries_.end() && found->second.changed == changed && !(refresh && !found->second.binary->error.empty()))
        co_return found->second.binary;
    }
    auto binary = co_await inspect(path, config_.probe_timeout);
    std::lock_guard lock(mutex_);
    binaries_[path] = {changed, binary};
    co_return binary;
  }

  static Error absent(Architecture architecture, const std::string& broken) {
    if (!broken.empty())
      return Error{ErrorCode::BACKEND_ABSENT, fmt::format("the QEMU for this board does not work: {}", broken), {{"backend", "qemu"}}};
    const auto targets = targets_of(architecture);
    if (targets.empty())
      return Error{ErrorCode::UNSUPPORTED_BY_BACKEND, "VirServer has no QEMU for the board's processor", {{"backend", "qemu"}}};
    const auto package = package_of(architecture);
    return Error{ErrorCode::BACKEND_ABSENT,
                 fmt::format("qemu-system-{} is not installed; install it with: apt-get install {}", targets.front(), package),
                 {{"backend", "qemu"}, {"install", package}}};
  }

  struct Known {
    std::filesystem::file_time_type changed;
    std::shared_ptr<const Binary> binary;
  };
  QemuConfig config_;
  asio::thread_pool& pool_;
  std::mutex mutex_;
  std::map<std::filesystem::path, Known> binaries_;
  FactsCache facts_;
};

Task<Result<std::unique_ptr<Engine>>> Qemu::launch(asio::any_io_executor executor, const EnginePlan& plan, LaunchSpec spec,
                                                   std::unique_ptr<process::EngineProcess> prepared) {
  auto discard = [](std::unique_ptr<process::EngineProcess>& process) -> Task<> {
    if (!process) co_return;
    co_await process->kill();
    co_await process->stop();
  };
  spec.console_offsets.emplace_back(GuestWatch::console, process::ConsoleLog(spec.console_dir, GuestWatch::console).end());
  std::uint64_t output_offset = 0;
  for (const auto& [name, offset] : spec.console_offsets)
    if (name == "emulator") output_offset = offset;

  auto write_files = [&plan, &spec, output_offset]() -> Result<void> {
    for (const auto& file : region_files(spec.images))
      if (auto written = write_engine_file(spec.engine_dir / file.name, *file.bytes); !written) return written;
    if (const auto* stub = stub_for(plan, spec.images)) {
      const Bytes bytes = stub->bytes(start_address(plan, spec.images).value_or(stub->address));
      if (auto stubbed = write_engine_file(spec.engine_dir / stub_file, bytes); !stubbed) return stubbed;
    }
    return write_engine_file(spec.engine_dir / state_file, as_bytes(std::to_string(output_offset)));
  };
  auto written = co_await blocking(pool_, write_files);
  if (!written) {
    co_await discard(prepared);
    co_return pass(written);
  }
  if (!prepared) {
    process::PrepareSpec prepare_spec;
    prepare_spec.engine_dir = spec.engine_dir;
    prepare_spec.console_dir = spec.console_dir;
    prepare_spec.limits = spec.limits;
    auto made = co_await prepare(executor, plan, std::move(prepare_spec));
    if (!made) co_return pass(made);
    prepared = std::move(*made);
  }

  const bool confined = prepared->sandbox().mode == "full" || config_.sandbox.landlock;
  auto line = command_line(plan, spec, confined);
  process::ExecSpec exec;
  exec.argv = std::move(line.argv);
  exec.env = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
  exec.consoles = std::move(line.consoles);
  exec.emulator_first_offset = output_offset;
  auto started = co_await prepared->exec(std::move(exec));
  if (!started) {
    co_await discard(prepared);
    co_return pass(started);
  }
  QemuEngine::Options options;
  options.engine_dir = spec.engine_dir;
  options.version = version_of(plan);
  options.console_dir = spec.console_dir;
  options.output_offset = output_offset;
  options.semihosting = plan.semihosting && confined;
  options.command_timeout = config_.command_timeout;
  options.watch = config_.watch;
  options.guest_log = true;
  auto engine = std::make_unique<QemuEngine>(executor, std::move(prepared), std::move(options));
  if (plan.semihosting && !confined)
    engine->warn("semihosting is off: this host's sandbox cannot keep its file calls inside the session");
  auto connected = co_await engine->connect(config_.start_timeout);
  if (!connected) {
    co_await engine->process().kill();
    co_await engine->stop();
    co_return pass(connected);
  }
  co_return engine;
}

Task<Result<std::unique_ptr<Engine>>> Qemu::adopt(asio::any_io_executor executor, const EnginePlan& plan,
                                                  std::filesystem::path engine_dir, std::filesystem::path console_dir) {
  auto process = co_await process::EngineProcess::adopt(executor, engine_dir, console_dir);
  if (!process) co_return pass(process);
  QemuEngine::Options options;
  options.engine_dir = engine_dir;
  options.version = version_of(plan);
  options.console_dir = console_dir;
  options.output_offset = read_output_offset(engine_dir);
  options.semihosting = plan.semihosting;
  options.command_timeout = config_.command_timeout;
  options.watch = config_.watch;
  options.guest_log = is_pipe(engine_dir / GuestWatch::pipe);
  auto engine = std::make_unique<QemuEngine>(executor, std::move(*process), std::move(options));
  auto connected = co_await engine->connect(config_.start_timeout);
  if (!connected) {
    co_await engine->process().kill();
    co_await engine->stop();
    co_return pass(connected);
  }
  co_return engine;
}

}  // namespace

std::unique_ptr<Backend> make_qemu(QemuConfig config, asio::thread_pool& pool) {
  return std::make_unique<Qemu>(std::move(config), pool);
}

}  // namespace virserver::backend
