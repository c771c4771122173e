// `virctl run`: a board for the life of one command.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.hpp"

namespace virserver::cli {

struct RunOptions {
  std::vector<std::string> models;
  std::string firmware, board, platform, backend = "auto", name, role, type, load_address, console_log;
  std::vector<std::string> until, fail, inputs, images;
  bool exit_code = false, keep = false;
  std::optional<std::chrono::nanoseconds> timeout, virtual_timeout;
};

// A further image: "ROLE:FILE[@ADDRESS]".
struct ExtraImage {
  std::string role, file, load_address;
};
Outcome<ExtraImage> parse_extra_image(const std::string& text);

// How a board that ended by itself counts. `until_given`: there were texts to wait for, and none came.
int status_of_end(const boost::json::value& session, bool until_given, bool guest_code);

Task<Outcome<int>> run_firmware(Context& context, RunOptions options);

}  // namespace virserver::cli
