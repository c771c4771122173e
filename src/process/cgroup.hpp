// A control group of one engine: CPU quota and memory limit where the host lets us set them.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <vector>

#include "process/engine_process.hpp"

namespace virserver::process {

class Cgroup {
 public:
  // Makes a group beneath the server's own (v2, else v1 controllers) with as many of the limits as the host allows.
  static Cgroup create(const Limits& limits);
  // The group an adopted engine lives in, if it is one of ours.
  static Cgroup of_process(pid_t pid);

  bool limits_memory() const { return memory_; }
  bool limits_cpu() const { return cpu_; }
  void add(pid_t pid) const;
  void remove();  // once its processes are gone

 private:
  std::vector<std::filesystem::path> dirs_;
  bool memory_ = false, cpu_ = false;
};

}  // namespace virserver::process
