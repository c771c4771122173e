// One node: processor, memory, peripherals.
#include <algorithm>
#include <set>

#include "base/bytes.hpp"
#include "board/processors.hpp"
#include "board/reader.hpp"
#include "board/words.hpp"

namespace virserver::board {
namespace {

constexpr std::string_view node_fields[] = {"id", "backend", "soc", "processor", "memory",
                                            "peripherals", "targets", "consoles", "default_console", "register_models"};
constexpr std::string_view processor_fields[] = {"type", "cores", "frequency", "features"};
constexpr std::string_view memory_fields[] = {"type", "name", "address", "size", "access"};
constexpr std::string_view peripheral_fields[] = {"type", "name", "address", "irq", "properties"};
constexpr std::size_t max_memory = 256, max_peripherals = 1024, max_irqs = 256;

Processor parse_processor(Problems& problems, const std::string& pointer, const boost::json::value& value, bool type_required) {
  Processor processor;
  Fields fields(problems, pointer, value, processor_fields);
  if (!fields) return processor;
  if (type_required) fields.required("type");
  if (const auto type = fields.text("type", 128)) {
    processor.type = *type;
    if (const ProcessorType* known = find_processor(*type)) {
      processor.id = known->id;
      processor.architecture = known->architecture;
      processor.profile = known->profile;
    } else {
      fields.error("type", fmt::format("the processor {} is not known", shown(boost::json::string(*type))), nearest_processors(*type));
    }
  }
  processor.cores = static_cast<unsigned>(fields.number("cores", {1, 256}).value_or(1));
  processor.frequency_hz = fields.number("frequency", {1, 1'000'000'000'000});
  if (const auto* features = fields.object("features")) processor.features = *features;
  return processor;
}

Memory parse_memory(Problems& problems, const std::string& pointer, const boost::json::value& value) {
  Memory memory;
  Fields fields(problems, pointer, value, memory_fields);
  if (!fields) return memory;
  for (const std::string_view key : {"type", "address", "size"}) fields.required(key);
  if (const auto type = fields.text("type", 64)) {
    const std::string_view word = find_word(memory_words(), *type);
    if (word.empty())
      fields.error("type", fmt::format("{} is not a kind of memory; use Flash, RAM or ROM", shown(boost::json::string(*type))),
                   nearest(lower(*type), word_list(memory_words())));
    memory.type = word == "flash" ? MemoryType::flash : word == "rom" ? MemoryType::rom : MemoryType::ram;
  }
  memory.write = memory.type == MemoryType::ram;
  memory.name = fields.text("name", 64).value_or("");
  memory.address = fields.number("address").value_or(0);
  memory.size = fields.size("size").value_or(0);
  if (memory.size && memory.address > UINT64_MAX - (memory.size - 1)) {
    fields.error("size", fmt::format("the region at {} ends past the last address, 2^64-1", hex_address(memory.address)));
    memory.size = 0;
  }
  if (const auto access = fields.text("access", 64); access && !parse_access(*access, memory))
    fields.error("access", fmt::format("{} is no access; use R, RW, RX or RWX", shown(boost::json::string(*access))));
  return memory;
}

void check_overlaps(Problems& problems, const std::string& pointer, const std::vector<Memory>& memory) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < memory.size(); ++i)
    if (memory[i].size) order.push_back(i);
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(memory[i].address, i); });
  std::size_t reach = 0;  // of `order`: the region that ends last so far
  for (std::size_t k = 1; k < order.size(); ++k) {
    const Memory &before = memory[order[reach]], &here = memory[order[k]];
    const std::uint64_t last = before.address + (before.size - 1);
    if (here.address <= last) {
      const auto [first, second] = std::minmax(order[reach], order[k]);
      problems.add(fmt::format("{}/{}", pointer, second),
                   fmt::format("overlaps with region {}: {} to {} and {} to {}", first, hex_address(memory[first].address),
                               hex_address(memory[first].address + (memory[first].size - 1)), hex_address(memory[second].address),
                               hex_address(memory[second].address + (memory[second].size - 1))));
    }
    if (here.address + (here.size - 1) > last) reach = k;
  }
}

void parse_irqs(Problems& problems, Fields& fields, Peripheral& peripheral) {
  const auto* value = fields.find("irq");
  if (!value) return;
  boost::json::array single;
  const boost::json::array* list = &single;
  if (!value->is_array()) single.push_back(*value);
  else if (!(list = fields.array("irq", max_irqs))) return;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto irq = integer_of((*list)[i]);
    if (irq && *irq <= 1023) peripheral.irq.push_back(static_cast<unsigned>(*irq));
    else problems.add(value->is_array() ? fmt::format("{}/{}", fields.at("irq"), i) : fields.at("irq"),
                      fmt::format("must be an interrupt number from 0 to 1023, is {}", shown((*list)[i])));
  }
}

Peripheral parse_peripheral(Problems& problems, const std::string& pointer, const boost::json::value& value) {
  Peripheral peripheral;
  Fields fields(problems, pointer, value, peripheral_fields);
  if (!fields) return peripheral;
  fields.required("type");
  if (const auto type = fields.text("type", 64)) {
    peripheral.type = find_word(peripheral_words(), *type);
    if (peripheral.type.empty())
      fields.error("type", fmt::format("{} is not a known kind of peripheral; \"other\" stands for anything else",
                                       shown(boost::json::string(*type))),
                   nearest(lower(*type), word_list(peripheral_words())));
  }
  peripheral.name = fields.name("name").value_or("");
  peripheral.address = fields.number("address");
  parse_irqs(problems, fields, peripheral);
  if (const auto* properties = fields.object("properties")) peripheral.properties = *properties;
  return peripheral;
}

}  // namespace

Node parse_node(Problems& problems, const std::string& pointer, const boost::json::value& value, std::size_t index) {
  Node node;
  Fields fields(problems, pointer, value, node_fields);
  if (!fields) return node;
  node.id = fields.find("id") ? fields.name("id").value_or("") : fmt::format("node{}", index);
  node.backend = "auto";
  if (const auto backend = fields.text("backend", 64); backend && !backend->empty()) {
    node.backend = find_word(backend_words(), *backend);
    if (node.backend.empty())
      fields.error("backend", fmt::format("there is no backend {}; use auto, qemu, renode or skyeye", shown(boost::json::string(*backend))),
                   nearest(lower(*backend), word_list(backend_words())));
  }
  node.soc = fields.text("soc", 64).value_or("");
  if (const auto* targets = fields.find("targets")) node.targets = parse_targets(problems, fields.at("targets"), *targets);
  if (const auto* processor = fields.find("processor"))
    node.processor = parse_processor(problems, fields.at("processor"), *processor, node.targets.empty());
  else if (!fields.find("targets") || node.targets.empty())
    problems.add(pointer, "the field \"processor\" is missing; a node names its processor or, in \"targets\", a machine");

  if (const auto* memory = fields.array("memory", max_memory)) {
    for (std::size_t i = 0; i < memory->size(); ++i)
      node.memory.push_back(parse_memory(problems, fmt::format("{}/{}", fields.at("memory"), i), (*memory)[i]));
    check_overlaps(problems, fields.at("memory"), node.memory);
  }
  if (const auto* peripherals = fields.array("peripherals", max_peripherals)) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < peripherals->size(); ++i) {
      const std::string at = fmt::format("{}/{}", fields.at("peripherals"), i);
      node.peripherals.push_back(parse_peripheral(problems, at, (*peripherals)[i]));
      const std::string& name = node.peripherals.back().name;
      if (!name.empty() && !names.insert(lower(name)).second)
        problems.add(at + "/name", fmt::format("another peripheral is named \"{}\" too", name));
    }
  }
  parse_consoles(problems, fields, node);
  parse_register_models(problems, fields, node);
  return node;
}

}  // namespace virserver::board
