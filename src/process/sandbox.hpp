// The command line that puts a shim into its sandbox.
#pragma once
#include <string>
#include <vector>

#include "process/engine_process.hpp"

namespace virserver::process {

// The shim is always started through this descriptor: it needs no path inside the sandbox, nor any that the
// unprivileged user could traverse.
inline constexpr int kShimFd = 3;

// bubblewrap's options up to and with "--", or nothing when reduced; preceded by setpriv when support.uid is set.
std::vector<std::string> sandbox_prefix(const HostConfig& config, const SandboxSupport& support, const PrepareSpec& spec);

// The whole command: prefix, shim, its arguments. `memory_by_rlimit`: no cgroup enforces limits.memory_mb.
std::vector<std::string> shim_command(const HostConfig& config, const SandboxSupport& support, const PrepareSpec& spec,
                                      bool memory_by_rlimit);

// The whole command of a program that runs in the sandbox without a shim, and ends with the thread that starts it. Gives
// spec.engine_dir, its working directory, to the sandbox user. In the reduced sandbox nothing confines it but that user.
// Errors: ENGINE_START_FAILED, STORAGE_ERROR.
Result<std::vector<std::string>> confined_command(const HostConfig& config, const SandboxSupport& support, const PrepareSpec& spec,
                                                  std::vector<std::string> argv);

// Gives the directories (and the server's own files directly in them) to the sandbox user, and checks that this user can
// reach every path of `spec`. Nothing to do without support.uid. Errors: ENGINE_START_FAILED naming the component.
Result<void> hand_over_directories(const SandboxSupport& support, const PrepareSpec& spec);
// The files directly in `dir` only: for what was written there after prepare.
void hand_over_files(const SandboxSupport& support, const std::filesystem::path& dir);

}  // namespace virserver::process
