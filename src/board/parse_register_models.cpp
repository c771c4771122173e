// `register_models` of a node: off, or a list of blocks and of names of built-in ones.
#include <algorithm>
#include <charconv>
#include <set>
#include <stdexcept>

#include "base/bytes.hpp"
#include "base/embedded.hpp"
#include "board/register_block.hpp"
#include "board/register_models.hpp"
#include "board/words.hpp"

namespace virserver::board {
namespace {
namespace json = boost::json;
using registers::Block;

constexpr std::string_view use_fields[] = {"use", "block", "base", "irq", "enabled"};
constexpr std::size_t max_blocks = 32, max_node_registers = 4096;

std::vector<BuiltinModel> load_builtins() {
  std::vector<BuiltinModel> models;
  for (const auto& file : embedded::register_models()) {
    const auto document = parse_document(file.text());
    if (!document) throw std::runtime_error(fmt::format("registers/models/{} is broken: {}", file.path, document.error().message));
    Problems problems(&*document);
    Node node;  // stands in for one: a model that needs an address or interrupt number gets it where it is used
    node.peripherals.push_back({"other", "", 0x40000000, {0}, {}});
    if (const auto* object = document->value.if_object())
      if (const auto* name = object->if_contains("block"); name && name->is_string()) node.peripherals.back().name = name->get_string();
    const Block block = parse_register_block(problems, "", document->value, node);
    if (!problems.empty()) throw std::runtime_error(fmt::format("registers/models/{} is broken: {}", file.path, problems.error().message));
    if (block.source.empty()) throw std::runtime_error(fmt::format("registers/models/{} names no source", file.path));
    BuiltinModel model{std::string(file.path.substr(0, file.path.rfind('.'))), "", document->value.get_object()};
    if (const auto* text = model.block.if_contains("description")) model.description = text->as_string();
    models.push_back(std::move(model));
  }
  std::ranges::sort(models, {}, &BuiltinModel::id);
  return models;
}

// The entry's own words over those of the model.
std::optional<Block> use_model(Problems& problems, Fields& entry, const Node& node) {
  const auto id = entry.text("use", 64);
  if (!id) return std::nullopt;
  const auto model = std::ranges::find(builtin_models(), *id, &BuiltinModel::id);
  if (model == builtin_models().end()) {
    std::vector<std::string> ids;
    for (const auto& known : builtin_models()) ids.push_back(known.id);
    entry.error("use", fmt::format("there is no built-in register model {}", shown(json::string(*id))), nearest(*id, ids));
    return std::nullopt;
  }
  json::object merged = model->block;
  if (entry.find("block")) merged.erase("base");  // another block of the kind is elsewhere
  for (const std::string_view key : {"block", "base", "irq"})
    if (const auto* own = entry.find(key)) merged[key] = *own;
  Problems inner(nullptr);
  Block block = parse_register_block(inner, entry.pointer(), merged, node);
  if (!inner.empty())  // the model itself is sound: the entry's own words are wrong, or it lacks some
    for (const auto& mistake : inner.error().details.at("errors").as_array()) {
      const std::string pointer(mistake.at("pointer").as_string());
      const bool own = pointer.size() > entry.pointer().size() && entry.find(std::string_view(pointer).substr(entry.pointer().size() + 1));
      problems.add(own ? pointer : entry.pointer(), std::string(mistake.at("message").as_string()));
    }
  block.model = *id;
  return block;
}

// "7.2.22 (Debian ...)" before "8.2", number by number.
bool version_less(std::string_view a, std::string_view b) {
  while (true) {
    unsigned x = 0, y = 0;
    const auto [a_end, a_error] = std::from_chars(a.data(), a.data() + a.size(), x);
    const auto [b_end, b_error] = std::from_chars(b.data(), b.data() + b.size(), y);
    if (x != y || b_error != std::errc() || a_error != std::errc()) return x < y;
    a.remove_prefix(static_cast<std::size_t>(a_end - a.data()));
    b.remove_prefix(static_cast<std::size_t>(b_end - b.data()));
    if (b.empty() || b.front() != '.') return false;
    if (a.empty() || a.front() != '.') a = ".0";
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
}

std::string range_text(std::uint64_t address, std::uint64_t size) {
  return fmt::format("{} to {}", hex_address(address), hex_address(address + (size - 1)));
}
bool overlap(std::uint64_t a, std::uint64_t a_size, std::uint64_t b, std::uint64_t b_size) {
  return a_size && b_size && a <= b + (b_size - 1) && b <= a + (a_size - 1);
}

void check_place(Problems& problems, const std::string& pointer, const Block& block, const Node& node, const std::vector<std::pair<std::size_t, Block>>& before) {
  if (!block.size || block.base > UINT64_MAX - (block.size - 1)) return;  // is reported
  for (const auto& [index, other] : before) {
    if (lower(other.name) == lower(block.name)) problems.add(pointer, fmt::format("entry {} is a model of {} too", index, other.name));
    else if (overlap(block.base, block.size, other.base, other.size))
      problems.add(pointer, fmt::format("{} at {} overlaps with {}, entry {}, at {}", block.name, range_text(block.base, block.size), other.name, index,
                                        range_text(other.base, other.size)));
  }
  for (const Memory& memory : node.memory)
    if (overlap(block.base, block.size, memory.address, memory.size)) {
      problems.add(pointer, fmt::format("{} at {} lies over the board's memory {} at {}; a model is for device registers", block.name,
                                        range_text(block.base, block.size), memory.name, range_text(memory.address, memory.size)));
      return;
    }
}

}  // namespace

const std::vector<BuiltinModel>& builtin_models() {
  static const std::vector<BuiltinModel> models = load_builtins();
  return models;
}

std::vector<Block> models_for(const Node& node, std::string_view backend, std::string_view version) {
  std::vector<Block> blocks;
  const auto means = [&](const registers::Audience& audience) {
    return audience.backend == backend && (audience.before.empty() || version_less(version, audience.before));
  };
  for (const Block& block : node.register_blocks)
    if (block.backends.empty() || std::ranges::any_of(block.backends, means)) blocks.push_back(block);
  return blocks;
}

bool has_bit_band(const Processor& processor) { return processor.id == "cortex-m3" || processor.id == "cortex-m4"; }

void parse_register_models(Problems& problems, Fields& fields, Node& node) {
  const auto* value = fields.find("register_models");
  if (!value) return;
  const bool off = (value->is_bool() && !value->get_bool()) || (value->is_string() && lower(value->get_string()) == "off");
  if (off) {
    node.register_models = "off";
    return;
  }
  if (!value->is_array()) return fields.error("register_models", fmt::format("must be a list of models, or off; is {}", shown(*value)));
  const auto* list = fields.array("register_models", max_blocks);
  if (!list) return;
  node.register_models = *list;
  std::vector<std::pair<std::size_t, Block>> blocks;
  std::size_t registers = 0;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string pointer = fmt::format("{}/{}", fields.at("register_models"), i);
    const json::value& item = (*list)[i];
    const bool used = item.is_object() && item.get_object().contains("use");
    std::optional<Block> block;
    bool enabled = true;
    if (used) {
      Fields entry(problems, pointer, item, use_fields);
      enabled = entry.boolean("enabled").value_or(true);
      block = use_model(problems, entry, node);
    } else {
      block = parse_register_block(problems, pointer, item, node);
      if (const auto* object = item.if_object())
        if (const auto* flag = object->if_contains("enabled")) enabled = !flag->is_bool() || flag->get_bool();
    }
    if (!block) continue;
    block->entry = i;
    check_place(problems, pointer, *block, node, blocks);
    registers += block->registers.size();
    if (registers > max_node_registers) {
      problems.add(pointer, fmt::format("the node's models have more than {} registers", max_node_registers));
      break;
    }
    if (enabled) node.register_blocks.push_back(*block);
    blocks.emplace_back(i, std::move(*block));
  }
}

}  // namespace virserver::board
