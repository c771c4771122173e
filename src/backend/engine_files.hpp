// Files that a backend puts into an engine's directory. The emulator may have changed what is there.
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace virserver::backend {

// Replaces the file; readable for the user the emulator runs as. Blocking. Errors: STORAGE_*.
Result<void> write_engine_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

// At most `max` bytes of a regular file, following no link; empty when there is none.
std::string read_engine_file(const std::filesystem::path& path, std::size_t max);

}  // namespace virserver::backend
