// The command line of virserver-shim.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace virserver::shim {

struct Options {
  std::string engine_dir;
  std::string console_dir;
  bool reduced = false;          // no namespaces around us: confine by Landlock
  bool die_with_server = false;  // end the emulator when the server's connection ends
  std::uint64_t memory = 0;      // bytes of RLIMIT_DATA for the emulator, 0: none
  std::uint64_t file_size = 0;   // bytes of RLIMIT_FSIZE for the emulator, 0: none
  std::vector<std::string> read_only;  // reduced: paths the emulator may read and execute
};

}  // namespace virserver::shim
