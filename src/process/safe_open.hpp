// Opening what lies in a directory that an emulator can write to.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace virserver::process {

// A directory of the server's own choosing.
Result<Fd> open_directory(const std::filesystem::path& path);

// openat2 beneath `dir`, following no link and blocking on nothing. Returns an invalid Fd and errno on failure.
Fd open_beneath(int dir, const std::string& name, int flags);

// The content of a regular file of at most `max` bytes beneath `dir`; NOT_FOUND, or STORAGE_ERROR when it is anything else.
Result<std::string> read_small_file(int dir, const std::string& name, std::size_t max);

}  // namespace virserver::process
