// The answers of machine.py: devices, time, spans of time.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "backend/devices.hpp"

namespace virserver::backend::renode {

inline constexpr std::string_view machine_script = "machine.py";  // in the engine's directory

// Devices on the system bus are told without its name: "gpioPortA.UserButton". At most 4096 properties; what does not read
// as one is left out.
std::vector<DeviceState> parse_devices(std::string_view text);
std::vector<DeviceChange> parse_changes(std::string_view text);

struct MachineTime {
  std::uint64_t nanoseconds = 0;
  bool span = false;    // one is under way
  bool stands = false;  // the machine, whatever the emulation does
};
std::optional<MachineTime> parse_machine_time(std::string_view text);
// "Elapsed Virtual Time: 00:00:01.503000000" of `emulation GetTimeSourceInfo`, in nanoseconds.
std::optional<std::uint64_t> parse_elapsed_time(std::string_view text);

// It printed that it came to its end.
bool said_all(std::string_view text);

}  // namespace virserver::backend::renode
