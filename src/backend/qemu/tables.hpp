// What VirServer knows about QEMU's names: architectures of the executables, kinds of devices, machines by processor.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/architecture.hpp"

namespace virserver::backend::qemu {

// "arm" of qemu-system-arm; `other` for what VirServer has no name for.
Architecture architecture_of_target(std::string_view target);
// The executables that run an architecture, best first: "arm", "aarch64".
std::vector<std::string> targets_of(Architecture architecture);

// Debian's package with these executables: "qemu-system-arm".
std::string package_of(Architecture architecture);

// "cortex-m4-arm-cpu" -> "cortex-m4"; a name without such an ending stays.
std::string processor_of_type(std::string_view type);
// 'A', 'R', 'M' or 'C' (classic) for an Arm processor of QEMU's name, 0 if unknown or not Arm.
char arm_profile(std::string_view processor);
std::string vendor_of(std::string_view processor, Architecture architecture);

// uart, gpio, timer, spi, i2c, ... or "other", by the device's name.
std::string device_kind(std::string_view device);

// Machines worth trying for a processor (canonical id) and SoC when a board names none, best first.
std::vector<std::string> machines_for(std::string_view processor, std::string_view soc);

}  // namespace virserver::backend::qemu
