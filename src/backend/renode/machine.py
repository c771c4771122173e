# What VirServer asks of the machine of a running Renode that its monitor has no commands for. Runs inside Renode (IronPython 2):
# `include` makes each mc_NAME a monitor command. One fact a line, fields divided by tabs; the first is the mark "vs".
import clr
from System import Array, Convert, Environment, Object, UInt32
from System.Collections.Concurrent import ConcurrentQueue
from System.IO import File, Path
from System.Reflection import BindingFlags
from System.Threading import Monitor
from Antmicro.Renode.Core import EmulationManager
from Antmicro.Renode.Peripherals.CPU import HaltArguments, HaltReason
from Antmicro.Renode.Peripherals.Sensor import IADCExtensions
from Antmicro.Renode.Time import TimeInterval, TimeSourceBase

# Quantities of sensors that may be set, with their unit where it is the same in every model.
QUANTITIES = {"Temperature": "C", "Humidity": "%", "Illuminance": "lx", "Pressure": "", "Acceleration": "", "AngularRate": "", "Magnetic": "", "Volts": "V"}
RAW_LIMIT = 4095     # of the converters that take raw samples
VOLTS_LIMIT = 4294   # of the others, which count microvolts in 32 bits
SEEN_LIMIT = 1000
if "DRIVEN" not in globals():  # a server that takes the machine over reads this once more
    DRIVEN = {}        # (device, number) -> what it was given from outside since the last reset
    OUTPUTS = []       # [device, property, function that reads it, value as last told]
    SEEN = ConcurrentQueue[Object]()  # (device, property, value, time) of LEDs, as they changed
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
    if kind.Name == "STM32_ADC" or "IADC" in interfaces:
        return "adc"
    if "ISensor" in interfaces:
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


def vs_takes_volts(converter):
    return hasattr(converter, "ADCContainer")


# name, type, value, writable, unit of each property
def vs_properties(name, kind, peripheral):
    if kind == "led":
        return [("on", "boolean", peripheral.State, False, "")]
    if kind == "button":
        return [("pressed", "boolean", peripheral.Pressed, True, "")]
    if kind == "gpio":
        pins = sorted(pin for pin in peripheral.Connections.Keys if pin >= 0)
        return ([("in%d" % pin, "boolean", DRIVEN.get((name, pin), "null"), True, "") for pin in pins] +
                [("out%d" % pin, "boolean", peripheral.Connections[pin].IsSet, False, "") for pin in pins])
    if kind == "adc":
        if vs_takes_volts(peripheral):
            return [("channel%d" % channel, "number", IADCExtensions.GetVoltage(peripheral, channel) / 1e6, True, "V")
                    for channel in range(peripheral.ADCChannelCount) if peripheral.ADCContainer.TryGetByAddress(channel)[0]]
        return [("channel%d" % channel, "number", DRIVEN.get((name, channel), "null"), True, "") for channel in range(peripheral.NumberOfChannels)]
    return [(api, "number", p.GetValue(peripheral, None), True, unit) for api, p, unit in vs_quantities(peripheral)]


def vs_devices():
    machine = vs_machine()
    seen = []  # what is registered twice has two names
    for name in machine.GetAllNames():
        peripheral = machine[name]
        kind = vs_kind(peripheral)
        if kind and not any(peripheral is each for each in seen):
            seen.append(peripheral)
            yield name, kind, peripheral


def mc_vs_devices():
    vs_watch()
    for name, kind, peripheral in vs_devices():
        properties = vs_properties(name, kind, peripheral)
        if properties:
            vs_line("device", name, kind, clr.GetClrType(type(peripheral)).Name)
            for each in properties:
                vs_line("property", name, *each)
    vs_line("end", "devices")


# The time to the instruction, where one asks that runs just now.
def vs_now(machine):
    found, cpu = machine.SystemBus.TryGetCurrentCPU()
    if found:
        cpu.SyncTime()
    return machine.ElapsedVirtualTime.TimeElapsed.Ticks


def vs_led_changed(name):
    machine = vs_machine()

    def changed(_, on):
        if SEEN.Count < SEEN_LIMIT:
            SEEN.Enqueue((name, "on", on, vs_now(machine)))

    return changed


# From now on. LEDs tell each change; pins, of which firmware may change some a million times a second, are looked at.
def vs_watch():
    if OUTPUTS:
        return
    for name, kind, peripheral in vs_devices():
        if kind == "led":
            OUTPUTS.append([name, "on", lambda led=peripheral: led.State, peripheral.State])
            peripheral.StateChanged += vs_led_changed(name)
        elif kind == "gpio":
            for pin in sorted(peripheral.Connections.Keys):
                gpio = peripheral.Connections[pin]
                OUTPUTS.append([name, "out%d" % pin, lambda gpio=gpio: gpio.IsSet, gpio.IsSet])


# What the board itself has changed since the last call.
# As a file in the directory of this process: a monitor line with as much takes a hundred times as long.
def mc_vs_save(address, size, number):
    path = Path.Combine(Environment.GetEnvironmentVariable("HOME"), "memory%d.bin" % number)
    File.WriteAllBytes(path, vs_machine().SystemBus.ReadBytes(address, size))
    vs_line("end", "save")


def mc_vs_changes():
    vs_watch()
    last = {}
    for _ in range(SEEN_LIMIT):
        found, seen = SEEN.TryDequeue()
        if not found:
            break
        vs_line("change", *seen)
        last[seen[0]] = seen[2]
    for output in OUTPUTS:
        if output[0] in last:
            output[3] = last[output[0]]
        value = output[2]()
        if value != output[3] and SEEN.IsEmpty:
            output[3] = value
            vs_line("change", output[0], output[1], value, "null")
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
        if vs_takes_volts(peripheral):
            if not 0 <= float(value) <= VOLTS_LIMIT:
                raise Exception("a voltage is from 0 to %d V" % VOLTS_LIMIT)
            IADCExtensions.SetVoltage(peripheral, UInt32(int(round(float(value) * 1e6))), channel)
        else:
            sample = int(float(value))
            if sample != float(value) or not 0 <= sample <= RAW_LIMIT:
                raise Exception("a raw sample is a whole number from 0 to %d" % RAW_LIMIT)
            peripheral.FeedSample(UInt32(sample), UInt32(channel), -1)
            DRIVEN[(name, channel)] = sample
    else:
        for api, p, _ in vs_quantities(peripheral):
            if api == property:
                p.SetValue(peripheral, Convert.ChangeType(float(value), p.PropertyType), None)
    vs_line("end", "set")


# Which number boards give to a controller's first line and which to its last, and what Renode calls the first.
CONTROLLERS = {"NVIC": (0, 495, 0), "PlatformLevelInterruptController": (1, 1023, 1), "OpenTitan_PlatformLevelInterruptController": (1, 1023, 1),
               "ARM_GenericInterruptController": (32, 1019, 0), "PL190_VIC": (0, 31, 0), "SIC": (32, 63, 0), "AIC": (0, 31, 0), "GaislerMIC": (1, 15, 1)}


# A PLIC lets numbers that are none pass.
def vs_last_line(controller, kind, otherwise):
    sources = kind.BaseType.GetField("irqSources", BindingFlags.NonPublic | BindingFlags.Instance)
    return sources.GetValue(controller).Length - 1 if sources else otherwise


def mc_vs_interrupt(line, level):
    machine = vs_machine()
    known = []
    for name in machine.GetAllNames():
        controller = machine[name]
        kind = clr.GetClrType(type(controller))
        if kind.Name not in CONTROLLERS:
            continue
        first, last, number = CONTROLLERS[kind.Name]
        last = vs_last_line(controller, kind, last)
        if first <= int(line) <= last:
            controller.OnGPIO(int(line) - first + number, int(level) != 0)
            vs_line("end", "interrupt")
            return
        if (first, last) not in known:
            known.append((first, last))
    if known:
        raise Exception("its lines are " + " and ".join("%d to %d" % each for each in known))
    vs_line("none", "interrupt")


# Its time, whether a span is under way, whether the machine stands.
def mc_vs_time():
    machine = vs_machine()
    vs_line("time", machine.ElapsedVirtualTime.TimeElapsed.Ticks, SPAN[1], machine.IsPaused)


# Paced: time does not run ahead of the host's. What it is ahead already counts as passed on the host, or the machine would
# wait until the host has caught up.
def vs_pace(paced):
    host_time = clr.GetClrType(TimeSourceBase).GetField("hostTicksElapsed", BindingFlags.NonPublic | BindingFlags.Instance)
    for source in (EmulationManager.Instance.CurrentEmulation.MasterTimeSource, vs_machine().LocalTimeSource):
        if paced and source.AdvanceImmediately:
            passed = host_time.GetValue(source)
            Monitor.Enter(passed)
            try:
                passed.GetType().GetMethod("Update").Invoke(passed, Array[Object]([source.ElapsedVirtualHostTimeDifference.Ticks]))
            finally:
                Monitor.Exit(passed)
        source.AdvanceImmediately = not paced


# The machine will stand after exactly so many nanoseconds of its time.
def mc_vs_span(nanoseconds, paced):
    machine = vs_machine()
    SPAN[0] += 1
    SPAN[1] = True
    mine = SPAN[0]

    def over(_):
        if SPAN[0] == mine and SPAN[1]:
            SPAN[1] = False
            machine.Pause()

    machine.ScheduleAction(TimeInterval.FromTicks(int(nanoseconds)), over)
    vs_pace(int(paced))
    mc_vs_time()


# The span is over or given up. A debugger's stub takes a paused machine for one that runs: its processors are halted instead.
# Tells of the machine as it was before.
def mc_vs_settle(debugger):
    SPAN[1] = False
    machine = vs_machine()
    vs_pace(True)
    mc_vs_time()
    if machine.IsPaused and int(debugger):
        for cpu in machine.SystemBus.GetCPUs():
            cpu.EnterSingleStepModeSafely(HaltArguments(HaltReason.Pause, cpu))
        machine.Start()


vs_machine().MachineReset += lambda _: DRIVEN.clear()
