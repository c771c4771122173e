// Renode's words for things in VirServer's.
#pragma once
#include <string>
#include <string_view>

#include "base/architecture.hpp"

namespace virserver::backend::renode {

// Kind of a peripheral by its .NET type: "Antmicro.Renode.Peripherals.UART.STM32_UART" is a uart.
std::string kind_of_type(std::string_view type);
// "STM32_UART" of the type above.
std::string short_type(std::string_view type);

// By ICPU.Architecture: "arm-m", "riscv64".
Architecture architecture_of(std::string_view architecture);
// Arm profile by Renode's name of the processor ("cortex-m4f"): 'A', 'R', 'M', 'C' or 0.
char profile_of(std::string_view model);
// BoardConfig's name of the processor: "cortex-m4" of "cortex-m4f", "rv32" of "rv32imac_zicsr"; else as it is.
std::string processor_id(std::string_view model, Architecture architecture);

}  // namespace virserver::backend::renode
