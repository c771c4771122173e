# Monitor commands for the tests: loads every platform of a folder into a machine of its own, and compares a list of types,
# properties and outputs with those that this Renode has.
from System import AppDomain
from System.IO import Directory, File, Path
from Antmicro.Renode.Core import EmulationManager, Machine
from Antmicro.Renode.PlatformDescription.UserInterface import PlatformDescriptionMachineExtensions as Platforms

def mc_loadall(folder):
    for path in sorted(Directory.GetFiles(folder, "*.repl")):
        machine = Machine()
        EmulationManager.Instance.CurrentEmulation.AddMachine(machine, "m")
        name = Path.GetFileNameWithoutExtension(path)
        try:
            Platforms.LoadPlatformDescription(machine, path)
            File.AppendAllText(folder + "/result", "loaded\t" + name + "\n")
        except Exception as error:
            File.AppendAllText(folder + "/result", "refused\t" + name + "\t" + str(error).replace("\n", " | ") + "\n")
        EmulationManager.Instance.Clear()
    File.AppendAllText(folder + "/result", "done\n")

def find_type(name):
    for assembly in AppDomain.CurrentDomain.GetAssemblies():
        if not assembly.IsDynamic:
            found = assembly.GetType("Antmicro.Renode.Peripherals." + name)
            if found is not None: return found

# Lines of "type <tab> size or - <tab> property ... <tab> output ..."; words of the last two are separated by blanks.
def mc_checktypes(folder):
    for line in File.ReadAllLines(folder + "/types"):
        name, properties, outputs, ranged = line.split("\t")
        found, wrong = find_type(name), []
        if found is None: wrong.append("no such type")
        else:
            interfaces = [i.Name for i in found.GetInterfaces()]
            known = set(p.Name for p in found.GetProperties() if p.CanWrite)
            constructors = [[p for p in c.GetParameters()] for c in found.GetConstructors()]
            for parameters in constructors: known.update(p.Name for p in parameters)
            given = properties.split()
            for word in given:
                if word not in known: wrong.append("no property " + word)
            def enough(parameters):
                return all(p.IsOptional or p.Name in given or p.ParameterType.Name in ("IMachine", "Machine") for p in parameters)
            if ranged != "wired" and not any(enough(c) for c in constructors): wrong.append("a constructor needs more than " + properties)
            gpios = [p.Name for p in found.GetProperties() if p.PropertyType.Name == "GPIO"]
            for word in outputs.split():
                if word.isdigit():
                    if "INumberedGPIOOutput" not in interfaces: wrong.append("no numbered outputs")
                elif word != "default" and word not in gpios: wrong.append("no output " + word)
            if ranged == "ranged" and "IKnownSize" in interfaces: wrong.append("knows its size")
            if ranged == "sized" and "IKnownSize" not in interfaces: wrong.append("does not know its size")
        File.AppendAllText(folder + "/result", (name + ": " + ", ".join(wrong) if wrong else "ok") + "\n")
    File.AppendAllText(folder + "/result", "done\n")
