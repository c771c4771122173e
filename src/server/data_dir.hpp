// The data directory: one server at a time.
#pragma once
#include <filesystem>

#include "base/fd.hpp"

namespace virserver::server {

// Creates the directory (traversable, not listable: emulators run as another user when the server is root) and takes
// its lock. Throws std::runtime_error with a sentence for the user.
Fd open_data_dir(const std::filesystem::path& dir);

}  // namespace virserver::server
