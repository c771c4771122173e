#include "backend/find_executable.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace virserver::backend {

std::string find_executable(const std::vector<std::string>& names) {
  const char* variable = std::getenv("PATH");
  std::string_view path = variable ? variable : "/usr/bin:/bin";
  while (!path.empty()) {
    const auto colon = path.find(':');
    const std::filesystem::path directory(path.substr(0, colon));
    path.remove_prefix(colon == path.npos ? path.size() : colon + 1);
    if (!directory.is_absolute()) continue;
    for (const auto& name : names) {
      std::error_code ec;
      const auto file = directory / name;
      if (std::filesystem::is_regular_file(file, ec) && ::access(file.c_str(), X_OK) == 0) return file.string();
    }
  }
  return {};
}

}  // namespace virserver::backend
