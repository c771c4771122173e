// The programs of samples.cmake, and the lines of their sources.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "image/debug_info.hpp"

namespace virserver::image::testing {

inline std::filesystem::path sample_path(std::string_view name) {
  return std::filesystem::path(SAMPLES_DIR) / fmt::format("{}.elf", name);
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The line of samples/`file` that ends in "// line: MARKER"; 0 where there is none.
inline std::uint32_t line_of(std::string_view file, std::string_view marker) {
  std::ifstream source(std::filesystem::path(SAMPLES_SOURCE) / file);
  std::uint32_t number = 0;
  for (std::string line; std::getline(source, line);) {
    ++number;
    if (line.ends_with(fmt::format("// line: {}", marker))) return number;
  }
  ADD_FAILURE() << "no line " << marker << " in " << file;
  return 0;
}

inline std::shared_ptr<const DebugInfo> open_sample(std::string_view name) {
  auto info = DebugInfo::open(sample_path(name));
  if (!info) ADD_FAILURE() << name << ": " << info.error().message;
  return info ? *info : nullptr;
}

// Declares `info`, or skips where the compiler is not installed.
#define OPEN_SAMPLE(info, name) \
  if (!std::filesystem::exists(sample_path(name))) GTEST_SKIP() << "the cross compiler for " << (name) << " is not installed"; \
  const auto info = open_sample(name); \
  ASSERT_TRUE(info)

}  // namespace virserver::image::testing
