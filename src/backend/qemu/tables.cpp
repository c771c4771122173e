#include "backend/qemu/tables.hpp"

#include <algorithm>
#include <cctype>

namespace virserver::backend::qemu {

namespace {

struct Target {
  std::string_view name;
  Architecture architecture;
};
constexpr Target targets[] = {
    {"arm", Architecture::arm},         {"aarch64", Architecture::aarch64}, {"riscv32", Architecture::riscv32},
    {"riscv64", Architecture::riscv64}, {"sparc", Architecture::sparc},     {"ppc", Architecture::ppc},
    {"mips", Architecture::mips},       {"mipsel", Architecture::mips},     {"i386", Architecture::x86},
    {"x86_64", Architecture::x86_64},   {"xtensa", Architecture::xtensa},   {"avr", Architecture::avr},
    {"m68k", Architecture::m68k},
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

Architecture architecture_of_target(std::string_view target) {
  for (const auto& row : targets)
    if (row.name == target) return row.architecture;
  return Architecture::other;
}

std::vector<std::string> targets_of(Architecture architecture) {
  std::vector<std::string> names;
  for (const auto& row : targets)
    if (row.architecture == architecture && architecture != Architecture::other) names.emplace_back(row.name);
  if (architecture == Architecture::arm) names.emplace_back("aarch64");  // has every 32-bit machine as well
  if (architecture == Architecture::x86) names.emplace_back("x86_64");
  return names;
}

std::string package_of(Architecture architecture) {
  switch (architecture) {
    case Architecture::arm:
    case Architecture::aarch64: return "qemu-system-arm";
    case Architecture::sparc: return "qemu-system-sparc";
    case Architecture::ppc: return "qemu-system-ppc";
    case Architecture::mips: return "qemu-system-mips";
    case Architecture::x86:
    case Architecture::x86_64: return "qemu-system-x86";
    default: return "qemu-system-misc";
  }
}

std::string processor_of_type(std::string_view type) {
  if (!type.ends_with("-cpu")) return std::string(type);
  std::string_view name = type.substr(0, type.size() - 4);
  const auto dash = name.rfind('-');
  return std::string(dash == name.npos || dash == 0 ? name : name.substr(0, dash));
}

char arm_profile(std::string_view processor) {
  if (processor.starts_with("cortex-m")) return 'M';
  if (processor.starts_with("cortex-r")) return 'R';
  if (processor.starts_with("cortex-a") || processor.starts_with("neoverse") || processor == "a64fx" || processor == "max") return 'A';
  if (processor.starts_with("arm") || processor.starts_with("pxa") || processor.starts_with("sa11") || processor.starts_with("ti925")) return 'C';
  return 0;
}

std::string vendor_of(std::string_view processor, Architecture architecture) {
  if (processor.starts_with("sifive")) return "SiFive";
  if (processor.starts_with("lowrisc")) return "lowRISC";
  if (processor.starts_with("pxa") || processor.starts_with("sa11")) return "Intel";
  if (processor == "a64fx") return "Fujitsu";
  switch (architecture) {
    case Architecture::arm:
    case Architecture::aarch64: return "Arm";
    case Architecture::riscv32:
    case Architecture::riscv64: return "RISC-V International";
    case Architecture::avr: return "Microchip";
    case Architecture::xtensa: return "Cadence";
    case Architecture::m68k: return "Motorola";
    default: return "";
  }
}

std::string device_kind(std::string_view device) {
  struct Row {
    std::string_view part, kind;
  };
  static constexpr Row rows[] = {
      {"watchdog", "watchdog"}, {"wdt", "watchdog"},  {"uart", "uart"},       {"usart", "uart"},   {"serial", "uart"},
      {"pl011", "uart"},        {"sci", "uart"},      {"gpio", "gpio"},       {"pl061", "gpio"},   {"timer", "timer"},
      {"sp804", "timer"},       {"-pit", "timer"},    {"-gpt", "timer"},      {"aclint", "timer"}, {"clint", "timer"},
      {"systick", "timer"},     {"rtc", "rtc"},       {"pl031", "rtc"},       {"ssi", "spi"},      {"spi", "spi"},
      {"pl022", "spi"},         {"i2c", "i2c"},       {"twi", "i2c"},         {"smbus", "i2c"},    {"nvic", "interrupt_controller"},
      {"gic", "interrupt_controller"}, {"plic", "interrupt_controller"}, {"aplic", "interrupt_controller"},
      {"intc", "interrupt_controller"}, {"pl190", "interrupt_controller"}, {"-vic", "interrupt_controller"},
      {"usb", "usb"},           {"ehci", "usb"},      {"ohci", "usb"},        {"xhci", "usb"},     {"can", "can"},
      {"eth", "network"},       {"-net", "network"},  {"lan9118", "network"}, {"e1000", "network"}, {"enet", "network"},
      {"smc91", "network"},     {"gem", "network"},   {"nic", "network"},     {"adc", "adc"},      {"dma", "dma"},
      {"pl080", "dma"},         {"pl330", "dma"},     {"rng", "rng"},         {"trng", "rng"},     {"sdhci", "sd"},
      {"sd-card", "sd"},        {"sdhost", "sd"},     {"pl181", "sd"},        {"mmci", "sd"},      {"flash", "flash"},
      {"m25p", "flash"},        {"mx25", "flash"},    {"n25q", "flash"},      {"w25", "flash"},    {"nand", "flash"},
      {"tmp105", "sensor"},     {"tmp4", "sensor"},   {"lsm303", "sensor"},   {"vga", "display"},  {"ramfb", "display"},
      {"pl110", "display"},     {"lcd", "display"},   {"fb", "display"},      {"kbd", "input"},    {"mouse", "input"},
      {"tablet", "input"},      {"keyboard", "input"}, {"led", "led"},        {"scsi", "storage"}, {"nvme", "storage"},
      {"ide", "storage"},       {"blk", "storage"},   {"pci", "pci"},
  };
  const std::string name = lower(device);
  for (const auto& row : rows)
    if (name.find(row.part) != name.npos) return std::string(row.kind);
  return "other";
}

std::vector<std::string> machines_for(std::string_view processor, std::string_view soc) {
  struct Row {
    std::string_view soc, processor;
    std::vector<std::string> machines;
  };
  static const Row rows[] = {
      {"stm32f405", "cortex-m4", {"olimex-stm32-h405", "netduinoplus2"}},
      {"stm32f407", "cortex-m4", {"olimex-stm32-h405", "netduinoplus2"}},
      {"stm32f4", "cortex-m4", {"olimex-stm32-h405", "netduinoplus2"}},
      {"stm32f205", "cortex-m3", {"netduino2"}},
      {"stm32f100", "cortex-m3", {"stm32vldiscovery"}},
      {"stm32l475", "cortex-m4", {"b-l475e-iot01a"}},
      {"nrf51", "cortex-m0", {"microbit"}},
      {"fe310", "", {"sifive_e"}},
      {"", "cortex-m0", {"microbit"}},
      {"", "cortex-m3", {"mps2-an385", "stm32vldiscovery", "netduino2", "lm3s6965evb"}},
      {"", "cortex-m4", {"netduinoplus2", "olimex-stm32-h405", "mps2-an386"}},
      {"", "cortex-m7", {"mps2-an500"}},
      {"", "cortex-m33", {"mps2-an505"}},
      {"", "cortex-m55", {"mps3-an547"}},
      {"", "cortex-r52", {"mps3-an536"}},
      {"", "cortex-a7", {"virt"}},
      {"", "cortex-a15", {"virt"}},
      {"", "cortex-a53", {"virt"}},
      {"", "cortex-a57", {"virt"}},
      {"", "cortex-a72", {"virt"}},
      {"", "cortex-a9", {"vexpress-a9"}},
      {"", "arm926", {"versatilepb"}},
      {"", "arm1176", {"raspi0"}},
      {"", "sifive-e31", {"sifive_e"}},
      {"", "sifive-e51", {"sifive_e"}},
      {"", "rv32", {"virt", "sifive_e"}},
      {"", "rv64", {"virt", "sifive_e"}},
  };
  const std::string chip = lower(soc);
  std::vector<std::string> found;
  for (const auto& row : rows) {
    if (!row.processor.empty() && row.processor != processor) continue;
    if (!row.soc.empty() && !chip.starts_with(row.soc)) continue;
    for (const auto& machine : row.machines)
      if (std::ranges::find(found, machine) == found.end()) found.push_back(machine);
  }
  return found;
}

}  // namespace virserver::backend::qemu
