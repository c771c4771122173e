// Faults of application processors, and what an emulator prints at its end.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/bytes.hpp"
#include "session/debug/fault.hpp"

namespace virserver::session {
namespace {

std::optional<std::uint64_t> get(const image::Registers& registers, std::string_view name) {
  const auto found = registers.find(name);
  return found == registers.end() ? std::nullopt : std::optional(found->second);
}

struct Cause {
  std::uint64_t code;
  std::string_view name, words;
};
constexpr Cause riscv_causes[] = {
    {0, "instruction_misaligned", "a jump to an address that is not aligned"},
    {1, "instruction_access", "an instruction was fetched from where there is no memory"},
    {2, "illegal_instruction", "an instruction that the processor does not have"},
    {4, "load_misaligned", "a load from an address that is not aligned"},
    {5, "load_access", "a load from where there is no memory or device"},
    {6, "store_misaligned", "a store to an address that is not aligned"},
    {7, "store_access", "a store to where there is no memory or device"},
    {12, "instruction_page", "an instruction was fetched from a page that is not mapped"},
    {13, "load_page", "a load from a page that is not mapped"},
    {15, "store_page", "a store to a page that is not mapped"},
};
constexpr Cause aarch64_causes[] = {
    {0x00, "undefined_instruction", "an undefined instruction"},
    {0x07, "fp_disabled", "a floating-point or vector instruction with the unit switched off"},
    {0x0e, "illegal_state", "an illegal execution state"},
    {0x20, "instruction_abort", "an instruction could not be fetched (from a lower exception level)"},
    {0x21, "instruction_abort", "an instruction could not be fetched"},
    {0x22, "pc_alignment", "the program counter is not aligned"},
    {0x24, "data_abort", "a load or store failed (from a lower exception level)"},
    {0x25, "data_abort", "a load or store failed"},
    {0x26, "sp_alignment", "the stack pointer is not aligned"},
    {0x2f, "serror", "an asynchronous external abort"},
};

void take(FaultView& view, const Cause& cause, std::uint64_t pc, std::optional<std::uint64_t> address) {
  view.faulted = true;
  view.cause = cause.name;
  view.fault_address = address;
  view.registers["pc"] = pc;
  view.explanation.push_back(std::string(cause.words));
  if (address) view.explanation.push_back(fmt::format("the access was to {}", hex_address(*address)));
  view.summary = fmt::format("{} at {}", cause.words, hex_address(pc));
}

void riscv(const image::Registers& registers, unsigned bits, FaultView& view) {
  const auto mcause = get(registers, "mcause"), mepc = get(registers, "mepc"), mtval = get(registers, "mtval");
  if (!mcause || !mepc) return;
  view.status_registers = {{"mcause", *mcause}, {"mepc", *mepc}};
  if (mtval) view.status_registers["mtval"] = *mtval;
  const bool interrupt = (*mcause >> (bits - 1)) & 1;
  if (interrupt || (*mcause == 0 && *mepc == 0)) return;
  const auto found = std::ranges::find(riscv_causes, *mcause, &Cause::code);
  if (found == std::end(riscv_causes)) return;
  const bool has_address = *mcause != 2;
  take(view, *found, *mepc, has_address ? mtval : std::nullopt);
}

void aarch64(const image::Registers& registers, FaultView& view) {
  const auto esr = get(registers, "ESR_EL1"), elr = get(registers, "ELR_EL1"), far = get(registers, "FAR_EL1");
  if (!esr || !elr) return;
  view.status_registers = {{"ESR_EL1", *esr}, {"ELR_EL1", *elr}};
  if (far) view.status_registers["FAR_EL1"] = *far;
  if (*esr == 0 && *elr == 0) return;
  const auto found = std::ranges::find(aarch64_causes, (*esr >> 26) & 0x3f, &Cause::code);
  if (found == std::end(aarch64_causes)) return;
  const bool has_address = found->name == "data_abort" || found->name == "instruction_abort";
  take(view, *found, *elr, has_address ? far : std::nullopt);
}

void arm(const image::Registers& registers, FaultView& view) {
  const auto cpsr = get(registers, "cpsr");
  for (const char* name : {"DFSR", "DFAR", "IFSR", "IFAR"})
    if (const auto value = get(registers, name)) view.status_registers[name] = *value;
  const auto lr = get(registers, "lr");
  if (!cpsr || !lr) return;
  const auto mode = *cpsr & 0x1f;
  if (mode == 0x1b) take(view, {0, "undefined_instruction", "an undefined instruction"}, *lr - 4, std::nullopt);
  if (mode != 0x17) return;
  // An abort of a fetch leaves lr 4 behind it, one of an access 8; which it was the status registers say.
  const bool data = get(registers, "DFSR").value_or(0) != 0;
  if (data) take(view, {0, "data_abort", "a load or store failed"}, *lr - 8, get(registers, "DFAR"));
  else take(view, {0, "prefetch_abort", "an instruction could not be fetched"}, *lr - 4, get(registers, "IFAR"));
}

}  // namespace

std::vector<std::string> fault_registers(Architecture architecture) {
  switch (architecture) {
    case Architecture::riscv32:
    case Architecture::riscv64: return {"mcause", "mepc", "mtval"};
    case Architecture::aarch64: return {"ESR_EL1", "ELR_EL1", "FAR_EL1"};
    case Architecture::arm: return {"cpsr", "lr", "DFSR", "DFAR", "IFSR", "IFAR"};
    default: return {};
  }
}

void explain(Architecture architecture, const image::Registers& registers, FaultView& view) {
  switch (architecture) {
    case Architecture::riscv32: riscv(registers, 32, view); break;
    case Architecture::riscv64: riscv(registers, 64, view); break;
    case Architecture::aarch64: aarch64(registers, view); break;
    case Architecture::arm: arm(registers, view); break;
    default: break;
  }
  if (view.faulted) return;
  view.summary = fault_registers(architecture).empty()
                     ? fmt::format("faults of {} are not explained here", virserver::to_string(architecture))
                     : "the processor does not say that a fault has come";
}

image::Registers parse_register_dump(std::string_view text) {
  image::Registers registers;
  constexpr std::size_t max_registers = 256;
  for (std::size_t equals = text.find('='); equals != text.npos && registers.size() < max_registers; equals = text.find('=', equals + 1)) {
    std::size_t begin = equals;
    while (begin > 0 && std::isalnum(static_cast<unsigned char>(text[begin - 1])) != 0) --begin;
    std::string name(text.substr(begin, equals - begin));
    std::size_t end = equals + 1;
    std::uint64_t value = 0;
    for (; end < text.size() && end - equals <= 16 && std::isxdigit(static_cast<unsigned char>(text[end])) != 0; ++end)
      value = value << 4 | static_cast<std::uint64_t>(text[end] <= '9' ? text[end] - '0' : (text[end] | 0x20) - 'a' + 10);
    if (name.empty() || name.size() > 16 || end == equals + 1) continue;
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (name.size() == 3 && name[0] == 'r' && name[1] == '0') name.erase(1, 1);  // R00 is r0
    if (name == "r13") name = "sp";
    if (name == "r14") name = "lr";
    if (name == "r15") name = "pc";
    registers.emplace(std::move(name), value);
  }
  return registers;
}

}  // namespace virserver::session
