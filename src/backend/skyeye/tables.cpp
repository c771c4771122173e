#include "backend/skyeye/tables.hpp"

#include <algorithm>

#include "board/processors.hpp"

namespace virserver::backend::skyeye {

namespace {

using enum Architecture;

constexpr Cpu cpus[] = {
    {"arm7tdmi", "arm7tdmi"}, {"arm710", "arm710"},     {"arm720t", "arm720t"},  {"arm920t", "arm920t"}, {"arm926ejs", "arm926"}, {"sa1110", "sa1110"},
    {"sa1100", "sa1100"},     {"pxa25x", "pxa255"},     {"pxa27x", "pxa270"},    {"arm11", "arm1176"},   {"cortex_a9", "cortex-a9"},
};

// Ranges of registers as SkyEye's own examples have them; UARTs where the chips' manuals put them. Only what is marked at the end
// of its row was run.
// clang-format off
constexpr Mach all[] = {
    {"at91", "Atmel AT91X40", "arm", arm, "arm7tdmi", 0xf0000000, 0x10000000, 0xfffd0000, "at91-usart", true},
    {"at91rm92", "Atmel AT91RM9200", "arm", arm, "arm920t", 0xfffa0000, 0x00060000, 0xfffff200, "at91-dbgu"},
    {"lpc2210", "Philips LPC2210", "arm", arm, "arm7tdmi", 0xe0000000, 0x20000000, 0xe000c000, "16550"},
    {"s3c2410x", "Samsung S3C2410X", "arm", arm, "arm920t", 0x48000000, 0x20000000, 0x50000000, "s3c-uart"},
    {"s3c2440", "Samsung S3C2440", "arm", arm, "arm920t", 0x48000000, 0x20000000, 0x50000000, "s3c-uart"},
    {"s3c6410x", "Samsung S3C6410", "arm", arm, "arm11", 0x70000000, 0x10000000, 0x7f005000, "s3c-uart"},
    {"ep7312", "Cirrus Logic EP7312", "arm", arm, "arm720t", 0x80000000, 0x00010000, 0x80000480, "clps711x-uart"},
    {"sa1100", "Intel SA-1100", "arm", arm, "sa1100", 0x80000000, 0x40000000, 0x80050000, "sa1100-uart"},
    {"pxa_lubbock", "Intel PXA255, Lubbock", "arm", arm, "pxa25x", 0x40000000, 0x0c000000, 0x40100000, "pxa-uart"},
    {"pxa_mainstone", "Intel PXA270, Mainstone", "arm", arm, "pxa27x", 0x40000000, 0x0c000000, 0x40100000, "pxa-uart"},
    {"cs89712", "Cirrus Logic CS89712", "arm", arm, "arm720t", 0x80000000, 0x00800000, 0, ""},
    {"ep9312", "Cirrus Logic EP9312", "arm", arm, "arm920t", 0x80000000, 0x00150000, 0, ""},
    {"goldfish", "Android Goldfish", "arm", arm, "arm926ejs", 0xff000000, 0x000e0000, 0, ""},
    {"imx9238", "Freescale i.MX", "arm", arm, "arm920t", 0, 0, 0, ""},
    {"lh79520", "Sharp LH79520", "arm", arm, "arm720t", 0, 0, 0, ""},
    {"lpc", "Philips LPC2xxx", "arm", arm, "arm7tdmi", 0xe0000000, 0x20000000, 0, ""},
    {"ns9750", "NetSilicon NS9750", "arm", arm, "arm926ejs", 0, 0, 0, ""},
    {"omap4460x", "Texas Instruments OMAP4460", "arm", arm, "cortex_a9", 0, 0, 0, ""},
    {"omap5912", "Texas Instruments OMAP5912", "arm", arm, "arm926ejs", 0, 0, 0, ""},
    {"ps7500", "Cirrus Logic PS7500", "arm", arm, "arm710", 0, 0, 0, ""},
    {"s3c3410x", "Samsung S3C3410X", "arm", arm, "arm7tdmi", 0, 0, 0, ""},
    {"s3c4510b", "Samsung S3C4510B", "arm", arm, "arm7tdmi", 0, 0, 0, ""},
    {"sharp_lh7a400", "Sharp LH7A400", "arm", arm, "arm920t", 0, 0, 0, ""},
    {"leon2", "Gaisler LEON2", "sparc", sparc, "", 0x80000000, 0x100, 0, ""},
    {"mpc8560", "Freescale MPC8560", "powerpc", ppc, "", 0, 0, 0, ""},
    {"mpc8572", "Freescale MPC8572", "powerpc", ppc, "", 0, 0, 0, ""},
    {"mpc8641d", "Freescale MPC8641D", "powerpc", ppc, "", 0, 0, 0, ""},
    {"mcf5249", "Freescale MCF5249", "coldfire", other, "", 0, 0, 0, ""},
    {"mcf5272", "Freescale MCF5272", "coldfire", other, "", 0, 0, 0, ""},
    {"bf533", "Analog Devices BF533", "blackfin", other, "", 0, 0, 0, ""},
    {"bf537", "Analog Devices BF537", "blackfin", other, "", 0, 0, 0, ""},
};
// clang-format on

}  // namespace

std::span<const Cpu> arm_cpus() { return cpus; }

const Cpu* find_cpu(std::string_view name) {
  const auto* known = board::find_processor(name);
  const auto found = std::ranges::find_if(cpus, [&](const Cpu& cpu) { return cpu.name == name || cpu.processor == name || (known && cpu.processor == known->id); });
  return found == std::end(cpus) ? nullptr : found;
}

std::span<const Mach> machs() { return all; }

const Mach* find_mach(std::string_view name) {
  const auto found = std::ranges::find(all, name, &Mach::name);
  return found == std::end(all) ? nullptr : found;
}

}  // namespace virserver::backend::skyeye
