#include "server/app.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "api/api.hpp"
#include "backend/qemu/qemu.hpp"
#include "backend/renode/renode.hpp"
#include "backend/skyeye/skyeye.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "http/server.hpp"
#include "server/data_dir.hpp"

namespace virserver::server {
namespace {

namespace fs = std::filesystem;

// Runs a task to its end on `context`, which nobody else runs yet and which is kept from running out of work.
template <class T>
T complete(asio::io_context& context, Task<T> task) {
  auto future = asio::co_spawn(context, std::move(task), asio::use_future);
  while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) context.run_one();
  return future.get();
}

template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// Beside virserver (a build), or where an installation has it.
fs::path shim_path(const Config& config) {
  if (!config.shim.empty()) {
    if (!fs::exists(config.shim)) throw std::runtime_error(fmt::format("--shim: {} does not exist", config.shim.string()));
    return fs::absolute(config.shim);
  }
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  for (const char* place : {"virserver-shim", "../libexec/virserver/virserver-shim"})
    if (fs::exists(folder / place)) return (folder / place).lexically_normal();
  throw std::runtime_error(fmt::format("virserver-shim is neither in {0} nor in {0}/../libexec/virserver; name it with --shim", folder.string()));
}

std::string host_id(asio::io_context& context, store::Documents& documents) {
  if (const auto kept = value_or_throw(complete(context, documents.get("host_id")))) return std::string(kept->as_string());
  const std::string made = new_id("hst");
  value_or_throw(complete(context, documents.put("host_id", boost::json::value(made))));
  return made;
}

// What installed emulators said about themselves. A private server's data goes with it, and it must not ask anew each time.
fs::path cache_dir(const Config& config) {
  if (!config.private_server) return config.data / "cache";
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && fs::path(cache).is_absolute()) return fs::path(cache) / "virserver";
  if (const char* home = std::getenv("HOME"); home && fs::path(home).is_absolute()) return fs::path(home) / ".cache" / "virserver";
  return config.data / "cache";
}

std::vector<std::unique_ptr<backend::Backend>> make_backends(const Config& config, const process::HostConfig& host,
                                                             const process::SandboxSupport& sandbox, asio::thread_pool& pool) {
  backend::QemuConfig qemu;
  qemu.search = config.qemu_dirs;
  qemu.host = host;
  qemu.sandbox = sandbox;
  qemu.watch = {std::chrono::milliseconds(config.diagnosis_window_ms), std::chrono::milliseconds(config.diagnosis_interval_ms)};
  backend::RenodeConfig renode;
  renode.launcher = config.renode;
  renode.cache = cache_dir(config);
  renode.work = config.data / "probes";
  renode.host = host;
  renode.sandbox = sandbox;
  renode.allow_unsandboxed_tcp = config.allow_unsandboxed_tcp;
  renode.own_platforms = config.own_platforms == "on" || (config.own_platforms == "auto" && !config.allow_remote && sandbox.full);
  renode.own_models = config.platform_models;
  backend::SkyEyeConfig skyeye;
  skyeye.launcher = config.skyeye;
  skyeye.host = host;
  skyeye.sandbox = sandbox;
  std::vector<std::unique_ptr<backend::Backend>> backends;
  backends.push_back(backend::make_qemu(std::move(qemu), pool));
  backends.push_back(backend::make_renode(std::move(renode), pool));
  backends.push_back(backend::make_skyeye(std::move(skyeye), pool));
  return backends;
}

http::ServerConfig http_config(const Config& config) {
  http::ServerConfig http;
  http.address = config.address;
  http.port = config.port;
  http.allowed_hosts = config.allowed_hosts;
  http.allowed_origins = config.allowed_origins;
  http.max_upload_bytes = config.max_upload_mb << 20;
  http.access_log = config.access_log == "none" ? "" : config.access_log == "file" ? (config.data / "access.log").string() : config.access_log;
  return http;
}

// Completes at SIGINT, SIGTERM or, for a private server, when stdin ends.
Task<> wait_for_end(asio::signal_set& signals, bool private_server) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer done(executor, asio::steady_timer::time_point::max());
  std::unique_ptr<asio::posix::stream_descriptor> input;
  signals.async_wait([&](error_code ec, int) {
    if (!ec) done.cancel();
  });
  std::array<char, 256> ignored;
  std::function<void()> read = [&] {
    input->async_read_some(asio::buffer(ignored), [&](error_code ec, std::size_t) {
      if (ec == asio::error::operation_aborted) return;
      if (ec) done.cancel();
      else read();
    });
  };
  if (private_server) {
    input = std::make_unique<asio::posix::stream_descriptor>(executor, ::dup(0));
    read();
  }
  co_await done.async_wait(tuple_awaitable);
}

Task<> prune_forever(store::Idempotency& idempotency, store::Events& events) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    const auto pruned = co_await idempotency.prune(now() - std::chrono::hours(24));
    const auto kept = co_await events.prune(100'000);
    if (!pruned || !kept) log::warn("old rows could not be removed: {}", (pruned ? kept.error() : pruned.error()).message);
    timer.expires_after(std::chrono::hours(1));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

// The store works in order: when this has been answered, so has everything asked before.
Task<> rows_written(store::Events& events) { (void)co_await events.last_id(); }

}  // namespace

int run(const Config& given) {
  Config config = given;
  std::signal(SIGPIPE, SIG_IGN);
  const Fd lock = open_data_dir(config.data);
  config.data = fs::canonical(config.data);

  // Before what has threads of its own: those still let go of the contexts when their last work is done.
  std::vector<std::unique_ptr<asio::io_context>> contexts;
  std::vector<asio::io_context*> context_list;
  std::vector<asio::any_io_executor> executors;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> work;
  for (unsigned i = 0; i < config.threads; ++i) {
    contexts.push_back(std::make_unique<asio::io_context>(1));
    work.emplace_back(contexts.back()->get_executor());
    context_list.push_back(contexts.back().get());
    executors.push_back(contexts.back()->get_executor());
  }

  asio::thread_pool pool(2);  // blocking work
  const auto rows = store::open_sqlite(config.data / "virserver.db");
  const auto blobs = store::open_disk_blobs(config.data / "blobs", pool);
  store::Sessions sessions(*rows);
  store::Programs programs(*rows);
  store::Templates templates(*rows);
  store::Events event_rows(*rows);
  store::Idempotency idempotency(*rows);
  store::Documents documents(*rows);

  process::HostConfig host;
  host.shim = shim_path(config);
  host.die_with_server = config.private_server;
  host.force_reduced = config.sandbox == "reduced";
  host.sandbox_uid = config.sandbox_uid;
  const process::SandboxSupport sandbox = process::probe_sandbox(host);
  if (!sandbox.full) log::warn("engines run in a reduced sandbox: {}; {}", sandbox.cause, sandbox.remedy);

  asio::io_context& main_context = *contexts.front();
  asio::signal_set signals(main_context, SIGINT, SIGTERM);  // from here on a signal ends the server in order

  session::Backends backends(make_backends(config, host, sandbox, pool), executors.back());
  session::EventLog events(event_rows, main_context.get_executor());
  const session::Services services{pool, sessions, programs, *blobs, events, backends,
                                   session::Settings{config.data, host_id(main_context, documents), config.max_sessions, config.prestart,
                                                     config.max_upload_mb << 20, config.private_server}};
  session::Registry registry(services, executors);
  api::Metrics metrics;
  api::Context context{registry, backends, events, templates, *blobs, idempotency, metrics, sandbox, pool, config.data, config.max_upload_mb << 20};
  http::Server http(context_list, http_config(config), api::all_handlers(context),
                    [&metrics](const http::Access& access) { metrics.count(access); });

  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < contexts.size(); ++i) threads.emplace_back([&each = *contexts[i]] { each.run(); });

  TaskScope background(main_context.get_executor(), "server");
  std::exception_ptr failure;
  auto serve = [&]() -> Task<> {
    if (!config.private_server) backends.discover();
    value_or_throw(co_await registry.restore());
    http.start();
    context.ready = true;
    fmt::print("listening on http://{}:{}\n", config.address.find(':') == std::string::npos ? config.address : "[" + config.address + "]", http.port());
    std::fflush(stdout);
    background.spawn(registry.expire_forever());
    background.spawn(prune_forever(idempotency, event_rows));
    co_await wait_for_end(signals, config.private_server);
    log::info("stopping");
    context.stopping = true;
    co_await http.stop();
    co_await registry.stop();
    co_await background.stop();
    co_await rows_written(event_rows);
    // Asking the tools can take seconds more and leaves nothing behind: its processes end with this one.
    if (backends.discovering()) std::_Exit(0);
  };
  asio::co_spawn(main_context, serve(), [&](std::exception_ptr error) {
    failure = error;
    work.clear();
    for (auto& each : contexts) each->stop();
  });
  main_context.run();
  for (std::thread& thread : threads) thread.join();
  pool.join();
  if (failure) std::rethrow_exception(failure);
  return 0;
}

}  // namespace virserver::server
