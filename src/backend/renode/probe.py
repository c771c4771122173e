# What Renode knows and what a platform of it has, printed for VirServer. Runs inside Renode (IronPython 2): `include` makes
# each mc_NAME a monitor command. One fact a line, fields divided by tabs; the first is the mark "vs".
import clr
from System import AppDomain
from System.IO import Directory, Path, SearchOption
from Antmicro.Renode.Core import EmulationManager
from Antmicro.Renode.Utilities import Misc

INTERFACES = ("IUART", "ICPU", "IMemory", "IMapped", "IGPIOReceiver", "ISPIPeripheral", "II2CPeripheral", "ISensor", "IADC", "INetworkInterface",
              "IBusPeripheral", "ICAN")


def vs_line(*fields):
    print "\t".join(["vs"] + [str(f).replace("\t", " ").replace("\n", " ").replace("\r", " ") for f in fields])


def vs_interfaces(kind):
    names = set(i.Name for i in kind.GetInterfaces())
    return ",".join(i for i in INTERFACES if i in names)


def vs_all_types():
    for assembly in AppDomain.CurrentDomain.GetAssemblies():
        if assembly.IsDynamic:
            continue
        try:
            kinds = assembly.GetTypes()
        except Exception:
            continue
        for kind in kinds:
            if kind.IsClass and not kind.IsAbstract and kind.IsPublic and any(i.Name == "IPeripheral" for i in kind.GetInterfaces()):
                yield kind


def mc_vs_install():
    vs_line("program", AppDomain.CurrentDomain.BaseDirectory)
    vs_line("runtime", Path.GetDirectoryName(clr.GetClrType(str).Assembly.Location))
    found, root = Misc.TryGetRootDirectory()
    if found:
        vs_line("root", root)
        start = Path.Combine(root, "platforms")
        if Directory.Exists(start):
            for path in sorted(Directory.GetFiles(start, "*.repl", SearchOption.AllDirectories)):
                vs_line("platform", path[len(start):].lstrip("/"))
    vs_line("end", "install")


def mc_vs_types():
    for name, kinds in sorted((kind.FullName, vs_interfaces(kind)) for kind in vs_all_types()):
        vs_line("type", name, kinds)
    vs_line("end", "types")


def mc_vs_machine():
    for machine in EmulationManager.Instance.CurrentEmulation.Machines:
        for name in machine.GetAllNames():
            peripheral = machine[name]
            kind = clr.GetClrType(type(peripheral))
            vs_line("peripheral", name, kind.FullName, vs_interfaces(kind))
            if "ICPU" in vs_interfaces(kind):
                vs_line("cpu", name, peripheral.Model, peripheral.Architecture, getattr(peripheral, "Endianness", ""))
        for entry in machine.SystemBus.GetRegisteredPeripherals():
            found, name = machine.TryGetAnyName(entry.Peripheral)
            if found:
                span = entry.RegistrationPoint.Range
                vs_line("range", name, span.StartAddress, span.Size)
    vs_line("end", "machine")
