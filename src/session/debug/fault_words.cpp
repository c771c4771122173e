// Application processors, and what addresses look like. Cortex-M: fault_advice.cpp.
#include "session/debug/fault_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes.hpp"

namespace virserver::session {
namespace {

constexpr std::uint64_t null_page = 0x1000;

// How a fault is counted in the status codes of Arm: the same kinds in all three formats.
struct Status {
  std::string_view words, behind;  // `behind`: what is usually the reason; may be empty
  bool address_valid = true;
};

constexpr Status alignment{"the address is not aligned",
                           "a cast pointer, a packed structure, or device memory that only takes aligned accesses"};
constexpr Status translation{"the address is not mapped", "a wild or null pointer, or a mapping that was never made"};
constexpr Status access_flag{"the mapping has its access flag clear", "a page table entry written without the access flag"};
constexpr Status domain{"the domain of the mapping forbids it", "DACR does not allow this domain"};
constexpr Status permission{"the mapping forbids this access", "a write to read-only memory, or execution of data (XN)"};
constexpr Status external{"the bus answered with an error",
                          "there is no memory or device at the physical address, or the device refused"};
constexpr Status external_later{"the bus answered with an error, later", "a buffered write some instructions before", false};
constexpr Status table_walk{"the bus answered with an error while the page tables were read",
                            "TTBR or a table entry points to where there is no memory"};
constexpr Status parity{"memory answered with a parity or ECC error", {}, false};
constexpr Status debug_event{"a debug event", "a breakpoint or watchpoint without a debugger"};
constexpr Status maintenance{"cache maintenance failed", {}};
constexpr Status tlb_conflict{"the TLB has two entries for the address", "tables were changed without invalidating the TLB"};
constexpr Status address_size{"the address has more bits than are translated", "a corrupt pointer or table entry"};

// Armv7-A, short-descriptor format: FS[4:0].
const Status* short_status(unsigned code) {
  switch (code) {
    case 0x01: return &alignment;
    case 0x02: return &debug_event;
    case 0x03: case 0x06: return &access_flag;
    case 0x04: return &maintenance;
    case 0x05: case 0x07: return &translation;
    case 0x08: return &external;
    case 0x09: case 0x0b: return &domain;
    case 0x0c: case 0x0e: return &table_walk;
    case 0x0d: case 0x0f: return &permission;
    case 0x10: return &tlb_conflict;
    case 0x16: return &external_later;
    case 0x18: case 0x19: case 0x1c: case 0x1e: return &parity;
    default: return nullptr;
  }
}

// Long-descriptor format and AArch64: the level of the table is in the two low bits of most.
const Status* long_status(unsigned code) {
  switch (code >> 2) {
    case 0: return &address_size;
    case 1: return &translation;
    case 2: return &access_flag;
    case 3: return &permission;
    case 5: return &table_walk;
    case 7: return &parity;
    default: break;
  }
  switch (code) {
    case 0x10: return &external;
    case 0x11: return &external_later;
    case 0x18: case 0x19: return &parity;
    case 0x21: return &alignment;
    case 0x22: return &debug_event;
    case 0x30: return &tlb_conflict;
    case 0x3d: case 0x3e: return &domain;
    default: return nullptr;
  }
}

void add(FaultWords& words, const Status* status, std::uint64_t address, unsigned code) {
  if (!status) {
    words.details.push_back(fmt::format("the status code {:#x} is not one that is known here", code));
    words.address = address;
    return;
  }
  words.what += fmt::format(": {}", status->words);
  if (!status->behind.empty()) words.details.push_back(fmt::format("usually: {}", status->behind));
  if (!status->address_valid) return;
  words.address = address;
  if (auto hint = address_hint(address)) words.details.push_back(std::move(*hint));
}

FaultWords arm_abort(std::uint32_t fsr, std::uint64_t address, FaultWords words) {
  const bool long_format = (fsr & 1u << 9) != 0;
  const unsigned code = long_format ? fsr & 0x3f : (fsr & 0xf) | (fsr >> 6 & 0x10);
  add(words, long_format ? long_status(code) : short_status(code), address, code);
  return words;
}

struct Class {
  unsigned code;
  std::string_view cause, what, behind;
};

constexpr Class aarch64_classes[] = {
    {0x00, "undefined_instruction", "an instruction that the processor does not have, or not at this exception level",
     "a jump into data, a corrupt function pointer, or code built for a newer processor (-mcpu)"},
    {0x07, "fp_disabled", "a floating-point or vector instruction while the unit is switched off",
     "CPACR_EL1.FPEN is not set; compilers use vector registers for copies too (-mgeneral-regs-only forbids it)"},
    {0x0d, "branch_target", "a jump to an instruction that is no branch target (BTI)", "a corrupt function pointer"},
    {0x0e, "illegal_state", "an illegal execution state", "an exception return with a corrupt SPSR"},
    {0x18, "trapped_access", "an access to a system register that is trapped or does not exist", {}},
    {0x19, "sve_disabled", "an SVE instruction while the unit is switched off", "CPACR_EL1.ZEN is not set"},
    {0x1c, "pointer_authentication", "the signature of a pointer is wrong", "a return address on the stack was overwritten"},
    {0x22, "pc_alignment", "the program counter is not aligned", "a corrupt function pointer or return address"},
    {0x26, "sp_alignment", "the stack pointer is not aligned to 16 bytes",
     "a corrupt stack, or assembly that pushes an odd number of registers"},
    {0x2c, "floating_point", "a floating-point exception that is not masked", {}},
    {0x2f, "serror", "an asynchronous error from the bus", "a write to where there is no device, some time before"},
    {0x3c, "breakpoint_instruction", "a BRK instruction", "an assertion, abort(), or a compiler's trap for undefined behaviour"},
};

struct Trap {
  std::uint64_t code;
  std::string_view cause, what, behind;
  enum class Value { none, address, instruction } value;
};

constexpr Trap riscv_traps[] = {
    {0, "instruction_misaligned", "a jump to an address that is not aligned", "a corrupt function pointer or return address",
     Trap::Value::address},
    {1, "instruction_access", "an instruction was fetched from where there is no memory, or where the PMP forbids it",
     "a null or corrupt function pointer, or a return address that was overwritten", Trap::Value::address},
    {2, "illegal_instruction", "an instruction that the processor does not have, or not in this mode",
     "a jump into data, an extension that -march names but the core lacks, or the FPU while mstatus.FS is off", Trap::Value::instruction},
    {3, "breakpoint", "an ebreak instruction, or a breakpoint or watchpoint", "an assertion or abort()", Trap::Value::address},
    {4, "load_misaligned", "a load from an address that is not aligned", "a cast pointer or a packed structure", Trap::Value::address},
    {5, "load_access", "a load from where there is no memory or device, or where the PMP forbids it", "a wild or null pointer",
     Trap::Value::address},
    {6, "store_misaligned", "a store to an address that is not aligned", "a cast pointer or a packed structure", Trap::Value::address},
    {7, "store_access", "a store to where there is no memory or device, or where the PMP forbids it",
     "a wild or null pointer, or a write to flash", Trap::Value::address},
    {12, "instruction_page", "an instruction was fetched from a page that is not mapped for execution",
     "a corrupt function pointer, or a page without the X bit", Trap::Value::address},
    {13, "load_page", "a load from a page that is not mapped for it", "a wild or null pointer, or a page without the R or A bit",
     Trap::Value::address},
    {15, "store_page", "a store to a page that is not mapped for it", "a wild or null pointer, or a page without the W or D bit",
     Trap::Value::address},
    {16, "double_trap", "a trap while another one was being entered", "a fault in the trap handler itself, often its stack",
     Trap::Value::none},
    {18, "software_check", "a check of control flow failed (shadow stack or landing pad)",
     "a return address or function pointer was overwritten", Trap::Value::none},
    {19, "hardware_error", "the hardware reported an error", {}, Trap::Value::address},
};

}  // namespace

std::optional<std::string> address_hint(std::uint64_t address) {
  if (address == 0) return "the address is 0: a null pointer was followed";
  if (address < null_page)
    return fmt::format("the address is close to 0: a member or element at {:#x} of a null pointer", address);
  const std::uint64_t high = address >> 32, low = address & 0xffffffff;
  if ((high == 0 || high == 0xffffffff) && low >= 0xffffff00)
    return "the address is close to -1: a negative index or offset of a null pointer, or erased flash taken for a pointer";
  constexpr std::array<std::uint32_t, 8> patterns = {0xa5a5a5a5, 0xdeadbeef, 0xcccccccc, 0xcdcdcdcd,
                                                     0xfeeefeee, 0xbaadf00d, 0x55555555, 0xaaaaaaaa};
  for (const std::uint32_t pattern : patterns)
    if ((high == 0 || high == pattern) && low >> 8 == pattern >> 8)
      return fmt::format("the address looks like the fill pattern {:#x}: memory was used before it was written, or after it was freed",
                         pattern);
  const auto is_text = [](std::uint8_t byte) { return byte >= ' ' && byte <= '~'; };
  bool text = address >> 32 == 0;
  for (unsigned i = 0; i < 4; ++i) text = text && is_text(static_cast<std::uint8_t>(address >> 8 * i));
  if (text) {
    std::string letters;
    for (unsigned i = 0; i < 4; ++i) letters += static_cast<char>(address >> 8 * i);
    return fmt::format("the address is text (\"{}\"): a string was written over a pointer", letters);
  }
  return std::nullopt;
}

FaultWords arm_data_abort(std::uint32_t dfsr, std::uint64_t dfar) {
  const bool write = (dfsr & 1u << 11) != 0;
  return arm_abort(dfsr, dfar, {.cause = "data_abort", .what = write ? "a store failed" : "a load failed"});
}

FaultWords arm_prefetch_abort(std::uint32_t ifsr, std::uint64_t ifar) {
  return arm_abort(ifsr, ifar, {.cause = "prefetch_abort", .what = "an instruction could not be fetched"});
}

FaultWords aarch64_exception(std::uint64_t esr, std::uint64_t far) {
  const auto kind = static_cast<unsigned>(esr >> 26 & 0x3f);
  const auto iss = static_cast<std::uint32_t>(esr & 0x1ffffff);
  const bool far_valid = (iss & 1u << 10) == 0;
  const auto abort = [&](FaultWords words, bool lower) {
    const unsigned code = iss & 0x3f;
    const Status* const status = long_status(code);
    add(words, status, far, code);
    if (status == &translation || status == &permission || status == &access_flag)
      words.details.push_back(fmt::format("the page table entry is at level {}", code & 3));
    if (!far_valid) words.address.reset();
    if (lower) words.details.emplace_back("it came from a lower exception level");
    return words;
  };
  switch (kind) {
    case 0x20: case 0x21:
      return abort({.cause = "instruction_abort", .what = "an instruction could not be fetched"}, kind == 0x20);
    case 0x24: case 0x25:
      return abort({.cause = "data_abort", .what = iss & 1u << 6 ? "a store failed" : "a load failed"}, kind == 0x24);
    case 0x15: return {.what = "a call of the operating system (SVC)"};
    case 0x11: return {.what = "a call of the operating system (SVC, from 32-bit code)"};
    case 0x01: return {.what = "a trapped wait (WFI or WFE)"};
    default: break;
  }
  const auto found = std::ranges::find(aarch64_classes, kind, &Class::code);
  if (found == std::end(aarch64_classes)) return {.what = fmt::format("an exception of class {:#x}", kind)};
  FaultWords words{.cause = std::string(found->cause), .what = std::string(found->what)};
  if (!found->behind.empty()) words.details.push_back(fmt::format("usually: {}", found->behind));
  if (kind == 0x22) {
    words.address = far;
    if (auto hint = address_hint(far)) words.details.push_back(std::move(*hint));
  }
  if (kind == 0x3c) words.details.push_back(fmt::format("its number is {:#x}", iss & 0xffff));
  return words;
}

FaultWords riscv_trap(std::uint64_t mcause, std::uint64_t mtval, unsigned bits) {
  const std::uint64_t interrupt = std::uint64_t{1} << (bits - 1);
  if (bits == 32) mcause &= 0xffffffff, mtval &= 0xffffffff;
  if (mcause & interrupt) return {.what = fmt::format("interrupt {}", mcause & (interrupt - 1))};
  if (mcause >= 8 && mcause <= 11) return {.what = "a call of the layer below (ecall)"};
  const auto found = std::ranges::find(riscv_traps, mcause, &Trap::code);
  if (found == std::end(riscv_traps)) return {.what = fmt::format("exception {}", mcause)};
  FaultWords words{.cause = std::string(found->cause), .what = std::string(found->what)};
  if (!found->behind.empty()) words.details.push_back(fmt::format("usually: {}", found->behind));
  if (found->value == Trap::Value::address) {
    words.address = mtval;
    if (auto hint = address_hint(mtval); hint && mcause != 3) words.details.push_back(std::move(*hint));
  }
  if (found->value == Trap::Value::instruction && mtval) words.details.push_back(fmt::format("the instruction is {:#010x}", mtval));
  return words;
}

}  // namespace virserver::session
