// Peripherals of a generated platform, their properties and interrupts, and the consoles of its UARTs.
#include <algorithm>

#include "backend/renode/platform_writer.hpp"
#include "base/bytes.hpp"
#include "board/words.hpp"

namespace virserver::backend::renode {
namespace {
namespace json = boost::json;

// Keys of `properties` that mean something elsewhere: to the choice of the model, to other backends, or to people.
constexpr std::string_view known_elsewhere[] = {"model", "version", "cpu_interface", "redistributor", "pins"};

std::optional<std::uint64_t> number_of(const json::value& value) {
  if (const auto* number = value.if_uint64()) return *number;
  if (const auto* number = value.if_int64(); number && *number >= 0) return static_cast<std::uint64_t>(*number);
  if (const auto* text = value.if_string()) return parse_u64(std::string_view(*text));
  return std::nullopt;
}

// What the board says, as Renode writes it; nothing and an error where it says it wrongly.
std::optional<std::string> given(PlatformWriter& writer, const PropertyRule& rule, const json::value& value, const std::string& pointer) {
  switch (rule.kind) {
    case PropertyRule::Kind::integer:
      if (const auto number = number_of(value); number && *number >= rule.minimum && *number <= rule.maximum) return std::to_string(*number);
      writer.error(pointer, fmt::format("{} must be a whole number from {} to {}", rule.name, rule.minimum, rule.maximum));
      return std::nullopt;
    case PropertyRule::Kind::boolean:
      if (value.is_bool()) return value.get_bool() ? "true" : "false";
      writer.error(pointer, fmt::format("{} must be true or false", rule.name));
      return std::nullopt;
    case PropertyRule::Kind::choice:
      if (value.is_string())
        for (const auto& choice : rule.choices)
          if (board::lower(choice) == board::lower(std::string_view(value.get_string()))) return choice;
      writer.error(pointer, fmt::format("{} must be one of {}", rule.name, fmt::join(rule.choices, ", ")));
      return std::nullopt;
  }
  return std::nullopt;
}

void report_unused(PlatformWriter& writer, const Model& model, const board::Peripheral& peripheral, const std::string& pointer) {
  std::vector<std::string> names;
  for (const auto& rule : model.properties) names.push_back(rule.name);
  for (const auto& member : peripheral.properties) {
    const std::string key(member.key());
    if (std::ranges::find(known_elsewhere, key) != std::end(known_elsewhere) || std::ranges::find(names, key) != names.end()) continue;
    writer.add(Severity::info, pointer + "/properties",
               names.empty() ? fmt::format("a {} has no properties to set in Renode; \"{}\" was left out", model.id, board::lower(key.substr(0, 64)))
                             : fmt::format("a {} has no property \"{}\" in Renode; it has {}", model.id, board::lower(key.substr(0, 64)), fmt::join(names, ", ")));
  }
}

// "@ sysbus 0x40004400" or "@ sysbus <0x40004400, +0x100>".
std::string place(const Model& model, std::uint64_t address) {
  return model.ranged ? fmt::format("<{:#x}, +{:#x}>", address, model.size) : fmt::format("{:#x}", address);
}

void write_interrupts(PlatformWriter& writer, const Model& model, const board::Peripheral& peripheral, const std::string& pointer) {
  std::vector<unsigned> left_out;
  for (std::size_t i = 0; i < peripheral.irq.size(); ++i) {
    const unsigned irq = peripheral.irq[i];
    const std::string at = fmt::format("{}/irq/{}", pointer, i);
    const Controller* controller = writer.controller_of(irq);
    if (writer.controllers.empty() && writer.unknown_controller) {
      return writer.add(Severity::approximated, pointer + "/irq", "not connected: Renode has no model of the board's interrupt controller");
    } else if (writer.controllers.empty()) {
      writer.error(at, fmt::format("interrupt {} leads nowhere: the board has no interrupt controller; add a peripheral of type interrupt-controller", irq));
    } else if (!controller) {
      writer.error(at, fmt::format("interrupt {} leads nowhere: the {} has the inputs {} to {}", irq, writer.controllers.front().name, writer.controllers.front().first,
                                   writer.controllers.back().last));
    } else if (i >= model.outputs.size()) {
      left_out.push_back(irq);
    } else {
      writer.line(at, "    {}-> {}", model.outputs[i].empty() ? "" : model.outputs[i] + " ", controller->input(irq));
    }
  }
  if (!left_out.empty())
    writer.add(Severity::approximated, pointer + "/irq",
               fmt::format("Renode's {} has {} interrupt outputs; {} not connected", model.id, model.outputs.size(),
                           left_out.size() == 1 ? fmt::format("interrupt {} is", left_out[0]) : fmt::format("interrupts {} are", fmt::join(left_out, ", "))));
}

// The names behind model.needs; nothing where one is missing.
std::optional<std::vector<std::pair<std::string, std::string>>> references(const PlatformWriter& writer, const Model& model) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [property, type] : model.needs) {
    if (type == "processor") {
      found.emplace_back(property, writer.platform.processors.front());
    } else if (const auto made = writer.made.find(type); made != writer.made.end()) {
      found.emplace_back(property, made->second);
    } else {
      return std::nullopt;
    }
  }
  return found;
}

void missing(PlatformWriter& writer, const std::string& pointer, const board::Peripheral& peripheral, std::string reason) {
  writer.add(Severity::missing, pointer, fmt::format("the {} {} is left out: {}", peripheral.type, peripheral.name.empty() ? "without a name" : peripheral.name, reason));
}

struct Chosen {
  const Model* model = nullptr;
  bool guessed = false;
};

Chosen model_of(PlatformWriter& writer, const board::Peripheral& peripheral, const std::string& pointer) {
  const Choice choice = choose_model(writer.node, peripheral, writer.processor->family);
  if (choice.unknown)
    writer.error(pointer + "/properties/model",
                 choice.nearest.empty() ? fmt::format("Renode's catalogue has no {} of this model; it has {}", peripheral.type, fmt::join(models_of(peripheral.type), ", "))
                                        : fmt::format("Renode's catalogue has no {} of this model; the nearest: {}", peripheral.type, fmt::join(choice.nearest, ", ")));
  else if (choice.absent)
    missing(writer, pointer, peripheral, "Renode does not have this model");
  else if (!choice.model)
    missing(writer, pointer, peripheral,
            models_of(peripheral.type).empty() ? "there is no model for this kind" : fmt::format("say which one it is in properties.model, one of {}", fmt::join(models_of(peripheral.type), ", ")));
  else if (!peripheral.address)
    missing(writer, pointer, peripheral, "it has no address");
  else if (choice.guessed)
    writer.add(Severity::approximated, pointer, fmt::format("the board does not say which {} this is; it is taken as a {}", peripheral.type, choice.model->id));
  return choice.unknown || choice.absent || !peripheral.address ? Chosen{} : Chosen{choice.model, choice.guessed};
}

void write_one(PlatformWriter& writer, const Chosen& chosen, const board::Peripheral& peripheral, const std::string& pointer) {
  const Model& model = *chosen.model;
  const auto needed = references(writer, model);
  if (!needed) {
    std::vector<std::string> types;
    for (const auto& need : model.needs) types.push_back(need.second);
    return missing(writer, pointer, peripheral, fmt::format("its model {} works only beside a {} on the same board", model.id, fmt::join(types, ", ")));
  }
  if (!writer.claim(*peripheral.address, model.size, pointer + "/address", fmt::format("the {} {}", peripheral.type, peripheral.name),
                    chosen.guessed ? Severity::missing : Severity::error))
    return;  // a guess never makes a board wrong
  const std::string name = writer.name(peripheral.name.empty() ? std::string_view(peripheral.type) : peripheral.name);
  writer.made.emplace(model.renode, name);
  writer.line(pointer + "/address", "{}: {} @ sysbus {}", name, model.renode, place(model, *peripheral.address));
  for (const auto& [property, target] : *needed) writer.line(pointer, "    {}: {}", property, target);
  write_properties(writer, model, peripheral, pointer);
  write_interrupts(writer, model, peripheral, pointer);
  writer.platform.devices.push_back({name, model.renode, peripheral.type, *peripheral.address, model.size, false, std::nullopt});
}

DeviceRegion* uart_of(PlatformWriter& writer, const board::Console& console) {
  for (const auto& peripheral : writer.node.peripherals) {
    if (peripheral.type != "uart" || peripheral.name != console.peripheral || !peripheral.address) continue;
    for (auto& device : writer.platform.devices)
      if (device.kind == "uart" && device.address == *peripheral.address) return &device;
  }
  return nullptr;
}

void write_consoles(PlatformWriter& writer) {
  unsigned index = 0;
  for (std::size_t i = 0; i < writer.node.consoles.size(); ++i) {
    board::Console console = writer.node.consoles[i];
    DeviceRegion* uart = console.peripheral.empty() ? nullptr : uart_of(writer, console);
    if (console.peripheral.empty())  // no UART named: the next one without a console, in the board's order
      for (auto& device : writer.platform.devices)
        if (device.kind == "uart" && !device.serial) {
          uart = &device;
          break;
        }
    if (!uart || uart->serial) {
      writer.add(Severity::missing, fmt::format("/nodes/0/consoles/{}", i),
                 fmt::format("the console {} has no UART {} in Renode", console.name, uart ? "of its own" : "that is emulated"));
      continue;
    }
    console.index = index++;
    uart->serial = console.index;
    writer.platform.consoles.push_back({console, "sysbus." + uart->name});
  }
}

}  // namespace

void write_properties(PlatformWriter& writer, const Model& model, const board::Peripheral& peripheral, const std::string& pointer) {
  for (const auto& [name, value] : model.set) writer.line(pointer, "    {}: {}", name, value);
  for (const auto& rule : model.properties) {
    const std::string at = fmt::format("{}/properties/{}", pointer, rule.name);
    std::optional<std::string> value = rule.value;
    const auto frequency = writer.node.processor.frequency_hz;
    if (rule.from_frequency && frequency && *frequency >= rule.minimum && *frequency <= rule.maximum) value = std::to_string(*frequency);
    if (const auto* said = peripheral.properties.if_contains(rule.name)) {
      const auto checked = given(writer, rule, *said, at);
      if (checked) value = checked;
    }
    if (value) writer.line(at, "    {}: {}", rule.name, *value);
  }
  report_unused(writer, model, peripheral, pointer);
}

void write_peripherals(PlatformWriter& writer) {
  std::vector<std::pair<std::size_t, Chosen>> later;  // need others
  const auto pointer = [](std::size_t i) { return fmt::format("/nodes/0/peripherals/{}", i); };
  for (std::size_t i = 0; i < writer.node.peripherals.size(); ++i) {
    if (writer.done[i]) continue;
    const Chosen chosen = model_of(writer, writer.node.peripherals[i], pointer(i));
    if (!chosen.model) continue;
    if (!chosen.model->needs.empty()) later.emplace_back(i, chosen);
    else write_one(writer, chosen, writer.node.peripherals[i], pointer(i));
  }
  for (const auto& [i, chosen] : later) write_one(writer, chosen, writer.node.peripherals[i], pointer(i));
  write_consoles(writer);
}

}  // namespace virserver::backend::renode
