// Files that a backend puts into an engine's directory. The emulator may have changed what is there.
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace virserver::backend {

// Replaces the file; readable for the user the emulator runs as. Blocking. Errors: STORAGE_*.
Result<void> write_engine_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

// At most `max` bytes of a regular file, following no link; empty when there is none.
std::string read_engine_file(const std::filesystem::path& path, std::size_t max);

// What the emulator wrote for us: the bytes of a regular file of exactly `size` bytes, or it is no answer (ENGINE_PROTOCOL). The
// file is gone afterwards. Blocking.
Result<Bytes> take_engine_file(const std::filesystem::path& directory, const std::string& name, std::size_t size);

}  // namespace virserver::backend
