// virserver: the server.
#include <cstdio>
#include <exception>

#include "base/log.hpp"
#include "server/app.hpp"
#include "server/config.hpp"

int main(int argc, char** argv) {
  using namespace virserver;
  const auto [config, exit_status] = server::parse_config(argc, argv);
  if (exit_status) return *exit_status;
  log::set_json(config.log_json);
  log::set_level(config.log_level == "debug"  ? log::Level::debug
                 : config.log_level == "warn" ? log::Level::warn
                 : config.log_level == "error" ? log::Level::error
                                               : log::Level::info);
  try {
    return server::run(config);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "virserver: %s\n", error.what());
    return 1;
  }
}
