// Which SkyEye is installed and what it has, asked of itself and kept.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backend/types.hpp"
#include "base/asio.hpp"
#include "base/error.hpp"

namespace virserver::backend::skyeye {

// Either `error` is set or the rest.
struct Installation {
  std::filesystem::path launcher;
  std::string version;                          // "1.3.5"
  bool commercial = false;                      // a later release by another maker, which has no such command line
  std::vector<std::string> machines;            // values of `mach:`, sorted
  std::vector<std::string> modules, options;    // names as it lists them
  std::vector<std::filesystem::path> needed;    // what must be readable besides /usr
  std::string error;
};

// The launcher that the configuration names, else `skyeye` in PATH; empty: there is none.
std::filesystem::path find_launcher(const std::filesystem::path& configured);

// What SkyEye prints to list-machines, list-modules and list-options. Pure.
struct Answers {
  std::string version;
  std::vector<std::string> machines, modules, options, files;  // files: of the modules
};
Answers read_answers(std::string_view output);

// A text that a later, commercial release prints of itself; its version, else "". Pure.
std::string commercial_version(std::string_view output);

// Asks in a probe process, which takes a tenth of a second; no guest code runs. Answers are kept by path and age of the launcher.
// Thread-safe.
class Library {
 public:
  explicit Library(std::chrono::milliseconds timeout) : timeout_(timeout) {}
  Task<std::shared_ptr<const Installation>> inspect(std::filesystem::path launcher, bool again_if_broken);

 private:
  std::chrono::milliseconds timeout_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Installation>> installations_;
};

// The answer of the API. `why_no_debugger`: its stub must not be started on this host; empty: it may.
BackendInfo describe(const Installation* installation, const std::string& absent_reason, const std::string& why_no_debugger);

}  // namespace virserver::backend::skyeye
