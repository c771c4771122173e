// Which Renode is installed and what it has, asked of itself; remembered on disk, because asking takes seconds.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "backend/renode/probe.hpp"
#include "backend/types.hpp"

namespace virserver::backend::renode {

// Either `error` is set or the rest.
struct Installation {
  std::filesystem::path launcher;
  std::string version;  // "1.16.1"
  ProbeFacts facts;     // "install" and "types"
  std::string error;
};

// The launcher that the configuration names, else `renode` in PATH; empty: there is none.
std::filesystem::path find_launcher(const std::filesystem::path& configured);

// What must be readable for it to run, besides /usr: the launcher itself, Renode's program, its platforms, the runtime.
std::vector<std::filesystem::path> needed_paths(const Installation& installation);

// Asks installations, and loads platforms in confined probe processes, each in a directory of its own below `work`, where
// nothing of an earlier server's is left. Answers are kept in memory and, by version and by the age of the launcher and its
// program, in `cache`; a file there that cannot be read is asked again. Thread-safe.
class Library {
 public:
  struct Settings {
    std::filesystem::path cache, work;
    std::chrono::milliseconds timeout;
    process::HostConfig host;
    process::SandboxSupport sandbox;
  };
  explicit Library(Settings settings);

  Task<std::shared_ptr<const Installation>> inspect(std::filesystem::path launcher, bool again_if_broken);

  struct Platform {
    ProbeFacts facts;     // peripherals, cpus, ranges
    std::string warning;  // what Renode complained of although the platform can be used
  };
  // `file`: below Renode's platforms. Errors: BOARD_UNPLANNABLE with Renode's words, those of ask_renode.
  Task<Result<std::shared_ptr<const Platform>>> platform(std::shared_ptr<const Installation> installation, std::string file);
  // A description of a user's, platform_file_name, and the models in C# that it uses. Without a full sandbox their code runs with the
  // rights of the sandbox user, or of the server.
  Task<Result<std::shared_ptr<const Platform>>> own_platform(std::shared_ptr<const Installation> installation, std::vector<SourceFile> files);

 private:
  struct Source {
    std::string key;                // what the answer is remembered by
    std::string file;               // that Renode loads
    std::vector<SourceFile> files;  // of a user's; none: Renode ships the file
  };
  Task<Result<std::shared_ptr<const Platform>>> load(std::shared_ptr<const Installation> installation, Source source);

  const Settings settings_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Installation>> installations_;
  std::map<std::string, std::shared_ptr<const Platform>> platforms_;
};

// The answer of the API.
BackendInfo describe(const Installation* installation, const std::string& absent_reason);

// What processor a shipped platform has, read from its description and what that includes; nothing if it does not say.
struct PlatformHint {
  std::string processor;  // Renode's word: "cortex-m4f", or the type when it has no model: "IbexRiscV32"
  std::string architecture;
};
std::optional<PlatformHint> read_platform_hint(const std::filesystem::path& root, const std::string& file);

}  // namespace virserver::backend::renode
