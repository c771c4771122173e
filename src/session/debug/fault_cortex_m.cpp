// Cortex-M: CFSR, HFSR and the others, bit by bit.
#include <fmt/format.h>

#include "base/bytes.hpp"
#include "session/debug/fault.hpp"
#include "session/debug/fault_words.hpp"

namespace virserver::session {
namespace {

struct Bit {
  std::uint32_t mask;
  std::string_view cause, name, words;
};

constexpr Bit cfsr_bits[] = {
    {1u << 0, "mem_manage", "IACCVIOL", "an instruction was fetched from where the MPU forbids execution"},
    {1u << 1, "mem_manage", "DACCVIOL", "a load or store was forbidden by the MPU"},
    {1u << 3, "mem_manage", "MUNSTKERR", "the MPU forbade reading the stack frame at the return from an exception"},
    {1u << 4, "mem_manage", "MSTKERR", "the MPU forbade writing the stack frame at the entry of an exception: the stack may have overflowed"},
    {1u << 5, "mem_manage", "MLSPERR", "the MPU forbade saving the floating-point registers"},
    {1u << 8, "bus_fault", "IBUSERR", "an instruction was fetched from where there is no memory"},
    {1u << 9, "bus_fault", "PRECISERR", "a load or store went to where there is no memory or device; the stacked pc is that of the instruction"},
    {1u << 10, "bus_fault", "IMPRECISERR", "a buffered store went to where there is no memory or device; the stacked pc is later than the instruction"},
    {1u << 11, "bus_fault", "UNSTKERR", "the stack frame could not be read at the return from an exception: the stack pointer is wrong"},
    {1u << 12, "bus_fault", "STKERR", "the stack frame could not be written at the entry of an exception: the stack pointer is wrong, or the stack has overflowed"},
    {1u << 13, "bus_fault", "LSPERR", "the floating-point registers could not be saved"},
    {1u << 16, "usage_fault", "UNDEFINSTR", "an undefined instruction"},
    {1u << 17, "usage_fault", "INVSTATE", "execution went to an address without the Thumb bit: a function pointer or a vector is wrong"},
    {1u << 18, "usage_fault", "INVPC", "an exception was returned from with a value that is none of EXC_RETURN: lr or the stack was overwritten"},
    {1u << 19, "usage_fault", "NOCP", "a coprocessor instruction, most likely floating point with the FPU switched off (CPACR)"},
    {1u << 20, "usage_fault", "STKOF", "the stack pointer went below its limit: the stack has overflowed"},
    {1u << 24, "usage_fault", "UNALIGNED", "an unaligned load or store that is not allowed"},
    {1u << 25, "usage_fault", "DIVBYZERO", "a division by zero"},
};
constexpr Bit hfsr_bits[] = {
    {1u << 1, "hard_fault", "VECTTBL", "the vector of an exception could not be read: VTOR or the vector table is wrong"},
    {1u << 30, "hard_fault", "FORCED", "a fault became a HardFault because its own handler is switched off, or has too low a priority"},
    {1u << 31, "hard_fault", "DEBUGEVT", "a breakpoint instruction was executed without a debugger"},
};
constexpr Bit sfsr_bits[] = {
    {1u << 0, "secure_fault", "INVEP", "non-secure code called a secure address that is no entry point"},
    {1u << 1, "secure_fault", "INVIS", "the integrity signature of a secure stack frame is wrong"},
    {1u << 2, "secure_fault", "INVER", "an exception was returned from to a wrong security state"},
    {1u << 3, "secure_fault", "AUVIOL", "non-secure code accessed secure memory"},
    {1u << 4, "secure_fault", "INVTRAN", "a branch changed the security state without being marked for it"},
    {1u << 5, "secure_fault", "LSPERR", "saving the floating-point registers broke a security rule"},
    {1u << 7, "secure_fault", "LSERR", "an error while the floating-point registers were saved or restored"},
};
constexpr std::uint32_t mmarvalid = 1u << 7, bfarvalid = 1u << 15, sfarvalid = 1u << 6;

}  // namespace

std::string_view cortex_m_exception(unsigned number) {
  constexpr std::string_view names[] = {"thread mode", "Reset", "NMI", "HardFault", "MemManage", "BusFault", "UsageFault", "SecureFault",
                                        "reserved", "reserved", "reserved", "SVCall", "DebugMonitor", "reserved", "PendSV", "SysTick"};
  return number < std::size(names) ? names[number] : "an interrupt";
}

void explain(const CortexMFault& fault, FaultView& view) {
  auto take = [&view](std::uint32_t value, std::span<const Bit> bits, std::string_view reg) {
    for (const Bit& bit : bits) {
      if ((value & bit.mask) == 0) continue;
      view.explanation.push_back(fmt::format("{}.{}: {}", reg, bit.name, bit.words));
      // What was first is the cause; a forced HardFault only carries it on.
      if (view.cause.empty()) view.cause = bit.cause;
    }
  };
  take(fault.cfsr, cfsr_bits, "CFSR");
  take(fault.sfsr, sfsr_bits, "SFSR");
  take(fault.hfsr, hfsr_bits, "HFSR");
  if (fault.cfsr & mmarvalid) {
    view.fault_address = fault.mmfar;
    view.explanation.push_back(fmt::format("MMFAR: the access was to {}", hex_address(fault.mmfar)));
  }
  if (fault.cfsr & bfarvalid) {
    view.fault_address = fault.bfar;
    view.explanation.push_back(fmt::format("BFAR: the access was to {}", hex_address(fault.bfar)));
  }
  if (fault.sfsr & sfarvalid) {
    view.fault_address = fault.sfar;
    view.explanation.push_back(fmt::format("SFAR: the access was to {}", hex_address(fault.sfar)));
  }
  CortexMStatus status{.cfsr = fault.cfsr, .hfsr = fault.hfsr, .dfsr = fault.dfsr, .shcsr = fault.shcsr, .mmfar = fault.mmfar,
                       .bfar = fault.bfar};
  for (std::string& sentence : cortex_m_advice(status, fault.pc)) view.explanation.push_back(std::move(sentence));
  view.status_registers = {{"CFSR", fault.cfsr}, {"HFSR", fault.hfsr}, {"DFSR", fault.dfsr}, {"MMFAR", fault.mmfar}, {"BFAR", fault.bfar}, {"AFSR", fault.afsr},
                           {"SHCSR", fault.shcsr}};
  if (fault.sfsr) view.status_registers["SFSR"] = fault.sfsr;

  const bool in_handler = fault.exception >= 3 && fault.exception <= 7;
  if (view.cause.empty() && in_handler) view.cause = fault.exception == 3   ? "hard_fault"
                                                     : fault.exception == 4 ? "mem_manage"
                                                     : fault.exception == 5 ? "bus_fault"
                                                     : fault.exception == 6 ? "usage_fault"
                                                                            : "secure_fault";
  view.faulted = !view.cause.empty();
  if (!view.faulted) {
    view.summary = "no fault has come since the reset, or the firmware has cleared its traces";
    return;
  }
  const std::string what = view.explanation.empty() ? "the processor does not say why (Armv6-M has no fault status registers)"
                                                    : view.explanation.front().substr(view.explanation.front().find(": ") + 2);
  view.summary = in_handler ? fmt::format("{}: {}", cortex_m_exception(fault.exception), what)
                            : fmt::format("a fault came and its handler has ended: {}", what);
}

}  // namespace virserver::session
