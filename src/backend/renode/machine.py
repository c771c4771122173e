# What VirServer asks of the machine of a running Renode that its monitor has no commands for. Runs inside Renode (IronPython 2):
# `include` makes each mc_NAME a monitor command. One fact a line, fields divided by tabs; the first is the mark "vs".
import clr
import System
from Antmicro.Renode.Core import EmulationManager
from Antmicro.Renode.Peripherals.CPU import HaltArguments, HaltReason
from Antmicro.Renode.Time import TimeInterval

# Quantities of sensors that may be set, with their unit where it is the same in every model.
QUANTITIES = {"Temperature": "C", "Humidity": "%", "Illuminance": "lx", "Pressure": "", "Acceleration": "", "AngularRate": "", "Magnetic": "", "Volts": "V"}
DRIVEN = {}        # (port, pin) -> the level that it was given from outside
OUTPUTS = []       # [device, property, function that reads it, value as last told]
SPAN = [0, False]  # a number for each span of time that is to end by itself; one is under way


def vs_line(*fields):
    print "\t".join(["vs"] + [str(f).replace("\t", " ").replace("\n", " ").replace("\r", " ") for f in fields])


def vs_machine():
    for machine in EmulationManager.Instance.CurrentEmulation.Machines:
        return machine


def vs_kind(peripheral):
    kind = clr.GetClrType(type(peripheral))
    interfaces = set(i.Name for i in kind.GetInterfaces())
    if "ILed" in interfaces:
        return "led"
    if kind.Name == "Button":
        return "button"
    if ".GPIOPort." in kind.FullName and "IGPIOReceiver" in interfaces and "INumberedGPIOOutput" in interfaces:
        return "gpio"
    if kind.Name == "STM32_ADC":
        return "adc"
    if "ISensor" in interfaces or kind.Name in ("ADCChannelSource", "ADCDefaultChannelSource"):
        return "sensor"
    return None


def vs_snake(name):
    return "".join("_" + c.lower() if c.isupper() and i and not name[i - 1].isupper() else c.lower() for i, c in enumerate(name))


# (name in the API, property, unit) of what may be set in a sensor.
def vs_quantities(peripheral):
    found = {}
    for p in clr.GetClrType(type(peripheral)).GetProperties():
        if not (p.CanRead and p.CanWrite and p.GetSetMethod() and p.PropertyType.Name in ("Decimal", "Double", "Single", "Int32", "UInt32", "Int16", "UInt16")):
            continue
        base = p.Name[7:] if p.Name.startswith("Default") else p.Name
        unit = [u for q, u in QUANTITIES.items() if base.startswith(q) and not base.endswith("Counter")]
        if unit and (base == p.Name or base not in found):
            found[base] = (vs_snake(base), p, unit[0])
    return sorted(found.values(), key=lambda each: each[0])


# name, type, value, writable, unit of each property
def vs_properties(name, kind, peripheral):
    if kind == "led":
        return [("on", "boolean", peripheral.State, False, "")]
    if kind == "button":
        return [("pressed", "boolean", peripheral.Pressed, True, "")]
    if kind == "gpio":
        pins = sorted(peripheral.Connections.Keys)
        return ([("in%d" % pin, "boolean", DRIVEN.get((name, pin), "null"), True, "") for pin in pins] +
                [("out%d" % pin, "boolean", peripheral.Connections[pin].IsSet, False, "") for pin in pins])
    if kind == "adc":
        return [("channel%d" % channel, "number", DRIVEN.get((name, channel), "null"), True, "") for channel in range(19)]
    return [(api, "number", p.GetValue(peripheral, None), True, unit) for api, p, unit in vs_quantities(peripheral)]


def vs_devices():
    machine = vs_machine()
    for name in machine.GetAllNames():
        peripheral = machine[name]
        kind = vs_kind(peripheral)
        if kind:
            yield name, kind, peripheral


def mc_vs_devices():
    for name, kind, peripheral in vs_devices():
        properties = vs_properties(name, kind, peripheral)
        if properties:
            vs_line("device", name, kind, clr.GetClrType(type(peripheral)).Name)
            for each in properties:
                vs_line("property", name, *each)
    vs_line("end", "devices")


# What the guest itself has changed since the last call, among the outputs that there were at the first.
def mc_vs_changes():
    if not OUTPUTS:
        for name, kind, peripheral in vs_devices():
            if kind == "led":
                OUTPUTS.append([name, "on", lambda led=peripheral: led.State, peripheral.State])
            elif kind == "gpio":
                for pin in sorted(peripheral.Connections.Keys):
                    gpio = peripheral.Connections[pin]
                    OUTPUTS.append([name, "out%d" % pin, lambda gpio=gpio: gpio.IsSet, gpio.IsSet])
    for output in OUTPUTS:
        value = output[2]()
        if value != output[3]:
            output[3] = value
            vs_line("change", output[0], output[1], value)
    vs_line("end", "changes")


def mc_vs_set(name, property, value):
    peripheral = vs_machine()[name]
    kind = vs_kind(peripheral)
    on = str(value) in ("1", "true", "True")
    if kind == "button":
        peripheral.Press() if on else peripheral.Release()
    elif kind == "gpio":
        pin = int(property[2:])
        peripheral.OnGPIO(pin, on)
        DRIVEN[(name, pin)] = on
    elif kind == "adc":
        channel = int(property[7:])
        peripheral.FeedSample(System.UInt32(int(float(value))), System.UInt32(channel), -1)
        DRIVEN[(name, channel)] = int(float(value))
    else:
        for api, p, _ in vs_quantities(peripheral):
            if api == property:
                p.SetValue(peripheral, System.Convert.ChangeType(float(value), p.PropertyType), None)
    vs_line("end", "set")


# The inputs of the controller that a board's interrupt numbers mean.
def mc_vs_interrupt(line, level):
    machine = vs_machine()
    for name in machine.GetAllNames():
        peripheral = machine[name]
        kind = clr.GetClrType(type(peripheral)).Name
        if kind in ("NVIC", "PlatformLevelInterruptController", "ARM_GenericInterruptController"):
            peripheral.OnGPIO(int(line) - (32 if kind.startswith("ARM_") else 0), int(level) != 0)
            vs_line("end", "interrupt")
            return
    vs_line("none", "interrupt")


def mc_vs_time():
    vs_line("time", vs_machine().ElapsedVirtualTime.TimeElapsed.Ticks, SPAN[1])


# The machine will stand after exactly so many nanoseconds of its time.
def mc_vs_span(nanoseconds):
    machine = vs_machine()
    SPAN[0] += 1
    SPAN[1] = True
    mine = SPAN[0]

    def over(_):
        if SPAN[0] == mine and SPAN[1]:
            SPAN[1] = False
            machine.Pause()

    machine.ScheduleAction(TimeInterval.FromTicks(int(nanoseconds)), over)
    vs_line("end", "span")


# The span is over or given up. A debugger's stub takes a paused machine for one that runs: its processors are halted instead.
def mc_vs_settle(debugger):
    SPAN[1] = False
    machine = vs_machine()
    if machine.IsPaused and int(debugger):
        for cpu in machine.SystemBus.GetCPUs():
            cpu.EnterSingleStepModeSafely(HaltArguments(HaltReason.Pause, cpu))
        machine.Start()
    vs_line("end", "settle")
