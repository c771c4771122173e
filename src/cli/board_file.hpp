// Board files that virctl writes.
#pragma once
#include <string>

#include "cli/failure.hpp"

namespace virserver::cli {

// Never over a file that is there, unless asked to.
Outcome<> write_board_file(const std::string& path, const std::string& content, bool force);

}  // namespace virserver::cli
