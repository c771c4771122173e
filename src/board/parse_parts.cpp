// The parts of a board around its nodes' hardware: targets, consoles, interconnect, boot, resources.
#include <algorithm>
#include <cctype>
#include <set>

#include "base/bytes.hpp"
#include "board/reader.hpp"
#include "board/words.hpp"

namespace virserver::board {
namespace {

constexpr std::string_view target_fields[] = {"qemu", "renode", "skyeye"};
constexpr std::string_view qemu_fields[] = {"machine", "preferred_machines", "machine_alternatives", "cpu", "memory",
                                            "reset_address", "vector_table", "load_address", "bios_none", "semihosting", "machine_options"};
constexpr std::string_view renode_fields[] = {"platform", "platform_text", "models"};
constexpr std::size_t max_platform_text = 256 * 1024, max_models = 16;
constexpr std::string_view skyeye_fields[] = {"cpu", "mach", "registers"};
constexpr std::string_view range_fields[] = {"address", "size"};
constexpr std::string_view console_fields[] = {"name", "peripheral", "index"};
constexpr std::string_view interconnect_fields[] = {"shared_memory", "irq_routes", "mmio_map"};
constexpr std::string_view shared_memory_fields[] = {"id", "address", "size", "nodes"};
constexpr std::string_view irq_route_fields[] = {"source_node", "source_irq", "target_node", "target_irq", "latency"};
constexpr std::string_view boot_fields[] = {"bootrom", "bootargs", "env"};
constexpr std::string_view resource_fields[] = {"cpu_cores", "memory_mb", "disk_gb", "timeout_sec"};
// Machine properties that change the guest and touch nothing on the host.
constexpr std::string_view machine_option_names[] = {"acpi", "aclint", "aia", "gic-version", "highmem", "its", "mte", "secure",
                                                     "virtualization"};

void check_names(Fields& fields, std::string_view key, Problems& problems) {
  const auto* list = fields.array(key, 16);
  if (!list) return;
  for (std::size_t i = 0; i < list->size(); ++i)
    if (!(*list)[i].is_string() || !valid_name((*list)[i].get_string()))
      problems.add(fmt::format("{}/{}", fields.at(key), i), fmt::format("must be the name of a machine, is {}", shown((*list)[i])));
}

void check_machine_options(Fields& fields, Problems& problems) {
  const auto* list = fields.array("machine_options", 16);
  if (!list) return;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string_view option = (*list)[i].is_string() ? std::string_view((*list)[i].get_string()) : std::string_view();
    const std::size_t equals = std::min(option.find('='), option.size());
    if (equals == option.size() || !valid_name(option.substr(equals + 1)) ||
        std::ranges::find(machine_option_names, option.substr(0, equals)) == std::end(machine_option_names))
      problems.add(fmt::format("{}/{}", fields.at("machine_options"), i),
                   fmt::format("must be name=value with one of the names {}; is {}", fmt::join(machine_option_names, ", "),
                               shown((*list)[i])));
  }
}

void check_qemu_target(Problems& problems, Fields& fields, boost::json::object& target) {
  for (const std::string_view key : {"machine", "cpu"}) fields.name(key);
  check_names(fields, "preferred_machines", problems);
  check_names(fields, "machine_alternatives", problems);
  if (const auto memory = fields.text("memory", 16)) {
    const std::string_view digits = std::string_view(*memory).substr(0, memory->find_first_not_of("0123456789"));
    const std::string_view unit = std::string_view(*memory).substr(digits.size());
    if (digits.empty() || digits.size() > 7 || (unit != "K" && unit != "M" && unit != "G"))
      fields.error("memory", fmt::format("must be a number with K, M or G, such as \"512M\"; is {}", shown(boost::json::string(*memory))));
  }
  for (const std::string_view key : {"reset_address", "vector_table", "load_address"})
    if (const auto address = fields.number(key)) target[key] = *address;
  fields.boolean("bios_none");
  fields.boolean("semihosting");
  check_machine_options(fields, problems);
}

void check_skyeye_target(Problems& problems, Fields& fields, boost::json::object& target) {
  for (const std::string_view key : {"cpu", "mach"}) fields.name(key);
  const auto* list = fields.array("registers", 8);
  if (!list) return;
  boost::json::array kept;
  for (std::size_t i = 0; i < list->size(); ++i) {
    Fields range(problems, fmt::format("{}/{}", fields.at("registers"), i), (*list)[i], range_fields);
    if (!range) continue;
    for (const std::string_view key : range_fields) range.required(key);
    const auto address = range.number("address"), size = range.size("size");
    if (address && size) kept.push_back({{"address", *address}, {"size", *size}});
  }
  target["registers"] = std::move(kept);
}

bool is_source(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](unsigned char c) { return c < ' ' && c != '\n' && c != '\r' && c != '\t'; });
}

// Models in C# that the description of a platform uses: name -> source.
void check_models(Fields& fields) {
  const auto* models = fields.object("models");
  if (!models) return;
  if (!fields.find("platform_text")) fields.error("models", "belong to a `platform_text`, which is not there");
  if (models->size() > max_models) fields.error("models", fmt::format("has {} models; at most {} are taken", models->size(), max_models));
  for (const auto& [name, source] : *models) {
    const bool good = !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
    if (!good) fields.error("models", fmt::format("has the name {}; names are 1 to 64 letters, digits and _", shown(boost::json::string(name))));
    else if (!source.is_string() || !is_source(source.get_string()) || source.get_string().size() > max_platform_text)
      fields.error("models", fmt::format("has no source of {}: text in C# without control characters, of at most {} bytes", std::string_view(name), max_platform_text));
  }
}

bool known_node(const std::vector<Node>& nodes, std::string_view id) {
  return std::ranges::any_of(nodes, [&](const Node& node) { return node.id == id; });
}

void check_node_reference(Problems& problems, const std::string& pointer, const boost::json::value& value,
                          const std::vector<Node>& nodes) {
  if (value.is_string() && known_node(nodes, value.get_string())) return;
  std::vector<std::string> ids;
  for (const Node& node : nodes) ids.push_back(node.id);
  problems.add(pointer, fmt::format("must be the id of a node of this board, is {}", shown(value)),
               value.is_string() ? nearest(value.get_string(), ids) : std::vector<std::string>());
}

void check_shared_memory(Problems& problems, const std::string& pointer, const boost::json::value& value,
                         const std::vector<Node>& nodes, std::set<std::string>& ids) {
  Fields fields(problems, pointer, value, shared_memory_fields);
  for (const std::string_view key : {"address", "size", "nodes"}) fields.required(key);
  if (const auto id = fields.name("id"); id && !ids.insert(*id).second)
    fields.error("id", fmt::format("another shared memory has the id \"{}\" too", *id));
  const auto address = fields.number("address");
  const auto size = fields.size("size");
  if (address && size && *address > UINT64_MAX - (*size - 1))
    fields.error("size", fmt::format("the memory at {} ends past the last address, 2^64-1", hex_address(*address)));
  if (const auto* list = fields.array("nodes", 64)) {
    if (list->empty()) fields.error("nodes", "name the nodes that share this memory");
    for (std::size_t i = 0; i < list->size(); ++i)
      check_node_reference(problems, fmt::format("{}/{}", fields.at("nodes"), i), (*list)[i], nodes);
  }
}

void check_irq_route(Problems& problems, const std::string& pointer, const boost::json::value& value, const std::vector<Node>& nodes) {
  Fields fields(problems, pointer, value, irq_route_fields);
  for (const std::string_view key : {"source_node", "source_irq", "target_node", "target_irq"}) fields.required(key);
  for (const std::string_view key : {"source_node", "target_node"})
    if (const auto* node = fields.find(key)) check_node_reference(problems, fields.at(key), *node, nodes);
  for (const std::string_view key : {"source_irq", "target_irq"}) fields.number(key, {0, 1023});
  if (const auto* latency = fields.find("latency"); latency && !latency->is_number() && !latency->is_string())
    fields.error("latency", fmt::format("must be a number or text, is {}", shown(*latency)));
}

// A console's name is part of URLs and of file names.
constexpr std::string_view console_letters = "abcdefghijklmnopqrstuvwxyz0123456789_-";
constexpr std::size_t max_console_name = 32;

std::string console_name(const Peripheral& uart, std::size_t index) {
  if (uart.name.empty()) return fmt::format("uart{}", index);
  std::string name = lower(uart.name).substr(0, max_console_name);
  for (char& c : name)
    if (!console_letters.contains(c)) c = '_';
  return name;
}

bool reserved_console(std::string_view name) { return lower(name) == "emulator" || lower(name) == "semihosting" || lower(name) == "diagnosis"; }

Console parse_console(Problems& problems, const std::string& pointer, const boost::json::value& value, std::size_t position,
                      const std::vector<Peripheral>& peripherals) {
  Console console;
  Fields fields(problems, pointer, value, console_fields);
  fields.required("name");
  console.name = fields.name("name").value_or("");
  if (console.name.size() > max_console_name || console.name.find_first_not_of(console_letters) != std::string::npos)
    fields.error("name", "a console's name is made of a-z, 0-9, _ and -, and is at most 32 characters long");
  if (reserved_console(console.name)) fields.error("name", fmt::format("\"{}\" is a console that VirServer makes itself", console.name));
  console.peripheral = fields.text("peripheral", 64).value_or("");
  if (!console.peripheral.empty()) {
    std::vector<std::string> uarts;
    bool found = false;
    for (const Peripheral& peripheral : peripherals) {
      if (peripheral.type != "uart") continue;
      if (lower(peripheral.name) == lower(console.peripheral)) {
        console.peripheral = peripheral.name;
        found = true;
      }
      uarts.push_back(peripheral.name);
    }
    if (!found)
      fields.error("peripheral", fmt::format("the node has no UART named {}", shown(boost::json::string(console.peripheral))),
                   nearest(console.peripheral, uarts));
  }
  console.index = static_cast<unsigned>(fields.number("index", {0, 63}).value_or(position));
  return console;
}

}  // namespace

boost::json::object parse_targets(Problems& problems, const std::string& pointer, const boost::json::value& value) {
  boost::json::object targets;
  Fields fields(problems, pointer, value, target_fields);
  for (const std::string_view backend : target_fields) {
    const auto* target = fields.find(backend);
    if (!target) continue;
    const std::span<const std::string_view> known = backend == "qemu"     ? std::span<const std::string_view>(qemu_fields)
                                                    : backend == "renode" ? std::span<const std::string_view>(renode_fields)
                                                                          : std::span<const std::string_view>(skyeye_fields);
    Fields inner(problems, fields.at(backend), *target, known);
    if (!inner) continue;
    boost::json::object kept;
    for (const auto& member : target->get_object())
      if (!member.value().is_null()) kept.insert(member);
    if (backend == "qemu") check_qemu_target(problems, inner, kept);
    if (backend == "skyeye") check_skyeye_target(problems, inner, kept);
    if (backend == "renode") {
      if (const auto platform = inner.text("platform", 256)) {
        const bool plain = !platform->empty() && std::ranges::all_of(*platform, [](unsigned char c) {
          return std::isalnum(c) || std::string_view("_-./+").contains(static_cast<char>(c));
        });
        if (!plain || platform->starts_with('/') || platform->contains(".."))
          inner.error("platform", fmt::format("must be the name of one of Renode's platforms, such as \"boards/stm32f4_discovery\"; is {}",
                                              shown(boost::json::string(*platform))));
      }
      if (const auto text = inner.text("platform_text", max_platform_text)) {
        if (!is_source(*text)) inner.error("platform_text", "must be the content of a .repl file, without control characters");
        if (inner.find("platform")) inner.error("platform_text", "brings a platform, and `platform` names another; one of both");
      }
      check_models(inner);
    }
    targets[backend] = std::move(kept);
  }
  return targets;
}

void parse_consoles(Problems& problems, Fields& fields, Node& node) {
  if (!fields.find("consoles")) {
    for (const Peripheral& peripheral : node.peripherals) {
      if (peripheral.type != "uart") continue;
      const std::size_t index = node.consoles.size();
      std::string name = console_name(peripheral, index);
      if (reserved_console(name)) name = fmt::format("uart{}", index);
      for (std::size_t n = index; std::ranges::any_of(node.consoles, [&](const Console& c) { return c.name == name; }); ++n)
        name = fmt::format("uart{}", n);
      node.consoles.push_back({name, peripheral.name, static_cast<unsigned>(index)});
    }
  } else if (const auto* list = fields.array("consoles", 64)) {
    std::set<std::string> names;
    std::set<unsigned> indexes;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const std::string at = fmt::format("{}/{}", fields.at("consoles"), i);
      node.consoles.push_back(parse_console(problems, at, (*list)[i], i, node.peripherals));
      const Console& console = node.consoles.back();
      if (!console.name.empty() && !names.insert(lower(console.name)).second)
        problems.add(at + "/name", fmt::format("another console is named \"{}\" too", console.name));
      if (!indexes.insert(console.index).second)
        problems.add((*list)[i].is_object() && (*list)[i].get_object().contains("index") ? at + "/index" : at,
                     fmt::format("another console is serial port {} too", console.index));
    }
  }
  const auto wanted = fields.text("default_console", 64);
  if (!wanted || wanted->empty()) return;
  std::vector<std::string> names;
  for (const Console& console : node.consoles) {
    names.push_back(console.name);
    if (lower(console.name) == lower(*wanted)) node.default_console = console.name;
  }
  if (node.default_console.empty())
    fields.error("default_console", fmt::format("the node has no console named {}", shown(boost::json::string(*wanted))),
                 nearest(*wanted, names));
}

void check_interconnect(Problems& problems, const boost::json::value& value, const std::vector<Node>& nodes) {
  Fields fields(problems, "/interconnect", value, interconnect_fields);
  if (const auto* list = fields.array("shared_memory", 64)) {
    std::set<std::string> ids;
    for (std::size_t i = 0; i < list->size(); ++i)
      check_shared_memory(problems, fmt::format("/interconnect/shared_memory/{}", i), (*list)[i], nodes, ids);
  }
  if (const auto* list = fields.array("irq_routes", 1024))
    for (std::size_t i = 0; i < list->size(); ++i)
      check_irq_route(problems, fmt::format("/interconnect/irq_routes/{}", i), (*list)[i], nodes);
  if (const auto* map = fields.find("mmio_map"); map && !map->is_object()) fields.array("mmio_map", 1024);
}

void check_boot(Problems& problems, const boost::json::value& value) {
  Fields fields(problems, "/boot", value, boot_fields);
  fields.text("bootrom", 1024);
  if (const auto* args = fields.find("bootargs"); args && !args->is_string()) {
    if (const auto* list = fields.array("bootargs", 256))
      for (std::size_t i = 0; i < list->size(); ++i)
        if (!(*list)[i].is_string() || (*list)[i].get_string().size() > 4096)
          problems.add(fmt::format("/boot/bootargs/{}", i), fmt::format("must be text of at most 4096 bytes, is {}", shown((*list)[i])));
  } else {
    fields.text("bootargs", 16384);
  }
  if (const auto* env = fields.object("env"))
    for (const auto& member : *env)
      if (member.value().is_structured())
        problems.add(fmt::format("/boot/env/{}", std::string_view(member.key())), "must be text or a number");
}

Resources parse_resources(Problems& problems, const boost::json::value& value) {
  Resources resources;
  Fields fields(problems, "/resources", value, resource_fields);
  if (const auto* cores = fields.find("cpu_cores")) {
    const double number = cores->is_number() ? cores->to_number<double>() : -1;
    if (!(number >= 0 && number <= 1024)) fields.error("cpu_cores", fmt::format("must be a number from 0 to 1024, is {}", shown(*cores)));
    else if (number > 0) resources.cpu_cores = number;
  }
  const auto limit = [&](std::string_view key, std::uint64_t most) {  // 0, as older clients send it, sets no limit
    const auto number = fields.number(key, {0, most});
    return number && *number ? number : std::nullopt;
  };
  resources.memory_mb = limit("memory_mb", 1u << 24);
  resources.disk_gb = limit("disk_gb", 1u << 20);
  resources.timeout_sec = limit("timeout_sec", 366ull * 24 * 3600);
  return resources;
}

}  // namespace virserver::board
