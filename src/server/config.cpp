#include "server/config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <thread>

#include "api/version.hpp"
#include "base/bytes.hpp"

namespace virserver::server {
namespace {

std::filesystem::path default_data() {
  if (::geteuid() == 0) return "/var/lib/virserver";
  if (const char* data = std::getenv("XDG_DATA_HOME"); data && *data) return std::filesystem::path(data) / "virserver";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home && *home ? home : "/tmp") / ".local/share/virserver";
}

// "127.0.0.1:8080", "[::1]:8080", ":8080", "8080"
std::string split_listen(const std::string& text, std::string& address, std::uint16_t& port) {
  const std::size_t colon = text.rfind(':');
  std::string host = colon == std::string::npos ? "" : text.substr(0, colon);
  const auto number = parse_u64(colon == std::string::npos ? text : text.substr(colon + 1));
  if (!number || *number > 65535) return fmt::format("'{}' is not ADDR:PORT, like 127.0.0.1:8080", text);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  if (!host.empty()) address = host;
  port = static_cast<std::uint16_t>(*number);
  return {};
}

bool is_loopback(const std::string& address) { return address.starts_with("127.") || address == "::1"; }

// The command line with what the environment adds to it: CLI11 itself would let the configuration file win over the environment.
std::vector<std::string> with_environment(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto given = [&](const std::string& option) {
    return std::any_of(argv + 1, argv + argc, [&](std::string_view each) { return each == option || each.starts_with(option + "="); });
  };
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = "--" + option->get_lnames().front();
    const char* value = option->get_envname().empty() ? nullptr : std::getenv(option->get_envname().c_str());
    if (value && *value && !given(name)) arguments.push_back(name + "=" + value);
  }
  std::ranges::reverse(arguments);  // as CLI11 takes them
  return arguments;
}

}  // namespace

ParsedConfig parse_config(int argc, char** argv) {
  Config config;
  std::string listen = "127.0.0.1:8080";
  config.data = default_data();

  CLI::App app{
      "VirServer: virtual boards for firmware, on QEMU, Renode and SkyEye, through one API.\n\n"
      "Without options it listens on 127.0.0.1:8080 and keeps everything below the data directory. Open\n"
      "http://127.0.0.1:8080/ in a browser, or use virctl.",
      "virserver"};
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.set_version_flag("--version", "virserver " + std::string(api::version));
  app.set_config("--config", "", "Read settings from FILE: lines `name = value`, names as the long options without the dashes")
      ->envname("VIRSERVER_CONFIG")->type_name("FILE");
  app.add_option("--listen", listen, "Address and port to listen on; port 0 takes a free one")
      ->envname("VIRSERVER_LISTEN")->type_name("ADDR:PORT")->capture_default_str();
  app.add_option("--data", config.data, "Directory for the database, programs and running sessions; made if missing")
      ->envname("VIRSERVER_DATA")->type_name("DIR")->capture_default_str();
  app.add_flag("--allow-remote", config.allow_remote,
               "Accept an address other than loopback. There is no access control yet: whoever can reach the port controls the server")
      ->envname("VIRSERVER_ALLOW_REMOTE");
  app.add_option("--threads", config.threads, "I/O threads; 0: one a processor, at most 4")->envname("VIRSERVER_THREADS")->check(CLI::Range(0, 64));
  app.add_option("--log-level", config.log_level, "Least level that is logged to stderr")
      ->envname("VIRSERVER_LOG_LEVEL")->check(CLI::IsMember({"debug", "info", "warn", "error"}))->capture_default_str();
  app.add_flag("--log-json", config.log_json, "Log JSON lines instead of text")->envname("VIRSERVER_LOG_JSON");
  app.add_option("--access-log", config.access_log, "Where each request is recorded as a JSON line: a file, `file` for DATA/access.log, - for stderr, or none")
      ->envname("VIRSERVER_ACCESS_LOG")->capture_default_str();
  app.add_option("--allow-host", config.allowed_hosts, "Further Host name that requests may carry (loopback names always may); may be repeated")
      ->envname("VIRSERVER_ALLOW_HOST")->type_name("NAME");
  app.add_option("--allow-origin", config.allowed_origins, "Origin of web pages that may use the API, like https://lab.example; may be repeated")
      ->envname("VIRSERVER_ALLOW_ORIGIN")->type_name("ORIGIN");
  app.add_option("--qemu-dir", config.qemu_dirs, "Directory with qemu-system-* to use instead of PATH; may be repeated")
      ->envname("VIRSERVER_QEMU_DIR")->type_name("DIR");
  app.add_option("--renode", config.renode, "Renode's launcher to use instead of the one in PATH")->envname("VIRSERVER_RENODE")->type_name("FILE");
  app.add_option("--own-platforms", config.own_platforms,
                 "Whether boards may bring a platform description for Renode, with code of their own; auto: where the sandbox is full and only this machine can reach the server")
      ->envname("VIRSERVER_OWN_PLATFORMS")->check(CLI::IsMember({"auto", "on", "off"}))->capture_default_str();
  app.add_flag("--platform-models", config.platform_models, "Such descriptions may also bring models in C#, which Renode compiles")->envname("VIRSERVER_PLATFORM_MODELS");
  app.add_option("--skyeye", config.skyeye, "SkyEye's launcher to use instead of the one in PATH")->envname("VIRSERVER_SKYEYE")->type_name("FILE");
  app.add_option("--shim", config.shim, "The virserver-shim executable; by default beside virserver or in ../libexec/virserver")
      ->envname("VIRSERVER_SHIM")->type_name("FILE");
  app.add_option("--sandbox", config.sandbox, "auto: full isolation where the host allows it; reduced: without namespaces")
      ->envname("VIRSERVER_SANDBOX")->check(CLI::IsMember({"auto", "reduced"}))->capture_default_str();
  app.add_flag("--allow-unsandboxed-tcp", config.allow_unsandboxed_tcp,
               "In a reduced sandbox, run emulators whose servers listen on every network interface (Renode) all the same; for single-user containers")
      ->envname("VIRSERVER_ALLOW_UNSANDBOXED_TCP");
  app.add_option("--sandbox-uid", config.sandbox_uid, "User id that emulators run as when the server is started as root")
      ->envname("VIRSERVER_SANDBOX_UID")->check(CLI::Range(1u, 4294967294u))->capture_default_str();
  app.add_option("--max-sessions", config.max_sessions, "Most sessions at a time")
      ->envname("VIRSERVER_MAX_SESSIONS")->check(CLI::Range(1, 100000))->capture_default_str();
  app.add_option("--prestart", config.prestart, "Sessions that keep a sandbox ready for a faster power-on")
      ->envname("VIRSERVER_PRESTART")->check(CLI::Range(0, 10000))->capture_default_str();
  app.add_option("--max-upload-mb", config.max_upload_mb, "Largest program that can be uploaded, in MiB")
      ->envname("VIRSERVER_MAX_UPLOAD_MB")->check(CLI::Range(1, 4096))->capture_default_str();
  app.add_option("--diagnosis-window-ms", config.diagnosis_window_ms,
                 "How long to look, now and then, for accesses to devices that are not emulated; 0 never looks")
      ->envname("VIRSERVER_DIAGNOSIS_WINDOW_MS")->check(CLI::Range(0, 1000))->capture_default_str();
  app.add_option("--diagnosis-interval-ms", config.diagnosis_interval_ms, "How often to look; while nothing new is seen, up to 8 times less often")
      ->envname("VIRSERVER_DIAGNOSIS_INTERVAL_MS")->check(CLI::Range(100, 3600000))->capture_default_str();
  app.add_flag("--private", config.private_server,
               "A server for one client: ends when stdin closes, and its boards end with it (what `virctl run` starts)");
  app.footer("Each option can be set by the environment variable named in its description, or in the configuration file.\n"
             "Exit status: 0 stopped by a signal, 1 could not start or failed, 2 wrong usage.");

  try {
    app.parse(with_environment(app, argc, argv));
    if (const std::string wrong = split_listen(listen, config.address, config.port); !wrong.empty())
      throw CLI::ValidationError("--listen", wrong);
    if (!is_loopback(config.address) && !config.allow_remote)
      throw CLI::ValidationError("--listen", fmt::format(
          "{} is not a loopback address and this version has no access control. Use 127.0.0.1 and a tunnel, or accept the risk with --allow-remote",
          config.address));
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return {config, status == 0 ? 0 : 2};
  }
  if (config.threads == 0) config.threads = std::clamp(std::thread::hardware_concurrency(), 1u, 4u);
  return {config, std::nullopt};
}

}  // namespace virserver::server
