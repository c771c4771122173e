#include "board/processors.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "base/bytes.hpp"

namespace virserver::board {
namespace {

using enum Architecture;

// clang-format off
constexpr ProcessorType types[] = {
    {"cortex-m0", "ARM Cortex-M0", "Arm", arm, 'M', ""},
    {"cortex-m0plus", "ARM Cortex-M0+", "Arm", arm, 'M', "m0plus"},
    {"cortex-m1", "ARM Cortex-M1", "Arm", arm, 'M', ""},
    {"cortex-m3", "ARM Cortex-M3", "Arm", arm, 'M', ""},
    {"cortex-m4", "ARM Cortex-M4", "Arm", arm, 'M', "cortex-m4f"},
    {"cortex-m7", "ARM Cortex-M7", "Arm", arm, 'M', "cortex-m7f"},
    {"cortex-m23", "ARM Cortex-M23", "Arm", arm, 'M', ""},
    {"cortex-m33", "ARM Cortex-M33", "Arm", arm, 'M', "cortex-m33f"},
    {"cortex-m55", "ARM Cortex-M55", "Arm", arm, 'M', ""},
    {"cortex-m85", "ARM Cortex-M85", "Arm", arm, 'M', ""},
    {"cortex-r4", "ARM Cortex-R4", "Arm", arm, 'R', "cortex-r4f"},
    {"cortex-r5", "ARM Cortex-R5", "Arm", arm, 'R', "cortex-r5f"},
    {"cortex-r8", "ARM Cortex-R8", "Arm", arm, 'R', ""},
    {"cortex-r52", "ARM Cortex-R52", "Arm", arm, 'R', ""},
    {"cortex-a5", "ARM Cortex-A5", "Arm", arm, 'A', ""},
    {"cortex-a7", "ARM Cortex-A7", "Arm", arm, 'A', ""},
    {"cortex-a8", "ARM Cortex-A8", "Arm", arm, 'A', ""},
    {"cortex-a9", "ARM Cortex-A9", "Arm", arm, 'A', ""},
    {"cortex-a15", "ARM Cortex-A15", "Arm", arm, 'A', ""},
    {"cortex-a35", "ARM Cortex-A35", "Arm", aarch64, 'A', ""},
    {"cortex-a53", "ARM Cortex-A53", "Arm", aarch64, 'A', ""},
    {"cortex-a55", "ARM Cortex-A55", "Arm", aarch64, 'A', ""},
    {"cortex-a57", "ARM Cortex-A57", "Arm", aarch64, 'A', ""},
    {"cortex-a72", "ARM Cortex-A72", "Arm", aarch64, 'A', ""},
    {"cortex-a76", "ARM Cortex-A76", "Arm", aarch64, 'A', ""},
    {"cortex-a78", "ARM Cortex-A78", "Arm", aarch64, 'A', ""},
    {"cortex-a710", "ARM Cortex-A710", "Arm", aarch64, 'A', ""},
    {"neoverse-n1", "ARM Neoverse-N1", "Arm", aarch64, 'A', ""},
    {"a64fx", "Fujitsu A64FX", "Fujitsu", aarch64, 'A', ""},
    {"arm7tdmi", "ARM7TDMI", "Arm", arm, 'C', "arm7 arm7tdmi-s"},
    {"arm720t", "ARM720T", "Arm", arm, 'C', ""},
    {"arm920t", "ARM920T", "Arm", arm, 'C', "arm9"},
    {"arm926", "ARM926EJ-S", "Arm", arm, 'C', "arm926ej arm926ejs"},
    {"arm946", "ARM946E-S", "Arm", arm, 'C', "arm946es"},
    {"arm1026", "ARM1026EJ-S", "Arm", arm, 'C', "arm1026ejs"},
    {"arm1136", "ARM1136J-S", "Arm", arm, 'C', "arm1136js arm1136jfs arm1136jf-s"},
    {"arm1176", "ARM1176JZF-S", "Arm", arm, 'C', "arm1176jzf arm1176jzfs arm1176jzs"},
    {"arm11mpcore", "ARM11 MPCore", "Arm", arm, 'C', ""},
    {"sa1110", "StrongARM SA-1110", "Intel", arm, 'C', ""},
    {"pxa255", "XScale PXA255", "Intel", arm, 'C', ""},
    {"pxa270", "XScale PXA270", "Intel", arm, 'C', "pxa27x"},

    {"rv32", "RISC-V RV32", "RISC-V International", riscv32, 0, "riscv32 risc-v-32 riscv-32bit"},
    {"rv64", "RISC-V RV64", "RISC-V International", riscv64, 0, "riscv64 risc-v-64 riscv-64bit"},
    {"sifive-e31", "SiFive E31", "SiFive", riscv32, 0, "e31"},
    {"sifive-e34", "SiFive E34", "SiFive", riscv32, 0, "e34"},
    {"sifive-e51", "SiFive E51", "SiFive", riscv64, 0, "e51"},
    {"sifive-u34", "SiFive U34", "SiFive", riscv32, 0, "u34"},
    {"sifive-u54", "SiFive U54", "SiFive", riscv64, 0, "u54"},
    {"sifive-u74", "SiFive U74", "SiFive", riscv64, 0, "u74"},
    {"lowrisc-ibex", "lowRISC Ibex", "lowRISC", riscv32, 0, "ibex"},
    {"vexriscv", "VexRiscv", "SpinalHDL", riscv32, 0, ""},
    {"picorv32", "PicoRV32", "YosysHQ", riscv32, 0, ""},

    {"leon2", "SPARC LEON2", "Gaisler", sparc, 0, "at697"},
    {"leon3", "SPARC LEON3", "Gaisler", sparc, 0, "gr712"},
    {"leon4", "SPARC LEON4", "Gaisler", sparc, 0, "gr740"},
    {"e200z6", "PowerPC e200z6", "NXP", ppc, 0, ""},
    {"e300", "PowerPC e300", "NXP", ppc, 0, "mpc83xx"},
    {"e500v1", "PowerPC e500v1", "NXP", ppc, 0, ""},
    {"e500v2", "PowerPC e500v2", "NXP", ppc, 0, "e500 e500v2_v30"},
    {"e500mc", "PowerPC e500mc", "NXP", ppc, 0, ""},
    {"e600", "PowerPC e600", "NXP", ppc, 0, "mpc8641"},
    {"ppc405", "PowerPC 405", "IBM", ppc, 0, ""},
    {"ppc440", "PowerPC 440", "IBM", ppc, 0, ""},
    {"ppc750", "PowerPC 750", "IBM", ppc, 0, "rad750"},
    {"mips-4kc", "MIPS 4Kc", "MIPS", mips, 0, ""},
    {"mips-24kc", "MIPS 24Kc", "MIPS", mips, 0, ""},
    {"mips-24kf", "MIPS 24Kf", "MIPS", mips, 0, ""},
    {"i386", "Intel 80386", "Intel", x86, 0, "x86 ia32"},
    {"i486", "Intel 80486", "Intel", x86, 0, ""},
    {"pentium", "Intel Pentium", "Intel", x86, 0, "quark"},
    {"x86-64", "x86-64", "AMD, Intel", x86_64, 0, "amd64"},
    {"xtensa-lx6", "Tensilica Xtensa LX6", "Cadence", xtensa, 0, "lx6 esp32"},
    {"xtensa-lx106", "Tensilica Xtensa LX106", "Cadence", xtensa, 0, "lx106 esp8266"},
    {"xtensa-dc232b", "Tensilica Xtensa DC232B", "Cadence", xtensa, 0, "dc232b"},
    {"xtensa-dc233c", "Tensilica Xtensa DC233C", "Cadence", xtensa, 0, "dc233c"},
    {"avr5", "AVR 5 (ATmega328P)", "Microchip", avr, 0, "atmega328p atmega168"},
    {"avr51", "AVR 51 (ATmega1280)", "Microchip", avr, 0, "atmega1280"},
    {"avr6", "AVR 6 (ATmega2560)", "Microchip", avr, 0, "atmega2560"},
    {"m68000", "Motorola 68000", "Motorola", m68k, 0, ""},
    {"coldfire-5206", "ColdFire MCF5206", "Motorola", m68k, 0, "mcf5206 m5206"},
    {"coldfire-5208", "ColdFire MCF5208", "Motorola", m68k, 0, "mcf5208 m5208"},
};
// clang-format on

std::string squeeze(std::string_view text) {
  std::string key;
  for (const char c : text) {
    if (c == '+') key += "plus";
    else if (std::isalnum(static_cast<unsigned char>(c))) key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return key;
}

const std::map<std::string, const ProcessorType*, std::less<>>& spellings() {
  static const auto table = [] {
    std::map<std::string, const ProcessorType*, std::less<>> map;
    for (const ProcessorType& type : types) {
      map.emplace(squeeze(type.id), &type);
      map.emplace(squeeze(type.name), &type);
      for (std::string_view rest = type.aliases; !rest.empty();) {
        const std::size_t space = std::min(rest.find(' '), rest.size());
        map.emplace(squeeze(rest.substr(0, space)), &type);
        rest.remove_prefix(std::min(space + 1, rest.size()));
      }
    }
    return map;
  }();
  return table;
}

bool is_isa_string(std::string_view key) {  // "rv32imac", "rv64gc", "rv32imczicsr"
  return (key.starts_with("rv32") || key.starts_with("rv64")) && key.size() > 4 &&
         std::string_view("ieg").contains(key[4]) && key.size() < 64;
}

}  // namespace

std::span<const ProcessorType> processor_types() { return types; }

const ProcessorType* find_processor(std::string_view spelling) {
  if (spelling.size() > 128) return nullptr;
  std::string key = squeeze(spelling);
  const auto& table = spellings();
  if (const auto found = table.find(key); found != table.end()) return found->second;
  for (const std::string_view vendor : {"arm", "riscv", "sparc", "powerpc", "ppc", "intel", "mips"}) {
    if (!key.starts_with(vendor)) continue;
    if (const auto found = table.find(std::string_view(key).substr(vendor.size())); found != table.end()) return found->second;
    if (is_isa_string(std::string_view(key).substr(vendor.size()))) key.erase(0, vendor.size());
  }
  if (is_isa_string(key)) return table.find(std::string_view(key).substr(0, 4))->second;
  return nullptr;
}

std::vector<std::string> nearest_processors(std::string_view spelling) {
  std::vector<std::string> keys;
  for (const auto& [key, type] : spellings()) keys.push_back(key);
  std::vector<std::string> names;
  for (const std::string& key : nearest(squeeze(spelling.substr(0, 128)), keys, 8)) {
    const std::string name(spellings().at(key)->name);
    if (std::ranges::find(names, name) == names.end() && names.size() < 3) names.push_back(name);
  }
  return names;
}

}  // namespace virserver::board
