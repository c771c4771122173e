#include "process/cgroup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <sstream>

#include "base/id.hpp"

namespace virserver::process {
namespace {

constexpr std::string_view kPrefix = "virserver-";
constexpr int kPeriodUs = 100'000;

bool write_value(const std::filesystem::path& file, std::string_view value) {
  const Fd fd(open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

// Controller ("" for v2) -> the directory of process `pid` in its hierarchy.
std::map<std::string, std::filesystem::path> groups_of(const std::string& pid) {
  std::map<std::string, std::filesystem::path> mounts, groups;
  std::ifstream mountinfo("/proc/self/mountinfo");
  for (std::string line; std::getline(mountinfo, line);) {
    std::istringstream fields(line);
    std::string skip, root, point, word, type, source, options;
    fields >> skip >> skip >> skip >> root >> point;
    while (fields >> word && word != "-") {}
    fields >> type >> source >> options;
    if (type == "cgroup2") mounts[""] = point;
    if (type != "cgroup") continue;
    std::istringstream list(options);
    for (std::string option; std::getline(list, option, ',');) mounts[option] = point;
  }
  std::ifstream own("/proc/" + pid + "/cgroup");
  for (std::string line; std::getline(own, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    std::istringstream list(line.substr(first + 1, second - first - 1));
    std::string path = line.substr(second + 1);
    if (second == first + 1 && mounts.contains("")) groups[""] = mounts[""] / path.substr(1);
    for (std::string controller; std::getline(list, controller, ',');)
      if (mounts.contains(controller)) groups[controller] = mounts[controller] / path.substr(1);
  }
  return groups;
}

bool has_word(const std::filesystem::path& file, const std::string& word) {
  std::ifstream in(file);
  for (std::string w; in >> w;)
    if (w == word) return true;
  return false;
}

// v2 gives controllers only to the children of a group without processes: a delegated server moves into a leaf first.
bool enable_v2(const std::filesystem::path& own, const std::string& controller) {
  if (!has_word(own / "cgroup.controllers", controller)) return false;
  if (has_word(own / "cgroup.subtree_control", controller)) return true;
  if (write_value(own / "cgroup.subtree_control", "+" + controller)) return true;
  std::error_code ec;
  const auto leaf = own / "virserver-server";
  std::filesystem::create_directory(leaf, ec);
  if (!write_value(leaf / "cgroup.procs", std::to_string(getpid()))) return false;
  return write_value(own / "cgroup.subtree_control", "+" + controller);
}

}  // namespace

Cgroup Cgroup::create(const Limits& limits) {
  Cgroup group;
  if (!limits.cpu_cores && !limits.memory_mb) return group;
  auto own = groups_of("self");
  const auto name = new_id("virserver");
  const auto make = [&](const std::filesystem::path& parent) -> std::filesystem::path {
    std::error_code ec;
    const auto dir = parent / name;
    if (std::filesystem::exists(dir, ec)) return dir;
    if (!std::filesystem::create_directory(dir, ec)) return {};
    group.dirs_.push_back(dir);
    return dir;
  };
  const auto bytes = std::to_string(limits.memory_mb.value_or(0) << 20);
  const auto quota = std::to_string(static_cast<long>(limits.cpu_cores.value_or(0) * kPeriodUs));
  if (own.contains("")) {
    auto base = own[""];
    if (base.filename() == "virserver-server") base = base.parent_path();
    if (limits.memory_mb && enable_v2(base, "memory")) {
      const auto dir = make(base);
      group.memory_ = !dir.empty() && write_value(dir / "memory.max", bytes);
    }
    if (limits.cpu_cores && enable_v2(base, "cpu")) {
      const auto dir = make(base);
      group.cpu_ = !dir.empty() && write_value(dir / "cpu.max", quota + " " + std::to_string(kPeriodUs));
    }
  }
  if (limits.memory_mb && !group.memory_ && own.contains("memory")) {
    const auto dir = make(own["memory"]);
    group.memory_ = !dir.empty() && write_value(dir / "memory.limit_in_bytes", bytes);
  }
  if (limits.cpu_cores && !group.cpu_ && own.contains("cpu")) {
    const auto dir = make(own["cpu"]);
    group.cpu_ = !dir.empty() && write_value(dir / "cpu.cfs_period_us", std::to_string(kPeriodUs)) &&
                 write_value(dir / "cpu.cfs_quota_us", quota);
  }
  return group;
}

Cgroup Cgroup::of_process(pid_t pid) {
  Cgroup group;
  for (const auto& [controller, dir] : groups_of(std::to_string(pid))) {
    const auto name = dir.filename().string();
    if (name.starts_with(kPrefix) && name != "virserver-server") group.dirs_.push_back(dir);
  }
  return group;
}

void Cgroup::add(pid_t pid) const {
  for (const auto& dir : dirs_) write_value(dir / "cgroup.procs", std::to_string(pid));
}

void Cgroup::remove() {
  for (const auto& dir : dirs_) rmdir(dir.c_str());
  dirs_.clear();
}

}  // namespace virserver::process
