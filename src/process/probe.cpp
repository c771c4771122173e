// Finds out, by trying, how well this host can confine an engine.
#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "process/sandbox.hpp"
#include "process/spawn.hpp"

namespace virserver::process {
namespace {

struct Trial {
  bool ok = false;
  std::string output;
};

// Runs the command to its end, at most ten seconds.
Trial try_command(const std::vector<std::string>& argv, int shim) {
  auto child = spawn(argv, shim);
  if (!child) return {false, child.error().message};
  Trial trial;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd p{child->output.get(), POLLIN, 0};
    if (left.count() <= 0 || poll(&p, 1, static_cast<int>(left.count())) == 0) {
      kill(child->pid, SIGKILL);
      trial.output += "it did not end within 10 seconds";
      break;
    }
    char buffer[1024];
    const ssize_t n = read(child->output.get(), buffer, sizeof buffer);
    if (n == 0) break;
    if (n > 0 && trial.output.size() < 4096) trial.output.append(buffer, static_cast<std::size_t>(n));
  }
  int status = 0;
  waitpid(child->pid, &status, 0);
  trial.ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  while (!trial.output.empty() && trial.output.back() == '\n') trial.output.pop_back();
  return trial;
}

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

void explain(const HostConfig& config, const std::string& output, SandboxSupport& support) {
  std::error_code ec;
  const bool container = std::filesystem::exists("/.dockerenv", ec) || std::filesystem::exists("/run/.containerenv", ec) ||
                         getenv("KUBERNETES_SERVICE_HOST") || getenv("container");
  if (output.find("cannot start") != output.npos || output.find("failed to execute") != output.npos ||
      output.find("No such file or directory: " + config.bwrap.string()) != output.npos) {
    support.cause = fmt::format("bubblewrap ({}) is not installed", config.bwrap.string());
    support.remedy = "install it: apt install bubblewrap";
  } else if (first_line("/proc/sys/user/max_user_namespaces") == "0") {
    support.cause = "user namespaces are switched off (user.max_user_namespaces is 0)";
    support.remedy = "sysctl -w user.max_user_namespaces=15000";
  } else if (first_line("/proc/sys/kernel/unprivileged_userns_clone") == "0" && geteuid() != 0) {
    support.cause = "unprivileged user namespaces are switched off (kernel.unprivileged_userns_clone is 0)";
    support.remedy = "sysctl -w kernel.unprivileged_userns_clone=1";
  } else if (first_line("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
    support.cause = "AppArmor restricts user namespaces (kernel.apparmor_restrict_unprivileged_userns is 1, Ubuntu 24.04's default)";
    support.remedy = "give bwrap an AppArmor profile with `userns,`, or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
  } else if (container) {
    support.cause = "the container's security profile forbids namespaces";
    support.remedy = "start it with --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
                     "--security-opt systempaths=unconfined, or give the pod such a profile";
  } else {
    support.cause = "bubblewrap cannot create its namespaces on this host";
    support.remedy = "allow unprivileged user namespaces, or nesting of them when this already runs in one";
  }
  if (!output.empty()) support.cause += ": " + output;
}

}  // namespace

SandboxSupport probe_sandbox(const HostConfig& config) {
  SandboxSupport support;
  support.landlock = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
  const Fd shim(open(config.shim.c_str(), O_RDONLY | O_CLOEXEC));
  if (!shim) {
    support.cause = fmt::format("the supervisor {} cannot be opened", config.shim.string());
    support.remedy = "install virserver-shim next to virserver";
    return support;
  }
  const auto program = [&](const SandboxSupport& with) {
    auto argv = sandbox_prefix(config, with, {});
    argv.push_back(fmt::format("/proc/self/fd/{}", kShimFd));
    argv.push_back("--probe");
    return argv;
  };
  if (geteuid() == 0) {  // in a user namespace of one's own there may be no other user to become
    SandboxSupport other_user;
    other_user.uid = config.sandbox_uid;
    if (try_command(program(other_user), shim.get()).ok) support.uid = config.sandbox_uid;
  }
  if (config.force_reduced) {
    support.cause = "the configuration says `sandbox: reduced`";
    support.remedy = "remove that setting";
    return support;
  }
  SandboxSupport wanted = support;
  wanted.full = wanted.no_nested_userns = true;
  if (try_command(program(wanted), shim.get()).ok) return wanted;
  wanted.no_nested_userns = false;
  const Trial trial = try_command(program(wanted), shim.get());
  if (trial.ok) return wanted;
  explain(config, trial.output, support);
  return support;
}

}  // namespace virserver::process
