// Cortex-M: what is usually behind a fault.
#include <fmt/format.h>

#include "base/bytes.hpp"
#include "session/debug/fault_words.hpp"

namespace virserver::session {
namespace {

struct Advice {
  std::uint32_t bit;
  std::string_view words;
};

// In the order of how much they explain: a stacking error makes whatever else is set a consequence.
constexpr Advice usual[] = {
    {1u << 20, "the stack is too small, or a function calls itself without end"},
    {1u << 12, "the stack is too small (compare sp with its lower end), or sp was never set to memory"},
    {1u << 4, "the stack is too small: sp has left the region that the MPU allows, often into a guard region"},
    {1u << 11, "sp or the stack's content was changed in a handler"},
    {1u << 3, "sp or the stack's content was changed in a handler"},
    {1u << 17, "a call through a function pointer that is null, not initialised, or has lost bit 0; or an empty entry of the vector table"},
    {1u << 18, "lr or the stack was overwritten in a handler, or a context switch restored the wrong one"},
    {1u << 16, "a jump into data, a corrupt function pointer, or code built for a larger core (-mcpu)"},
    {1u << 19, "the FPU is not enabled before its first use: set CPACR (SystemInit does), or build with -mfloat-abi=soft"},
    {1u << 25, "a divisor of 0, trapped because CCR.DIV_0_TRP is set"},
    {1u << 24, "a cast pointer or packed structure with LDM, LDRD or an exclusive access; or CCR.UNALIGN_TRP is set"},
    {1u << 9, "a wild pointer, or a peripheral that this board does not have"},
    {1u << 10, "a wild pointer some instructions before; SCnSCB->ACTLR.DISDEFWBUF makes it precise on Cortex-M3 and M4"},
    {1u << 8, "a corrupt function pointer, or a return address that was overwritten"},
    {1u << 0, "a jump to data or a peripheral, which must not be executed (XN): a corrupt function pointer or return address"},
    {1u << 1, "a task wrote outside its MPU regions, or a null pointer was followed where the MPU guards address 0"},
    {1u << 13, "the stack or FPCAR points to where there is no memory"},
    {1u << 5, "the stack or FPCAR points to where the MPU forbids it"},
};

struct Handler {
  std::uint32_t cfsr, enable;
  std::string_view name, enable_name;
};
constexpr Handler handlers[] = {{0x000000ff, 1u << 16, "MemManage", "MEMFAULTENA"},
                                {0x0000ff00, 1u << 17, "BusFault", "BUSFAULTENA"},
                                {0xffff0000, 1u << 18, "UsageFault", "USGFAULTENA"}};

struct DebugBit {
  std::uint32_t bit;
  std::string_view words;
};
constexpr DebugBit debug_bits[] = {{1u << 0, "DFSR.HALTED: the processor was halted or stepped"},
                                   {1u << 1, "DFSR.BKPT: a breakpoint (BKPT instruction or comparator)"},
                                   {1u << 2, "DFSR.DWTTRAP: a watchpoint (DWT)"},
                                   {1u << 3, "DFSR.VCATCH: a caught vector"},
                                   {1u << 4, "DFSR.EXTERNAL: an external debug request"}};

constexpr std::uint32_t forced = 1u << 30, mmarvalid = 1u << 7, bfarvalid = 1u << 15;

}  // namespace

std::vector<std::string> cortex_m_advice(const CortexMStatus& status, std::optional<std::uint32_t> stacked_pc) {
  std::vector<std::string> advice;
  for (const Advice& each : usual)
    if (status.cfsr & each.bit) advice.push_back(fmt::format("usually: {}", each.words));
  const auto hint = [&](std::uint32_t address) {
    if (auto words = address_hint(address)) advice.push_back(std::move(*words));
  };
  if (status.cfsr & mmarvalid) hint(status.mmfar);
  if (status.cfsr & bfarvalid) {
    hint(status.bfar);
    if (status.bfar >= 0x40000000 && status.bfar < 0x60000000)
      advice.push_back(fmt::format("{} is among the peripherals: the board has none there", hex_address(status.bfar)));
  }
  const bool jumped = (status.cfsr & (1u << 0 | 1u << 8 | 1u << 17)) != 0;
  if (jumped && stacked_pc && (*stacked_pc & ~1u) == 0) advice.emplace_back("the jump went to 0: a null function pointer was called");
  if (status.hfsr & forced)
    for (const Handler& handler : handlers)
      if ((status.cfsr & handler.cfsr) && !(status.shcsr & handler.enable))
        advice.push_back(fmt::format("it became a HardFault because the handler of {} is off (SHCSR.{}), as it is after reset",
                                     handler.name, handler.enable_name));
  for (const DebugBit& each : debug_bits)
    if (status.dfsr & each.bit) advice.emplace_back(each.words);
  return advice;
}

}  // namespace virserver::session
