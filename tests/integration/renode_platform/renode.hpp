// Runs commands in a real Renode of its own: without network, with its own HOME and TMPDIR.
#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace virserver::test {

inline bool renode_installed() {
  std::istringstream path(std::getenv("PATH") ? std::getenv("PATH") : "");
  for (std::string dir; std::getline(path, dir, ':');)
    if (access((dir + "/renode").c_str(), X_OK) == 0) return true;
  return false;
}

#define NEEDS_RENODE                                                                         \
  if (!test::renode_installed()) {                                                           \
    std::fprintf(stderr, "NOT TESTED: renode is not installed; see docs/install.md\n"); \
    GTEST_SKIP() << "renode is not installed";                                               \
  }

class RenodeFolder {
 public:
  RenodeFolder() {
    char name[] = "/tmp/virserver-test-renode-XXXXXX";
    if (!mkdtemp(name)) std::abort();
    path_ = name;
    std::filesystem::create_directory(path_ / "home");
  }
  ~RenodeFolder() { std::filesystem::remove_all(path_); }
  RenodeFolder(const RenodeFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path_ / name) << text; }

  // The lines that `command` of load.py left in `result`; the last is "done", or it did not get to its end.
  std::vector<std::string> run(const std::string& command) const {
    const std::string line = fmt::format(
        "bwrap --dev-bind / / --unshare-net --unshare-pid --die-with-parent --setenv HOME {0}/home --setenv TMPDIR {0}/home "
        "renode --plain --disable-gui --hide-log --console -e \"include @{1}/load.py; {2} '{0}'; quit\" </dev/null >{0}/log 2>&1",
        path_.string(), SCRIPTS, command);
    [[maybe_unused]] const int status = std::system(line.c_str());
    std::vector<std::string> lines;
    std::ifstream file(path_ / "result");
    for (std::string text; std::getline(file, text);) lines.push_back(text);
    if (lines.empty() || lines.back() != "done") ADD_FAILURE() << "Renode did not finish:\n" << std::ifstream(path_ / "log").rdbuf();
    return lines;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace virserver::test
