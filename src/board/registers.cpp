#include "board/registers.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <map>
#include <stdexcept>
#include <vector>

#include "base/embedded.hpp"
#include "board/parse.hpp"
#include "board/words.hpp"

namespace virserver::board {
namespace {
namespace json = boost::json;

struct Table {
  std::vector<std::string> chips;
  std::map<std::uint64_t, RegisterBlock> blocks;  // by address
};

std::map<std::uint64_t, std::string> registers_of(const json::value& value) {
  std::map<std::uint64_t, std::string> registers;
  for (const auto& [name, offset] : value.as_object()) registers.emplace(offset.to_number<std::uint64_t>(), name);
  return registers;
}

Table read_table(std::string_view file, std::string_view text) {
  try {
    const auto document = parse_document(text);
    if (!document) throw std::runtime_error(document.error().message);
    const auto& object = document->value.as_object();
    Table table;
    for (const auto& chip : object.at("chips").as_array()) table.chips.emplace_back(chip.as_string());
    for (const auto& [name, entry] : object.at("blocks").as_object()) {
      const auto& members = entry.as_object();
      RegisterBlock block{std::string(name), members.at("address").to_number<std::uint64_t>(), members.at("size").to_number<std::uint64_t>(), {}};
      const auto* layout = members.if_contains("layout");
      block.registers = registers_of(layout ? object.at("layouts").as_object().at(layout->as_string()) : members.at("registers"));
      if (block.size == 0 || (!block.registers.empty() && block.registers.rbegin()->first >= block.size))
        throw std::runtime_error(fmt::format("{} has registers beyond its size", block.name));
      table.blocks.emplace(block.address, std::move(block));
    }
    return table;
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("registers/{} is malformed: {}", file, error.what()));
  }
}

const std::vector<Table>& tables() {
  static const std::vector<Table> all = [] {
    std::vector<Table> read;
    for (const auto& file : embedded::registers()) read.push_back(read_table(file.path, file.text()));
    return read;
  }();
  return all;
}

const Table* table_of(std::string_view soc) {
  const std::string chip = lower(soc);
  const Table* best = nullptr;
  std::size_t longest = 0;
  for (const auto& table : tables())
    for (const auto& beginning : table.chips)
      if (chip.starts_with(beginning) && beginning.size() > longest) {
        best = &table;
        longest = beginning.size();
      }
  return best;
}

}  // namespace

std::string RegisterName::text() const { return name.empty() ? fmt::format("{}+{:#x}", block, offset) : fmt::format("{}_{}", block, name); }

void load_register_tables() { tables(); }

const RegisterBlock* find_register_block(std::string_view soc, std::string_view name) {
  const Table* table = table_of(soc);
  if (!table) return nullptr;
  for (const auto& [address, block] : table->blocks)
    if (lower(block.name) == lower(name)) return &block;
  return nullptr;
}

std::optional<RegisterName> find_register(std::string_view soc, std::uint64_t address) {
  const Table* table = table_of(soc);
  if (!table) return std::nullopt;
  auto after = table->blocks.upper_bound(address);
  if (after == table->blocks.begin()) return std::nullopt;
  const RegisterBlock& block = (--after)->second;
  const std::uint64_t offset = address - block.address;
  if (offset >= block.size) return std::nullopt;
  RegisterName found{block.name, "", block.address, offset};
  auto next = block.registers.upper_bound(offset);
  if (next != block.registers.begin() && offset - (--next)->first < 4) found.name = next->second;
  return found;
}

}  // namespace virserver::board
