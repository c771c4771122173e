#include "backend/renode/tables.hpp"

#include "board/processors.hpp"

namespace virserver::backend::renode {

namespace {

struct Row {
  std::string_view name, kind;
};
// The part of a type's full name before its last.
constexpr Row kinds[] = {
    {"UART", "uart"},      {"GPIOPort", "gpio"},  {"Timers", "timer"},   {"I2C", "i2c"},         {"SPI", "spi"},          {"IRQControllers", "interrupt_controller"},
    {"Network", "network"}, {"CAN", "can"},       {"Analog", "adc"},     {"DMA", "dma"},         {"Sensors", "sensor"},   {"USB", "usb"},
    {"USBDeprecated", "usb"}, {"SD", "sd"},       {"Video", "display"},  {"Input", "input"},     {"MTD", "flash"},        {"Memory", "memory"},
    {"PCI", "pci"},        {"Wireless", "radio"}, {"SATA", "storage"},   {"CPU", "processor"},   {"Sound", "sound"},
};

}  // namespace

std::string short_type(std::string_view type) { return std::string(type.substr(type.rfind('.') + 1)); }

std::string kind_of_type(std::string_view type) {
  const auto last = type.rfind('.');
  if (last == type.npos || last == 0) return "other";
  const auto before = type.rfind('.', last - 1);
  const auto group = type.substr(before + 1, last - before - 1);
  const auto name = type.substr(last + 1);
  if (name.contains("Watchdog") || name.contains("WDT")) return "watchdog";
  if (name.contains("RTC")) return "rtc";
  if (name.contains("RNG")) return "rng";
  if (group == "Miscellaneous" && name == "LED") return "led";
  if (group == "Miscellaneous" && name == "Button") return "button";
  for (const auto& row : kinds)
    if (row.name == group) return std::string(row.kind);
  return "other";
}

Architecture architecture_of(std::string_view architecture) {
  if (architecture == "arm64") return Architecture::aarch64;
  if (architecture.starts_with("arm")) return Architecture::arm;
  if (architecture == "riscv64") return Architecture::riscv64;
  if (architecture.starts_with("riscv")) return Architecture::riscv32;
  if (architecture.starts_with("sparc")) return Architecture::sparc;
  if (architecture.starts_with("ppc")) return Architecture::ppc;
  if (architecture == "x86_64") return Architecture::x86_64;
  if (architecture == "i386" || architecture == "x86") return Architecture::x86;
  if (architecture == "xtensa") return Architecture::xtensa;
  return Architecture::other;
}

char profile_of(std::string_view model) {
  if (model.starts_with("cortex-m")) return 'M';
  if (model.starts_with("cortex-r")) return 'R';
  if (model.starts_with("cortex-a")) return 'A';
  if (model.starts_with("arm")) return 'C';
  return 0;
}

std::string processor_id(std::string_view model, Architecture architecture) {
  for (std::string_view name = model; !name.empty();) {
    if (const auto* known = board::find_processor(name)) return std::string(known->id);
    // "cortex-m4f", "cortex-m0+": what is behind the number is an option of it
    if (!name.starts_with("cortex-") || name.back() == '-' || (name.back() >= '0' && name.back() <= '9')) break;
    name.remove_suffix(1);
  }
  if (architecture == Architecture::riscv32) return "rv32";
  if (architecture == Architecture::riscv64) return "rv64";
  return std::string(model);
}

}  // namespace virserver::backend::renode
