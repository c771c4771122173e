#include "session/model_draft.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <bit>
#include <map>

#include "base/bytes.hpp"
#include "board/register_models.hpp"
#include "board/registers.hpp"

namespace virserver::session {
namespace {
namespace json = boost::json;

constexpr std::uint64_t page = 0x1000;    // the largest block that `rest` may have
constexpr std::uint64_t unnamed = 0x100;  // size of a block that nothing names

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

// The built-in model that has this register of this chip; null: none.
const board::BuiltinModel* builtin_for(const board::RegisterName& reg, std::string_view soc) {
  for (const auto& model : board::builtin_models()) {
    const auto chip = text_of(model.block, "chip"), block = text_of(model.block, "block");
    const auto* own = chip.empty() ? nullptr : board::find_register_block(chip, block);
    if (!own || own != board::find_register_block(soc, reg.block)) continue;
    const auto* registers = model.block.if_contains("registers");
    if (registers && registers->is_object() && registers->get_object().contains(reg.name)) return &model;
  }
  return nullptr;
}

std::string run_text(std::uint64_t mask) {
  const int low = std::countr_zero(mask), high = 63 - std::countl_zero(mask);
  return low == high ? std::to_string(low) : fmt::format("{}:{}", high, low);
}

// The awaited bits as fields, one for each run of bits.
std::string fields_of(const Awaited& awaited, unsigned shift) {
  const std::uint64_t chosen = awaited.any ? awaited.mask & (~awaited.mask + 1) : awaited.mask;  // one of several is enough
  std::string fields;
  for (std::uint64_t rest = chosen << shift & 0xffffffff; rest != 0;) {
    const auto low = std::countr_zero(rest);
    const auto count = std::countr_one(rest >> low);
    const auto run = ((std::uint64_t{1} << count) - 1) << low;
    rest &= ~run;
    const auto name = count == 1 ? fmt::format("BIT{}", low) : fmt::format("BITS{}_{}", low + count - 1, low);
    fields += fmt::format("          {}: {{ bits: {}, constant: {} }}\n", name, run_text(run), (awaited.value << shift & run) >> low);
  }
  return fields;
}

struct Reg {
  std::uint64_t address = 0;
  const PolledView* polled = nullptr;
};

struct Block {
  std::string name;
  std::uint64_t base = 0, size = 0;
  bool keeps_rest = false, modelled = false;
  std::map<std::string, Reg> registers;
};

std::string where(const PolledView& polled) {
  return polled.location.empty() ? "the loop at " + hex_address(polled.instruction) : polled.location;
}

std::string text_of(const Block& block) {
  std::string text;
  if (block.modelled) text += fmt::format("  # {} is modelled already: add these registers or fields to that model.\n", block.name);
  text += fmt::format("  - block: {}\n    base: {}\n    size: {}\n", block.name, hex_address(block.base), fmt::format("{:#x}", block.size));
  if (block.keeps_rest) text += "    rest: keep  # what is written elsewhere in it reads back\n";
  text += "    registers:\n";
  for (const auto& [name, reg] : block.registers) {
    const auto offset = fmt::format("0x{:02X}", reg.address - block.base);
    const auto shift = static_cast<unsigned>(8 * (reg.polled->address - reg.address));
    if (!reg.polled->awaited) {
      text += fmt::format("      # {} reads it; what it waits for could not be told from its code: give the bits a rule.\n      {}: {{ offset: {} }}\n",
                          where(*reg.polled), name, offset);
      continue;
    }
    text += fmt::format("      {}:\n        offset: {}\n        fields:\n          # {} waits {}\n{}", name, offset, where(*reg.polled),
                        awaited_text(*reg.polled->awaited), fields_of(*reg.polled->awaited, shift));
  }
  return text;
}

}  // namespace

std::string draft_models(std::span<const PolledView> polled, const backend::EnginePlan& plan, std::string_view soc) {
  std::map<std::string, std::string> uses;  // by model
  std::map<std::uint64_t, Block> blocks;    // by base
  for (const PolledView& view : polled) {
    const auto known = board::find_register(soc, view.address);
    if (const auto* model = known && !view.modelled ? builtin_for(*known, soc) : nullptr) {
      uses.emplace(model->id, fmt::format("  - use: {}  # has {}, which {} reads\n", model->id, known->text(), where(view)));
      continue;
    }
    if (!view.model.empty() && !view.stub && !view.modelled) continue;  // the machine's own device: not from here to say what it lacks
    const auto played = std::ranges::find_if(plan.register_models, [&](const auto& each) { return view.modelled && view.address - each.address < each.size; });
    const auto device = std::ranges::find_if(plan.devices, [&](const auto& each) { return view.address - each.address < each.size; });
    const auto* vendor = known ? board::find_register_block(soc, known->block) : nullptr;
    Block block;
    if (played != plan.register_models.end()) block = {played->name, played->address, played->size, false, true, {}};
    else if (vendor) block = {vendor->name, vendor->address, vendor->size, true, false, {}};
    else if (device != plan.devices.end()) block = {fmt::format("BLOCK_{:X}", device->address), device->address, device->size, true, false, {}};
    else block = {fmt::format("BLOCK_{:X}", view.address & ~(unnamed - 1)), view.address & ~(unnamed - 1), unnamed, true, false, {}};
    if (block.size > page && !block.modelled) {  // the part of it that is polled
      const auto base = block.base + (view.address - block.base) / page * page;
      block.size = std::min(page, block.base + block.size - base);
      block.base = base;
    }
    const bool shared = std::ranges::any_of(plan.devices, [&](const auto& each) {
      return !each.stub && each.address < block.base + block.size && block.base < each.address + each.size;
    });
    if (shared) block.keeps_rest = false;  // what works there goes on working
    auto& target = blocks.try_emplace(block.base, block).first->second;
    const std::uint64_t aligned = view.address & ~std::uint64_t{3};
    const auto name = known && !known->name.empty() ? known->name : fmt::format("R_{:03X}", aligned - target.base);
    target.registers.try_emplace(name, Reg{aligned, &view});
  }
  if (uses.empty() && blocks.empty()) return {};
  std::string text = "# A first draft, from the registers that the firmware was seen waiting for. Look each rule up in the chip's manual: a ready bit\n"
                     "# often shows an enable bit, then `follows: THE_BIT` is truer than `constant: 1`. It goes below a node of the board.\n"
                     "register_models:\n";
  for (const auto& [id, entry] : uses) text += entry;
  for (const auto& [base, block] : blocks) text += text_of(block);
  return text;
}

}  // namespace virserver::session
