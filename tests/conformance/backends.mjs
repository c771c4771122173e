// What the suite runs on: one row a backend. A new backend needs a row here and passes, or says in its capabilities what it cannot do.
//
// `boards`: all checks run on each. Templates with test firmware of their name, that the backend runs:
//   pc, argument   the debugger's names of the program counter and of the first argument's register
//   ram            an address in RAM that the test firmware leaves alone, with 64 KiB behind it
//   nowhere        an address where the machine has nothing
//   foreign        test firmware of another architecture
// `pins`: a board that runs pins.elf, and which pins its button and LED are. `rtt`: a board that runs rtt_echo.elf. `models`: a board whose firmware needs its register models.
const cortexM = { template: 'stm32f4-disco', pc: 'pc', argument: 'r0', ram: 0x2000c000, nowhere: 0x90000000, foreign: 'riscv-virt64' };
const riscv = { template: 'riscv-virt64', pc: 'pc', argument: 'a0', ram: 0x84000000, nowhere: 0xf0000000, foreign: 'stm32f4-disco' };

export const backends = {
  qemu: {
    title: 'QEMU',
    boards: [cortexM, riscv],
    rtt: { template: 'microbit', firmware: 'rtt_echo' },
    pins: { template: 'stm32f4-disco', console: 'usart2' },
    models: { template: 'stm32f4-disco', firmware: 'clock_hal', console: 'usart2', shows: 'clock ready: 168 MHz' },
  },
  renode: {
    title: 'Renode',
    boards: [cortexM, riscv],
    rtt: { template: 'nrf52840-dk', firmware: 'rtt_echo' },
    pins: { template: 'stm32f4-disco', console: 'usart2', input: { device: 'gpioPortA.UserButton', property: 'pressed' }, output: { device: 'gpioPortD.UserLED', property: 'on' } },
  },
  skyeye: {
    title: 'SkyEye',
    boards: [{ template: 'at91eb40a', pc: 'pc', argument: 'r0', ram: 0x00030000, nowhere: 0x90000000, foreign: 'riscv-virt64' }],
  },
};
