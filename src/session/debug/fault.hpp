// Faults in words: what the fault status registers of a processor say. Pure.
// Sources: Armv7-M ARM B3.2.15 (CFSR), B3.2.16 (HFSR), B3.2.17-19; Armv8-M ARM (SFSR); RISC-V privileged specification, mcause.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/architecture.hpp"
#include "session/debug/types.hpp"

namespace virserver::session {

struct FaultView {
  enum class Source { none, machine, exit } source = Source::none;
  bool faulted = false;
  std::string cause;                      // "bus_fault"; empty when none
  std::string summary;                    // one sentence
  std::vector<std::string> explanation;   // a sentence each
  std::map<std::string, std::uint64_t> status_registers;
  std::optional<std::uint64_t> fault_address;
  image::Registers registers;             // where the fault came
  std::optional<CodeLocation> location;
  std::string instruction;                // the faulting one; may be empty
  std::vector<FrameView> backtrace;
  std::string at;                         // when the emulator ended
};

// Cortex-M. A register that the processor does not have is 0.
struct CortexMFault {
  std::uint32_t cfsr = 0, hfsr = 0, dfsr = 0, mmfar = 0, bfar = 0, afsr = 0, sfsr = 0, sfar = 0, shcsr = 0;
  unsigned exception = 0;           // the active one, xPSR[8:0]
  std::optional<std::uint32_t> pc;  // where the fault came, if its frame is known
};
// Fills cause, summary, explanation, status registers, fault address and `faulted`.
void explain(const CortexMFault& fault, FaultView& view);
std::string_view cortex_m_exception(unsigned number);  // "HardFault", "interrupt"

// Application processors: by the names of gdb's registers, those that are there (mcause mepc mtval, ESR_EL1 ELR_EL1 FAR_EL1,
// cpsr DFSR IFSR DFAR IFAR). Fills the same, and `registers["pc"]` with the address of the faulting instruction.
void explain(Architecture architecture, const image::Registers& registers, FaultView& view);
// The registers that this asks for.
std::vector<std::string> fault_registers(Architecture architecture);

// Arm (A and R profile) tells where a fault came by lr alone, which the handler soon uses for other things: whether
// `mnemonic`, the instruction that lr then means, can have caused it. If not, what the view says about the place goes.
void check_place(std::string_view mnemonic, FaultView& view);

// What an emulator prints when its processor locks up: "R00=20000000 R01=..." to r0, ..., sp, lr, pc, xpsr. Hostile text.
image::Registers parse_register_dump(std::string_view text);

}  // namespace virserver::session
