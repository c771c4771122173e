// Faults of application processors, and what an emulator prints at its end.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/bytes.hpp"
#include "session/debug/fault.hpp"
#include "session/debug/fault_words.hpp"

namespace virserver::session {
namespace {

std::optional<std::uint64_t> get(const image::Registers& registers, std::string_view name) {
  const auto found = registers.find(name);
  return found == registers.end() ? std::nullopt : std::optional(found->second);
}

void take(FaultView& view, FaultWords words, std::uint64_t pc) {
  view.faulted = true;
  view.cause = std::move(words.cause);
  view.fault_address = words.address;
  view.registers["pc"] = pc;
  view.summary = fmt::format("{} at {}", words.what, hex_address(pc));
  view.explanation.push_back(std::move(words.what));
  if (words.address) view.explanation.push_back(fmt::format("the access was to {}", hex_address(*words.address)));
  for (std::string& sentence : words.details) view.explanation.push_back(std::move(sentence));
}

void riscv(const image::Registers& registers, unsigned bits, FaultView& view) {
  const auto mcause = get(registers, "mcause"), mepc = get(registers, "mepc"), mtval = get(registers, "mtval");
  if (!mcause || !mepc) return;
  view.status_registers = {{"mcause", *mcause}, {"mepc", *mepc}};
  if (mtval) view.status_registers["mtval"] = *mtval;
  if (*mcause == 0 && *mepc == 0) return;  // as after reset
  FaultWords words = riscv_trap(*mcause, mtval.value_or(0), bits);
  if (!mtval) words.address.reset();
  if (!words.cause.empty()) take(view, std::move(words), *mepc);
}

void aarch64(const image::Registers& registers, FaultView& view) {
  const auto esr = get(registers, "ESR_EL1"), elr = get(registers, "ELR_EL1"), far = get(registers, "FAR_EL1");
  if (!esr || !elr) return;
  view.status_registers = {{"ESR_EL1", *esr}, {"ELR_EL1", *elr}};
  if (far) view.status_registers["FAR_EL1"] = *far;
  if (*esr == 0 && *elr == 0) return;
  FaultWords words = aarch64_exception(*esr, far.value_or(0));
  if (!far) words.address.reset();
  if (!words.cause.empty()) take(view, std::move(words), *elr);
}

void arm(const image::Registers& registers, FaultView& view) {
  const auto cpsr = get(registers, "cpsr");
  for (const char* name : {"DFSR", "DFAR", "IFSR", "IFAR"})
    if (const auto value = get(registers, name)) view.status_registers[name] = *value;
  const auto lr = get(registers, "lr");
  if (!cpsr || !lr) return;
  constexpr unsigned mode_abort = 0x17, mode_undefined = 0x1b;
  const auto mode = *cpsr & 0x1f;
  if (mode == mode_undefined)
    take(view, {.cause = "undefined_instruction", .what = "an instruction that the processor does not have",
                .details = {"usually: a jump into data, a corrupt function pointer, or the FPU while it is off"}}, *lr - 4);
  if (mode != mode_abort) return;
  // An abort of a fetch leaves lr 4 behind it, one of an access 8; which it was the status registers say.
  const auto status = [&](const char* name) { return static_cast<std::uint32_t>(get(registers, name).value_or(0)); };
  if (status("DFSR") != 0) take(view, arm_data_abort(status("DFSR"), status("DFAR")), *lr - 8);
  else take(view, arm_prefetch_abort(status("IFSR"), status("IFAR")), *lr - 4);
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

void check_place(std::string_view mnemonic, FaultView& view) {
  const auto starts = [mnemonic](auto... words) { return (mnemonic.starts_with(words) || ...); };
  if (mnemonic.empty()) {
    view.explanation.emplace_back("the place is the one that lr tells: right only while the handler has not used lr");
    return;
  }
  // Coprocessor and vector instructions are undefined while their unit is off.
  const bool fits = view.cause == "undefined_instruction" ? starts("udf", ".", "v", "f", "mcr", "mrc", "cdp", "ldc", "stc", "smc", "hvc")
                    : view.cause == "data_abort"          ? starts("ld", "st", "push", "pop", "vld", "vst", "vpush", "vpop", "swp", "tb", "srs", "rfe")
                                                          : true;
  if (fits) return;
  view.registers.erase("pc");
  view.summary = view.explanation.front();
  view.explanation.emplace_back("where it came is not known any more: the handler has used lr since; a breakpoint at its first instruction shows it");
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
