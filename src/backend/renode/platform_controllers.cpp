// Interrupt controllers of a generated platform. At most one is the root that `irq` numbers mean; others are peripherals like any.
#include <algorithm>

#include "backend/renode/platform_writer.hpp"
#include "base/bytes.hpp"

namespace virserver::backend::renode {
namespace {

struct Found {
  const board::Peripheral* peripheral;
  const Model* model;
  std::string pointer;
};

std::optional<std::uint64_t> address_property(PlatformWriter& writer, const Found& found, std::string_view key) {
  const auto* value = found.peripheral->properties.if_contains(key);
  if (!value) return std::nullopt;
  if (const auto* text = value->if_string())
    if (const auto address = parse_u64(std::string_view(*text))) return address;
  if (const auto* number = value->if_uint64()) return *number;
  if (const auto* number = value->if_int64(); number && *number >= 0) return static_cast<std::uint64_t>(*number);
  writer.error(fmt::format("{}/properties/{}", found.pointer, key), fmt::format("{} must be an address, such as \"0x2c002000\"", key));
  return std::nullopt;
}

void write_nvic(PlatformWriter& writer, const std::string& pointer) {
  writer.claim(0xE000E000, 0x1000, pointer, "the processor's NVIC");
  writer.line(pointer, "nvic: IRQControllers.NVIC @ sysbus 0xE000E000");
  writer.line(pointer, "    systickFrequency: {}", writer.node.processor.frequency_hz.value_or(16'000'000));
  writer.line(pointer, "    IRQ -> cpu@0");
  writer.controllers.push_back({Shape::nvic, "nvic", 0, 511});
}

void write_gic(PlatformWriter& writer, const Found& found) {
  const auto cpu_interface = address_property(writer, found, "cpu_interface"), redistributor = address_property(writer, found, "redistributor");
  const auto version = found.peripheral->properties.if_contains("version") ? address_property(writer, found, "version").value_or(0) : redistributor ? 3 : 2;
  if (version < 1 || version > 3) return writer.error(found.pointer + "/properties/version", "Renode has GIC versions 1, 2 and 3");
  if (version == 3 ? !redistributor : !cpu_interface)
    return writer.error(found.pointer + "/properties", version == 3 ? "a GICv3 needs its redistributor's address in properties.redistributor"
                                                                    : "a GIC needs the address of its CPU interface in properties.cpu_interface");
  const std::uint64_t distributor = *found.peripheral->address, cores = writer.node.processor.cores;
  const std::uint64_t size = version == 3 ? 0x10000 : 0x1000, second = version == 1 ? 0x100 : version == 2 ? 0x1000 : 0x20000 * cores;
  if (!writer.claim(distributor, size, found.pointer + "/address", "the GIC's distributor")) return;
  if (!writer.claim(version == 3 ? *redistributor : *cpu_interface, second, found.pointer + "/properties", "the GIC's processor side")) return;
  writer.line(found.pointer, "gic: IRQControllers.ARM_GenericInterruptController @ {{");
  writer.line(found.pointer + "/address", "        sysbus new Bus.BusMultiRegistration {{ address: {:#x}; size: {:#x}; region: \"distributor\" }};", distributor, size);
  if (version == 3)
    for (unsigned core = 0; core < cores; ++core)
      writer.line(found.pointer + "/properties/redistributor", "        sysbus new IRQControllers.ArmGicRedistributorRegistration {{ attachedCPU: {}; address: {:#x} }}{}",
                  writer.platform.processors[core], *redistributor + core * 0x20000ull, core + 1 < cores ? ";" : "");
  else
    writer.line(found.pointer + "/properties/cpu_interface", "        sysbus new Bus.BusMultiRegistration {{ address: {:#x}; size: {:#x}; region: \"cpuInterface\" }}",
                *cpu_interface, second);
  writer.line(found.pointer, "    }}");
  writer.line(found.pointer, "    supportsTwoSecurityStates: false");
  writer.line(found.pointer + "/properties/version", "    architectureVersion: .GICv{}", version);
  writer.controllers.push_back({Shape::gic, "gic", 16, 991});
  writer.has_gic = true;
}

void write_plic(PlatformWriter& writer, const Found& found) {
  unsigned sources = 31;
  for (const auto& peripheral : writer.node.peripherals)
    for (const unsigned irq : peripheral.irq) sources = std::max(sources, irq);
  if (!writer.claim(*found.peripheral->address, found.model->size, found.pointer + "/address", "the PLIC")) return;
  writer.line(found.pointer, "plic: {} @ sysbus {:#x}", found.model->renode, *found.peripheral->address);
  writer.line(found.pointer, "    numberOfSources: {}", std::min(sources, 1022u));
  unsigned context = 0;
  const auto* others = writer.processor->others.empty() ? writer.processor : find_processor_model(writer.processor->others);
  std::vector<std::string> outputs;
  for (unsigned core = 0; core < writer.node.processor.cores; ++core) {
    const bool supervisor = (core == 0 ? writer.processor : others)->supervisor;
    const auto& name = writer.platform.processors[core];
    outputs.push_back(supervisor ? fmt::format("    [{}, {}] -> {}@[11, 9]", context, context + 1, name) : fmt::format("    {} -> {}@11", context, name));
    context += supervisor ? 2 : 1;
  }
  writer.line(found.pointer, "    numberOfContexts: {}", context);
  for (const auto& output : outputs) writer.line(found.pointer, "{}", output);
  writer.controllers.push_back({Shape::plic, "plic", 1, 1022});
}

void write_clint(PlatformWriter& writer, const Found& found) {
  if (!writer.claim(*found.peripheral->address, found.model->size, found.pointer + "/address", "the CLINT")) return;
  writer.has_clint = true;
  writer.line(found.pointer, "clint: {} @ sysbus {:#x}", found.model->renode, *found.peripheral->address);
  write_properties(writer, *found.model, *found.peripheral, found.pointer);
  writer.line(found.pointer, "    numberOfTargets: {}", writer.node.processor.cores);
  for (unsigned core = 0; core < writer.node.processor.cores; ++core)
    writer.line(found.pointer, "    [{}, {}] -> {}@[3, 7]", 2 * core, 2 * core + 1, writer.platform.processors[core]);
}

void write_vic(PlatformWriter& writer, const Found& found) {
  if (!writer.claim(*found.peripheral->address, found.model->size, found.pointer + "/address", "the interrupt controller")) return;
  writer.line(found.pointer, "vic: {} @ sysbus {:#x}", found.model->renode, *found.peripheral->address);
  writer.line(found.pointer, "    [IRQ, FIQ] -> cpu@[0, 1]");
  writer.controllers.push_back({Shape::vic, "vic", 0, 31});
}

void write_irqmp(PlatformWriter& writer, const Found& found) {
  if (!writer.claim(*found.peripheral->address, found.model->size, found.pointer + "/address", "the IRQMP")) return;
  writer.line(found.pointer, "irqmp: {} @ sysbus <{:#x}, +{:#x}>", found.model->renode, *found.peripheral->address, found.model->size);
  writer.line(found.pointer, "    0 -> cpu@0 | cpu@1 | cpu@2");
  writer.controllers.push_back({Shape::irqmp, "irqmp", 1, 15});
}

// A second controller whose inputs the board counts from 32; its own output is input 31 of the first, 21 to 30 pass through.
void write_sic(PlatformWriter& writer, const Found& found) {
  if (!writer.claim(*found.peripheral->address, found.model->size, found.pointer + "/address", "the SIC")) return;
  writer.line(found.pointer, "sic: {} @ sysbus <{:#x}, +{:#x}>", found.model->renode, *found.peripheral->address, found.model->size);
  writer.line(found.pointer, "    [21-31] -> vic@[21-31]");
  writer.controllers.push_back({Shape::sic, "sic", 32, 63, 32});
}

bool fits(Shape shape, std::string_view family) {
  switch (shape) {
    case Shape::gic: return family == "cortex-a";
    case Shape::vic:
    case Shape::sic: return family == "arm";
    case Shape::plic:
    case Shape::clint: return family == "riscv";
    case Shape::irqmp: return family == "sparc";
    default: return false;
  }
}

}  // namespace

std::string Controller::input(unsigned irq) const {
  if (shape == Shape::gic) return irq < 32 ? fmt::format("gic#0@{}", irq) : fmt::format("gic@{}", irq - 32);
  return fmt::format("{}@{}", name, irq - offset);
}

const Controller* PlatformWriter::controller_of(unsigned irq) const {
  const auto found = std::ranges::find_if(controllers, [&](const auto& c) { return irq >= c.first && irq <= c.last; });
  return found == controllers.end() ? nullptr : &*found;
}

void write_controllers(PlatformWriter& writer) {
  if (writer.processor->family == "cortex-m") write_nvic(writer, "/nodes/0/processor");
  if (writer.processor->own_interrupts) writer.controllers.push_back({Shape::plain, "cpu", 0, 31});
  std::optional<Found> second;
  for (std::size_t i = 0; i < writer.node.peripherals.size(); ++i) {
    const auto& peripheral = writer.node.peripherals[i];
    if (peripheral.type != "interrupt-controller") continue;
    const Found found{&peripheral, choose_model(writer.node, peripheral, writer.processor->family).model, fmt::format("/nodes/0/peripherals/{}", i)};
    if (!found.model) writer.unknown_controller = true;
    if (!found.model || found.model->shape == Shape::plain) continue;
    if (found.model->shape == Shape::sic) {
      second = found;
      writer.done[i] = true;
      continue;
    }
    writer.done[i] = true;
    if (found.model->shape == Shape::nvic && writer.processor->family == "cortex-m") {
      if (peripheral.address.value_or(0xE000E000) != 0xE000E000 && *peripheral.address != 0xE000E100)
        writer.error(found.pointer + "/address", "the NVIC of a Cortex-M is at 0xe000e000");
    } else if (!fits(found.model->shape, writer.processor->family)) {
      writer.error(found.pointer, fmt::format("{} does not work with a {}", found.model->id, writer.processor->id));
    } else if (!peripheral.address) {
      writer.error(found.pointer, fmt::format("{} needs its address", found.model->id));
    } else if (found.model->shape == Shape::clint ? writer.has_clint : !writer.controllers.empty()) {
      writer.error(found.pointer, "the board has such an interrupt controller already");
    } else if (found.model->shape == Shape::gic) {
      write_gic(writer, found);
    } else if (found.model->shape == Shape::plic) {
      write_plic(writer, found);
    } else if (found.model->shape == Shape::clint) {
      write_clint(writer, found);
    } else if (found.model->shape == Shape::irqmp) {
      write_irqmp(writer, found);
    } else {
      write_vic(writer, found);
    }
  }
  if (!second) return;
  if (!second->peripheral->address || writer.controllers.empty() || writer.controllers.front().shape != Shape::vic)
    return writer.error(second->pointer, "a SIC needs its address and a PL190 beside it");
  write_sic(writer, *second);
}

}  // namespace virserver::backend::renode
