// What probe.py prints, shortened. Test only.
#pragma once
#include <string_view>

namespace virserver::testing {

inline constexpr std::string_view machine_output =
    "Renode, version 1.16.1\n\rvs\tprogram\t/opt/renode/\r\r\nvs\truntime\t/usr/share/dotnet/shared/Microsoft.NETCore.App/10.0.12\r\r\nvs\troot\t/opt/renode/\r\r\n"
    "vs\tplatform\tboards/stm32f4_discovery.repl\r\r\nvs\tplatform\tcpus/stm32f4.repl\r\r\nvs\tend\tinstall\r\r\n"
    "vs\ttype\tAntmicro.Renode.Peripherals.CPU.CortexM\tICPU\r\r\nvs\ttype\tAntmicro.Renode.Peripherals.UART.STM32_UART\tIUART,IBusPeripheral\r\r\nvs\tend\ttypes\r\r\n"
    "something else that it says\n"
    "vs\tperipheral\tsysbus\tAntmicro.Renode.Peripherals.Bus.SystemBus\t\r\r\n"
    "vs\tperipheral\tsysbus.flash\tAntmicro.Renode.Peripherals.Memory.MappedMemory\tIMemory,IMapped,IBusPeripheral\r\r\n"
    "vs\tperipheral\tsysbus.sram\tAntmicro.Renode.Peripherals.Memory.MappedMemory\tIMemory,IMapped,IBusPeripheral\r\r\n"
    "vs\tperipheral\tsysbus.usart1\tAntmicro.Renode.Peripherals.UART.STM32_UART\tIUART,IBusPeripheral\r\r\n"
    "vs\tperipheral\tsysbus.usart2\tAntmicro.Renode.Peripherals.UART.STM32_UART\tIUART,IBusPeripheral\r\r\n"
    "vs\tperipheral\tsysbus.usart2\tAntmicro.Renode.Peripherals.UART.STM32_UART\tIUART,IBusPeripheral\r\r\n"
    "vs\tperipheral\tsysbus.nvic\tAntmicro.Renode.Peripherals.IRQControllers.NVIC\tIGPIOReceiver,IBusPeripheral\r\r\n"
    "vs\tperipheral\tsysbus.cpu\tAntmicro.Renode.Peripherals.CPU.CortexM\tICPU,IGPIOReceiver\r\r\n"
    "vs\tcpu\tsysbus.cpu\tcortex-m4\tarm-m\tLittleEndian\r\r\n"
    "vs\trange\tsysbus.flash\t134217728\t1048576\r\r\nvs\trange\tsysbus.sram\t536870912\t131072\r\r\n"
    "vs\trange\tsysbus.usart1\t1073811456\t256\r\r\nvs\trange\tsysbus.usart2\t1073759232\t256\r\r\nvs\tend\tmachine\r\r\n";

}  // namespace virserver::testing
