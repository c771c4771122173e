// Emulators that VirServer knows of but does not drive yet: they are reported, and refused with a reason.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.hpp"

namespace virserver::backend {

// Looks for one of `executables` in PATH; `install` says how to get it.
std::unique_ptr<Backend> make_absent(std::string name, std::vector<std::string> executables, std::string install);
std::unique_ptr<Backend> make_absent_skyeye();

// The first of `names` in PATH that can be executed; empty if none.
std::string find_executable(const std::vector<std::string>& names);

}  // namespace virserver::backend
