#include "process/spawn.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>

namespace virserver::process {
namespace {
std::mutex abandoned_mutex;
std::vector<pid_t> abandoned;
}  // namespace

Result<Spawned> spawn(const std::vector<std::string>& argv, int inherited) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(system_error(ErrorCode::ENGINE_START_FAILED, errno, "cannot make a pipe"));
  Spawned result;
  result.output.reset(ends[0]);
  const Fd child_end(ends[1]);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  posix_spawn_file_actions_adddup2(&actions, inherited, 3);
  posix_spawn_file_actions_addclosefrom_np(&actions, 4);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<char*> pointers;
  for (const auto& a : argv) pointers.push_back(const_cast<char*>(a.c_str()));
  pointers.push_back(nullptr);
  const char* path = getenv("PATH");
  std::string path_variable = std::string("PATH=") + (path ? path : "/usr/bin:/bin:/usr/sbin:/sbin");
  std::string locale = "LC_ALL=C";
  char* environment[] = {path_variable.data(), locale.data(), nullptr};
  const int error = posix_spawnp(&result.pid, pointers[0], &actions, &attributes, pointers.data(), environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error)
    return fail(system_error(ErrorCode::ENGINE_START_FAILED, error, fmt::format("cannot start {}", argv[0])));
  return result;
}

void abandon_child(pid_t pid) {
  const std::lock_guard lock(abandoned_mutex);
  abandoned.push_back(pid);
}

void reap_abandoned() {
  const std::lock_guard lock(abandoned_mutex);
  std::erase_if(abandoned, [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; });
}

}  // namespace virserver::process
