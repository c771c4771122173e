// The `monitor` commands that the bridge itself understands: the words of OpenOCD and its kin that tools send.
#pragma once
#include <string>
#include <string_view>

namespace virserver::gdb {

enum class MonitorWord {
  emulator,    // none of ours: for the emulator's own monitor
  help,
  version,
  reset,       // a halted machine stays halted
  reset_halt,  // also `reset init`
  reset_run,
  halt,
  resume,      // also `go`
};
MonitorWord parse_monitor(std::string_view command);

std::string monitor_help(std::string_view emulator);

}  // namespace virserver::gdb
