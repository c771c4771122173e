// What an emulator itself printed, as its shim kept it.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace virserver::backend {

// The kept end of it, at most 64 KiB, from `offset`.
std::string emulator_output(const std::filesystem::path& console_dir, std::uint64_t offset);

}  // namespace virserver::backend
