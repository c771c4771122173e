// Which QEMU is installed and what it has, asked of the executables themselves.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "backend/types.hpp"
#include "base/asio.hpp"
#include "base/error.hpp"

namespace virserver::backend::qemu {

struct MachineEntry {
  std::string name, description;
  std::string default_processor;  // QEMU's processor name; empty where QEMU does not say before the start
  unsigned max_cores = 1;
};

// One executable. Either `error` is set or the rest.
struct Binary {
  std::filesystem::path path;
  std::string target;   // "arm" of qemu-system-arm
  Architecture architecture = Architecture::other;
  std::string version;  // "7.2.22"
  std::string package;  // what the distribution adds, may be empty
  std::vector<MachineEntry> machines;
  std::vector<std::pair<std::string, std::string>> processors;  // name, type
  std::vector<std::pair<std::string, std::string>> devices;     // name, parent type
  std::vector<std::string> buses;
  std::string error;

  const MachineEntry* find_machine(std::string_view name) const;
};

// Every qemu-system-* in `directories`, else in PATH; the first of a name counts. Sorted by name. Blocking, short.
std::vector<std::filesystem::path> find_binaries(const std::vector<std::filesystem::path>& directories);

// Asks one executable; never fails, a QEMU that does not answer within `timeout` is killed and `error` says so.
Task<std::shared_ptr<const Binary>> inspect(std::filesystem::path path, std::chrono::milliseconds timeout);

// Whether accesses to modelled registers are played.
Feature register_model_player();

// The answer of the API for these executables.
BackendInfo describe(const std::vector<std::shared_ptr<const Binary>>& binaries);

}  // namespace virserver::backend::qemu
