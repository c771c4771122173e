// The settings of virserver: command line over environment (VIRSERVER_*) over configuration file over defaults.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace virserver::server {

struct Config {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;
  std::filesystem::path data;
  bool allow_remote = false;
  unsigned threads = 0;  // 0: as many as processors, at most 4
  std::string log_level = "info";
  bool log_json = false;
  std::string access_log = "file";  // file: DATA/access.log; -: stderr; none
  std::vector<std::string> allowed_hosts, allowed_origins;
  std::vector<std::filesystem::path> qemu_dirs;
  std::filesystem::path renode;  // launcher; empty: in PATH
  std::filesystem::path skyeye;  // launcher; empty: in PATH
  bool allow_unsandboxed_tcp = false;
  std::string own_platforms = "auto";  // auto: on a loopback address, with a full sandbox; on; off
  bool platform_models = false;
  std::filesystem::path shim;
  std::string sandbox = "auto";     // auto, reduced
  unsigned sandbox_uid = 65534;
  std::size_t max_sessions = 1024;
  std::size_t prestart = 16;
  std::uint64_t max_upload_mb = 256;
  unsigned diagnosis_window_ms = 20;      // 0: never
  unsigned diagnosis_interval_ms = 1000;
  bool private_server = false;
};

// Prints help, version or what is wrong, and returns the exit status instead, when there is nothing to run.
struct ParsedConfig {
  Config config;
  std::optional<int> exit_status;
};
ParsedConfig parse_config(int argc, char** argv);

}  // namespace virserver::server
