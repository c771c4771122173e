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

// Addresses and sizes are those that the machines' sources decode (soc/arm/*/skyeye_mach_*.c).
// clang-format off
constexpr Device at91[] = {
    {"USART0", "at91-usart", "uart", 0xfffd0000, 0x1000}, {"TC", "at91-tc", "timer", 0xfffe0000, 0xc8},
    {"AIC", "at91-aic", "interrupt-controller", 0xfffff000, 0x1000}};
constexpr Device at91rm92[] = {
    {"DBGU", "at91-dbgu", "uart", 0xfffff200, 0x44}, {"USART0", "at91-usart", "uart", 0xfffc0000, 0x4000}, {"USART1", "at91-usart", "uart", 0xfffc4000, 0x4000},
    {"USART2", "at91-usart", "uart", 0xfffc8000, 0x4000}, {"USART3", "at91-usart", "uart", 0xfffcc000, 0x4000},
    {"AIC", "at91-aic", "interrupt-controller", 0xfffff000, 0x134}, {"PMC", "at91rm92-pmc", "clock", 0xfffffc28, 0x44},
    {"ST", "at91rm92-st", "timer", 0xfffffd00, 0x28}};
constexpr Device lpc2210[] = {
    {"UART0", "lpc2000-uart", "uart", 0xe000c000, 0x20}, {"TIMER0", "lpc2000-timer", "timer", 0xe0004000, 0x1c}, {"RTC", "lpc2000-rtc", "rtc", 0xe0024008, 0x80},
    {"PINSEL", "lpc2000-pinsel", "system", 0xe002c000, 0x18}, {"SCB", "lpc2000-scb", "system", 0xe01fc000, 0x104}, {"EMC", "lpc2000-emc", "system", 0xffe00000, 0x10},
    {"VIC", "lpc2000-vic", "interrupt-controller", 0xfffff000, 0x240}};
constexpr Device s3c2410x[] = {
    {"UART0", "s3c-uart", "uart", 0x50000000, 0x2c}, {"UART1", "s3c-uart", "uart", 0x50004000, 0x2c}, {"UART2", "s3c-uart", "uart", 0x50008000, 0x2c},
    {"MEMCTL", "s3c-memory-controller", "system", 0x48000000, 0x34}, {"INTC", "s3c-interrupts", "interrupt-controller", 0x4a000000, 0x20},
    {"CLKPWR", "s3c-clock", "clock", 0x4c000000, 0x18}, {"PWM", "s3c-timer", "timer", 0x51000000, 0x44}, {"WDT", "s3c-watchdog", "watchdog", 0x53000000, 0xc},
    {"GPIO", "s3c-gpio", "gpio", 0x56000000, 0xb4}};
constexpr Device s3c2440[] = {
    {"UART0", "s3c-uart", "uart", 0x50000000, 0x2c}, {"INTC", "s3c-interrupts", "interrupt-controller", 0x4a000000, 0x18},
    {"CLKPWR", "s3c-clock", "clock", 0x4c000000, 0x18}, {"PWM", "s3c-timer", "timer", 0x51000000, 0x44}, {"GPIO", "s3c-gpio", "gpio", 0x56000000, 0xb4}};
constexpr Device s3c6410x[] = {
    {"UART0", "s3c-uart", "uart", 0x7f005000, 0x3c}, {"VIC0", "s3c6410-vic", "interrupt-controller", 0x71200000, 0x1000},
    {"VIC1", "s3c6410-vic", "interrupt-controller", 0x71300000, 0x1000}, {"USBHOST", "s3c6410-usbhost", "usb", 0x74300000, 0x1000},
    {"LCD", "s3c6410-lcd", "display", 0x77100000, 0x100000}, {"CAMIF", "s3c6410-camif", "other", 0x78000000, 0x1000}, {"MFC", "s3c6410-mfc", "other", 0x7e002000, 0x1000},
    {"RTC", "s3c6410-rtc", "rtc", 0x7e005000, 0x1000}, {"TSADC", "s3c6410-touchscreen", "adc", 0x7e00b000, 0x1000}, {"SYSCON", "s3c6410-sysctrl", "clock", 0x7e00f000, 0x1000},
    {"AC97", "s3c6410-ac97", "other", 0x7f001000, 0x1000}, {"PWM", "s3c6410-timer", "timer", 0x7f006000, 0x48}, {"GPIO", "s3c6410-gpio", "gpio", 0x7f008000, 0x1000},
    {"SPI0", "s3c6410-spi", "spi", 0x7f00b000, 0x1000}};
constexpr Device ep7312[] = {
    {"UART1", "clps711x-uart", "uart", 0x80000480, 4}, {"GPIO", "clps711x-gpio", "gpio", 0x80000000, 0xc4}, {"SYSCON1", "clps711x-syscon", "system", 0x80000100, 0x44},
    {"INTC", "clps711x-interrupts", "interrupt-controller", 0x80000240, 0x44}, {"TC", "clps711x-timer", "timer", 0x80000300, 0x44}};
constexpr Device cs89712[] = {
    {"UART1", "clps711x-uart", "uart", 0x80000480, 4}, {"SYSCON1", "clps711x-syscon", "system", 0x80000100, 0x44},
    {"INTC", "clps711x-interrupts", "interrupt-controller", 0x80000240, 0x44}, {"TC", "clps711x-timer", "timer", 0x80000300, 0x44}};
constexpr Device sa1100[] = {
    {"UART3", "sa1100-uart", "uart", 0x80050000, 0x24}, {"OST", "sa1100-ost", "timer", 0x90000000, 0x20}, {"RTC", "sa1100-rtc", "rtc", 0x90010000, 0x14},
    {"INTC", "sa1100-interrupts", "interrupt-controller", 0x90050000, 0x24}};
constexpr Device pxa[] = {
    {"FFUART", "pxa-uart", "uart", 0x40100000, 0x2c}, {"RTC", "pxa-rtc", "rtc", 0x40900000, 0x10}, {"OST", "pxa-ost", "timer", 0x40a00000, 0x20},
    {"INTC", "pxa-interrupts", "interrupt-controller", 0x40d00000, 0x18}, {"CLK", "pxa-clock", "clock", 0x41300000, 0xc}};

// Ranges of registers as SkyEye's own examples have them.
constexpr Mach all[] = {
    {"at91", "Atmel AT91X40", "arm", arm, "arm7tdmi", 0xf0000000, 0x10000000, at91, 1, 0, true},
    {"at91rm92", "Atmel AT91RM9200", "arm", arm, "arm920t", 0xfffa0000, 0x00060000, at91rm92, 1, 3, true},
    {"lpc2210", "Philips LPC2210", "arm", arm, "arm7tdmi", 0xe0000000, 0x20000000, lpc2210, 1, 0, true},
    {"s3c2410x", "Samsung S3C2410X", "arm", arm, "arm920t", 0x48000000, 0x20000000, s3c2410x, 3, 0, true},
    {"s3c2440", "Samsung S3C2440", "arm", arm, "arm920t", 0x48000000, 0x20000000, s3c2440, 1, 0, true},
    {"s3c6410x", "Samsung S3C6410", "arm", arm, "arm11", 0x70000000, 0x10000000, s3c6410x, 1, 3, true},
    {"ep7312", "Cirrus Logic EP7312", "arm", arm, "arm720t", 0x80000000, 0x00010000, ep7312, 1, 0, true},
    {"sa1100", "Intel SA-1100", "arm", arm, "sa1100", 0x80000000, 0x40000000, sa1100, 1, 3, true},
    {"pxa_lubbock", "Intel PXA255, Lubbock", "arm", arm, "pxa25x", 0x40000000, 0x0c000000, pxa, 1, 0, true},
    {"pxa_mainstone", "Intel PXA270, Mainstone", "arm", arm, "pxa27x", 0x40000000, 0x0c000000, pxa, 1, 0, true},
    {"cs89712", "Cirrus Logic CS89712", "arm", arm, "arm720t", 0x80000000, 0x00800000, cs89712, 1, 0, true},
    {"ep9312", "Cirrus Logic EP9312", "arm", arm, "arm920t", 0x80000000, 0x00150000, {}, 0, 0},
    {"goldfish", "Android Goldfish", "arm", arm, "arm926ejs", 0xff000000, 0x000e0000, {}, 0, 0},
    {"imx9238", "Freescale i.MX", "arm", arm, "arm920t", 0, 0, {}, 0, 0},
    {"lh79520", "Sharp LH79520", "arm", arm, "arm720t", 0, 0, {}, 0, 0},
    {"lpc", "Philips LPC2xxx", "arm", arm, "arm7tdmi", 0xe0000000, 0x20000000, {}, 0, 0},
    {"ns9750", "NetSilicon NS9750", "arm", arm, "arm926ejs", 0, 0, {}, 0, 0},
    {"omap4460x", "Texas Instruments OMAP4460", "arm", arm, "cortex_a9", 0, 0, {}, 0, 0},
    {"omap5912", "Texas Instruments OMAP5912", "arm", arm, "arm926ejs", 0, 0, {}, 0, 0},
    {"ps7500", "Cirrus Logic PS7500", "arm", arm, "arm710", 0, 0, {}, 0, 0},
    {"s3c3410x", "Samsung S3C3410X", "arm", arm, "arm7tdmi", 0, 0, {}, 0, 0},
    {"s3c4510b", "Samsung S3C4510B", "arm", arm, "arm7tdmi", 0, 0, {}, 0, 0},
    {"sharp_lh7a400", "Sharp LH7A400", "arm", arm, "arm920t", 0, 0, {}, 0, 0},
    {"leon2", "Gaisler LEON2", "sparc", sparc, "", 0x80000000, 0x100, {}, 0, 0},
    {"mpc8560", "Freescale MPC8560", "powerpc", ppc, "", 0, 0, {}, 0, 0},
    {"mpc8572", "Freescale MPC8572", "powerpc", ppc, "", 0, 0, {}, 0, 0},
    {"mpc8641d", "Freescale MPC8641D", "powerpc", ppc, "", 0, 0, {}, 0, 0},
    {"mcf5249", "Freescale MCF5249", "coldfire", other, "", 0, 0, {}, 0, 0},
    {"mcf5272", "Freescale MCF5272", "coldfire", other, "", 0, 0, {}, 0, 0},
    {"bf533", "Analog Devices BF533", "blackfin", other, "", 0, 0, {}, 0, 0},
    {"bf537", "Analog Devices BF537", "blackfin", other, "", 0, 0, {}, 0, 0},
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
