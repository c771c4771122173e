// What status registers of a fault say, as sentences for the people who wrote the firmware: what happened, at which address,
// and what is usually behind it. Pure; values as the processor has them.
//
// Sources: Armv7-M and Armv8-M ARM (CFSR, HFSR, DFSR, SHCSR), Arm ARM for Armv7-A (DFSR and IFSR, short and long descriptor
// format) and for A-profile (ESR_ELx), RISC-V privileged architecture (mcause, mtval).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virserver::session {

struct FaultWords {
  std::string cause;                   // "data_abort", "store_page"; empty: no fault, or one that is not known
  std::string what;                    // one sentence without an end: "a store to an address that nothing is mapped to"
  std::vector<std::string> details;    // more sentences: what the status says, what is usually behind it
  std::optional<std::uint64_t> address;  // of the access or the jump
};

// Cortex-M: of the status registers (0 where the processor has none), what is usually behind the bits that are set, in the
// order of what to look at first. `stacked_pc` is where the fault came, if that is known.
struct CortexMStatus {
  std::uint32_t cfsr = 0, hfsr = 0, dfsr = 0, shcsr = 0, mmfar = 0, bfar = 0;
};
std::vector<std::string> cortex_m_advice(const CortexMStatus& status, std::optional<std::uint32_t> stacked_pc);

FaultWords arm_data_abort(std::uint32_t dfsr, std::uint64_t dfar);
FaultWords arm_prefetch_abort(std::uint32_t ifsr, std::uint64_t ifar);
FaultWords aarch64_exception(std::uint64_t esr, std::uint64_t far);
// `bits` is 32 or 64. Interrupts and calls of the system have words, but no cause.
FaultWords riscv_trap(std::uint64_t mcause, std::uint64_t mtval, unsigned bits);

// What an address looks like: a null pointer, a fill pattern, an odd one. Nothing for an ordinary address.
std::optional<std::string> address_hint(std::uint64_t address);

}  // namespace virserver::session
