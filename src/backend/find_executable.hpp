// Programs in PATH.
#pragma once
#include <string>
#include <vector>

namespace virserver::backend {

// The first of `names` in PATH that can be executed; empty if none.
std::string find_executable(const std::vector<std::string>& names);

}  // namespace virserver::backend
