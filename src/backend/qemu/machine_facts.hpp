// What a machine really is once it exists: its memory, devices, processor and serial ports. QEMU tells only of a started one.
#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backend/types.hpp"
#include "base/asio.hpp"
#include "base/error.hpp"

namespace virserver::backend::qemu {

// The choices that decide what the machine is; all parts are checked names, never text of a user.
struct MachineChoice {
  std::filesystem::path binary;
  std::string version;   // part of the cache key
  std::string machine;
  std::vector<std::string> options;  // of -M
  std::string processor;             // of -cpu; empty: the machine's own
  std::string memory;                // of -m; empty: the machine's own
  unsigned cores = 1;
  bool bios_none = false;
  bool no_audio = false;             // newer QEMU does not start a machine with sound unless told that there is none
  std::string firmware;              // file for -bios, of machines that refuse to start without one

  std::vector<std::string> arguments() const;  // -M ... -cpu ... -m ... -smp ... -bios
};

struct MachineFacts {
  std::vector<MemoryRegion> memory;
  std::vector<DeviceRegion> devices;  // sorted by address
  std::string processor;           // of the first processor, QEMU's name
  unsigned cores = 1;
  std::uint64_t ram_size = 0;      // of -m; 0: of machines whose memory is fixed, and then the loader loads nothing
  std::uint64_t host_memory_mb = 0;  // private memory of QEMU before the guest runs, its RAM included
  std::vector<unsigned> serials;   // numbers of -serial that reach a port of the machine
};

// Remembers what was asked before (at most 256 machines). Thread-safe; the probing runs on the caller's executor.
class FactsCache {
 public:
  // Error: BOARD_UNPLANNABLE with QEMU's own words where it refuses the combination; ENGINE_TIMEOUT.
  Task<Result<std::shared_ptr<const MachineFacts>>> get(MachineChoice choice, std::chrono::milliseconds timeout);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const MachineFacts>> known_;
};

// The serial ports asked for; more are not looked at.
inline constexpr unsigned max_serials = 8;

// The last line of QEMU's error output that is an error, without the program's name; empty if there is none.
std::string error_line(std::string_view output);

}  // namespace virserver::backend::qemu
