#include "process/sandbox.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "process/safe_open.hpp"

namespace virserver::process {
namespace {

using Strings = std::vector<std::string>;

template <class... Args>
void add(Strings& argv, Args&&... args) {
  (argv.emplace_back(std::forward<Args>(args)), ...);
}

// Whether the user `uid` (group of the same number, no others) may search the directory.
bool may_search(const struct stat& st, unsigned uid) {
  if (st.st_uid == uid) return st.st_mode & S_IXUSR;
  if (st.st_gid == uid) return st.st_mode & S_IXGRP;
  return st.st_mode & S_IXOTH;
}

Result<void> check_reachable(const std::filesystem::path& path, unsigned uid) {
  std::filesystem::path part;
  for (const auto& name : path.parent_path()) {
    part /= name;
    struct stat st {};
    if (stat(part.c_str(), &st) != 0)
      return fail(system_error(ErrorCode::STORAGE_ERROR, errno, fmt::format("cannot look at {}", part.string())));
    if (!may_search(st, uid))
      return fail(ErrorCode::ENGINE_START_FAILED,
                  "the sandbox user (uid {}) may not pass through {}, so it cannot use {}: run `chmod o+x {}`, choose "
                  "another --data directory, or start the server as an ordinary user",
                  uid, part.string(), path.string(), part.string());
  }
  return {};
}

}  // namespace

Strings sandbox_prefix(const HostConfig& config, const SandboxSupport& support, const PrepareSpec& spec) {
  Strings argv;
  if (support.uid) {
    const auto id = std::to_string(*support.uid);
    add(argv, "setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--");
  }
  if (!support.full) return argv;
  add(argv, config.bwrap.string(), "--unshare-user", "--unshare-all", "--cap-drop", "ALL", "--as-pid-1", "--new-session");
  if (support.no_nested_userns) add(argv, "--disable-userns");
  if (!spec.network_loopback_only) add(argv, "--share-net");
  add(argv, "--ro-bind", "/usr", "/usr");
  for (const char* path : {"/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin"}) {
    std::error_code ec;
    if (const auto target = std::filesystem::read_symlink(path, ec); !ec) add(argv, "--symlink", target.string(), path);
    else if (std::filesystem::is_directory(path, ec)) add(argv, "--ro-bind", path, path);
  }
  for (const char* path : {"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime"})
    add(argv, "--ro-bind-try", path, path);
  add(argv, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp");
  for (const auto& path : spec.read_only) add(argv, "--ro-bind", path.string(), path.string());
  for (const auto& path : {spec.engine_dir, spec.console_dir})
    if (!path.empty()) add(argv, "--bind", path.string(), path.string());
  add(argv, "--remount-ro", "/");
  if (!spec.engine_dir.empty()) add(argv, "--chdir", spec.engine_dir.string());
  add(argv, "--");
  return argv;
}

Strings shim_command(const HostConfig& config, const SandboxSupport& support, const PrepareSpec& spec, bool memory_by_rlimit) {
  Strings argv = sandbox_prefix(config, support, spec);
  add(argv, fmt::format("/proc/self/fd/{}", kShimFd), spec.engine_dir.string(), spec.console_dir.string());
  if (config.die_with_server) add(argv, "--die-with-server");
  if (memory_by_rlimit && spec.limits.memory_mb) add(argv, "--memory", std::to_string(*spec.limits.memory_mb << 20));
  if (spec.limits.file_size_mb) add(argv, "--file-size", std::to_string(spec.limits.file_size_mb << 20));
  if (!support.full) {
    add(argv, "--reduced");
    for (const auto& path : spec.read_only) add(argv, "--read-only", path.string());
  }
  return argv;
}

Result<Strings> confined_command(const HostConfig& config, const SandboxSupport& support, const PrepareSpec& spec, Strings argv) {
  if (auto ok = hand_over_directories(support, spec); !ok) return fail(ok.error());
  Strings command = sandbox_prefix(config, support, spec);
  if (support.full) command.insert(std::ranges::find(command, config.bwrap.string()) + 1, "--die-with-parent");
  command.insert(command.end(), std::make_move_iterator(argv.begin()), std::make_move_iterator(argv.end()));
  return command;
}

void hand_over_files(const SandboxSupport& support, const std::filesystem::path& path) {
  if (!support.uid) return;
  DIR* dir = opendir(path.c_str());
  if (!dir) return;
  while (const dirent* entry = readdir(dir)) {
    struct stat st {};
    if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || st.st_uid != geteuid()) continue;
    const bool plain = (S_ISREG(st.st_mode) && st.st_nlink == 1) || S_ISDIR(st.st_mode);
    if (plain && std::string_view(entry->d_name) != "." && std::string_view(entry->d_name) != "..")
      fchownat(dirfd(dir), entry->d_name, *support.uid, *support.uid, AT_SYMLINK_NOFOLLOW);
  }
  closedir(dir);
}

Result<void> hand_over_directories(const SandboxSupport& support, const PrepareSpec& spec) {
  if (!support.uid) return {};
  for (const auto& path : {spec.engine_dir, spec.console_dir}) {
    if (path.empty()) continue;
    if (auto ok = check_reachable(path, *support.uid); !ok) return ok;
    const Fd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd || fchown(fd.get(), *support.uid, *support.uid) != 0)
      return fail(system_error(ErrorCode::STORAGE_ERROR, errno, fmt::format("cannot give {} to the sandbox user", path.string())));
  }
  for (const auto& path : spec.read_only)
    if (auto ok = check_reachable(path, *support.uid); !ok) return ok;
  hand_over_files(support, spec.engine_dir);
  return {};
}

}  // namespace virserver::process
