#include "image/dwarf.hpp"

#include <dwarf.h>

#include <algorithm>
#include <functional>
#include <new>

#include "image/demangle.hpp"

namespace virserver::image {
namespace {

constexpr std::uint64_t max_debug_bytes = 1ull << 30;  // of all debug sections together, decompressed
constexpr std::size_t max_units = 1'000'000;
constexpr int max_depth = 64;          // of nested DIEs
constexpr std::size_t ranges_of_lookup = 1'000'000;  // a range list may be shared by many DIEs of a hostile file

__attribute__((noreturn)) void out_of_memory() { throw std::bad_alloc(); }  // libdw would end the process

std::string_view text_of(Dwarf_Die* die, unsigned attribute) {
  Dwarf_Attribute value;
  const char* const text = dwarf_formstring(dwarf_attr(die, attribute, &value));
  return text ? text : "";
}

// Visits the children of a DIE. Goes forward only: in a damaged file a sibling may be one that was there before.
template <class Visit>
void children(Dwarf_Die* die, Visit visit) {
  Dwarf_Die child;
  if (dwarf_child(die, &child) != 0) return;
  for (;;) {
    if (!visit(&child)) return;
    Dwarf_Die next;
    if (dwarf_siblingof(&child, &next) != 0 || next.addr <= child.addr) return;
    child = next;
  }
}

// Calls visit(begin, end) for each piece of code of a DIE. `budget` is the number of calls left, lowered.
template <class Visit>
void pieces(Dwarf_Die* die, std::size_t& budget, Visit visit) {
  Dwarf_Addr base = 0, begin = 0, end = 0;
  ptrdiff_t offset = 0;
  for (; budget && (offset = dwarf_ranges(die, offset, &base, &begin, &end)) > 0; --budget)
    if (begin < end) visit(begin, end);
}

bool covers(Dwarf_Die* die, std::size_t& budget, std::uint64_t address) {
  bool found = false;
  pieces(die, budget, [&](std::uint64_t begin, std::uint64_t end) { found = found || (address >= begin && address < end); });
  return found;
}

void walk(Dwarf_Die* die, int depth, const std::function<bool(Dwarf_Die*)>& visit) {
  if (depth == 0) return;
  children(die, [&](Dwarf_Die* child) {
    if (visit(child) && dwarf_haschildren(child) > 0) walk(child, depth - 1, visit);
    return true;
  });
}

}  // namespace

const LineSequence* DwarfUnit::sequence(std::uint64_t address) const {
  auto next = std::ranges::upper_bound(sequences, address, {}, &LineSequence::begin);
  if (next == sequences.begin() || address >= (--next)->end) return nullptr;
  return &*next;
}

const FunctionPiece* DwarfUnit::function(std::uint64_t address) const {
  // Pieces do not overlap in a sane file; nested functions (of GNU C, Rust closures) stand behind each other.
  auto next = std::ranges::upper_bound(functions, address, {}, &FunctionPiece::begin);
  if (next == functions.begin() || address >= (--next)->end) return nullptr;
  return &*next;
}

std::unique_ptr<DwarfData> DwarfData::open(const ElfFile& file, const SymbolTable& symbols, std::vector<std::string>& notes) {
  std::uint64_t total = 0;
  bool present = false;
  for (const auto& section : file.sections()) {
    if (section.name == ".gnu_debugaltlink") {
      notes.push_back("the debug information was left out: a part of it is in another file (.gnu_debugaltlink)");
      return nullptr;
    }
    if (!section.name.starts_with(".debug_") && !section.name.starts_with(".zdebug_")) continue;
    const std::uint64_t size = file.size(section);
    total = size > max_debug_bytes - std::min(total, max_debug_bytes) ? max_debug_bytes + 1 : total + size;
    present = present || section.name.ends_with("debug_info");
  }
  if (!present) return nullptr;
  if (total > max_debug_bytes) {
    notes.push_back("the debug information was left out: it has more than 1 GiB");
    return nullptr;
  }
  Dwarf* const dwarf = dwarf_begin_elf(file.elf(), DWARF_C_READ, nullptr);
  if (!dwarf) {
    notes.push_back(fmt::format("the debug information was left out: {}", dwarf_errmsg(-1)));
    return nullptr;
  }
  dwarf_new_oom_handler(dwarf, out_of_memory);
  return std::unique_ptr<DwarfData>(new DwarfData(file, symbols, dwarf));
}

DwarfData::DwarfData(const ElfFile& file, const SymbolTable& symbols, Dwarf* dwarf)
    : file_(file), symbols_(symbols), dwarf_(dwarf) {
  const auto content = [&](std::string_view name) -> std::span<const std::byte> {
    for (const auto* const prefix : {".debug_", ".zdebug_"})
      if (const auto* const section = file.section(std::string(prefix).append(name)))
        return file.content(*section, max_debug_bytes);
    return {};
  };
  line_sections_ = {.line = content("line"), .line_strings = content("line_str"), .strings = content("str"),
                    .big_endian = file.big_endian(), .is_64 = file.is_64()};
  read_units();
  index_units();
}

DwarfData::~DwarfData() = default;

void DwarfData::read_units() {
  Dwarf_CU* cu = nullptr;
  Dwarf_Half version;
  std::uint8_t type;
  DwarfUnit unit;
  // Without a place for the "sub DIE" libdw does not look for other files (.dwo), whose names are the uploader's.
  while (units_.size() < max_units && dwarf_get_units(dwarf_.get(), cu, &cu, &version, &type, &unit.die, nullptr) == 0) {
    if (dwarf_tag(&unit.die) != DW_TAG_compile_unit && dwarf_tag(&unit.die) != DW_TAG_skeleton_unit) continue;
    Dwarf_Attribute value;
    Dwarf_Word number;
    unit.line_offset.reset();
    if (dwarf_formudata(dwarf_attr(&unit.die, DW_AT_stmt_list, &value), &number) == 0) unit.line_offset = number;
    unit.assembler =
        dwarf_formudata(dwarf_attr(&unit.die, DW_AT_language, &value), &number) == 0 && number == DW_LANG_Mips_Assembler;
    unit.directory = text_of(&unit.die, DW_AT_comp_dir);
    unit.producer = text_of(&unit.die, DW_AT_producer);
    units_.push_back(unit);
  }
}

void DwarfData::index_units() {
  for (std::uint32_t i = 0; i < units_.size(); ++i) {
    bool any = false;
    pieces(&units_[i].die, range_budget_, [&](std::uint64_t begin, std::uint64_t end) {
      ranges_.push_back({begin, end, 0, i});
      any = true;
    });
    if (!any) without_range_.push_back(i);
  }
  std::ranges::sort(ranges_, {}, &UnitRange::begin);
  std::uint64_t highest = 0;
  for (UnitRange& range : ranges_) highest = range.highest_end = std::max(highest, range.end);
}

DwarfUnit* DwarfData::unit_at(std::uint64_t address) {
  const auto has_code = [&](std::uint32_t index) {
    DwarfUnit& unit = units_[index];
    load(unit);
    return unit.sequence(address) || unit.function(address);
  };
  auto range = std::ranges::upper_bound(ranges_, address, {}, &UnitRange::begin);
  while (range != ranges_.begin() && (--range)->highest_end > address)
    if (address < range->end && has_code(range->unit)) return &units_[range->unit];
  for (const std::uint32_t index : without_range_)
    if (has_code(index)) return &units_[index];
  return nullptr;
}

void DwarfData::load(DwarfUnit& unit) {
  if (std::exchange(unit.loaded, true)) return;
  read_functions(unit);
  if (!unit.line_offset) return;
  auto [place, is_new] = programs_.try_emplace(*unit.line_offset);
  if (is_new) place->second = decode_lines(line_sections_, *unit.line_offset, row_budget_);
  unit.program = &place->second;
  read_sequences(unit);
}

// Code that the linker has thrown away stays in the debug information, at address 0 or at the end of the address space.
bool DwarfData::kept(std::uint64_t begin, std::uint64_t end) const {
  const auto* const section = file_.executable(begin);
  return section && end <= section->end();
}

void DwarfData::read_functions(DwarfUnit& unit) {
  walk(&unit.die, max_depth, [&](Dwarf_Die* die) {
    switch (dwarf_tag(die)) {
      case DW_TAG_subprogram:
        pieces(die, range_budget_, [&](std::uint64_t begin, std::uint64_t end) {
          if (!kept(begin, end)) return;
          if (begin == 0 && !symbols_.empty()) {
            Dwarf_Attribute value;
            const char* linkage = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &value));
            const char* plain = dwarf_diename(die);
            if (!(linkage && symbols_.has_function(linkage, 0)) && !(plain && symbols_.has_function(plain, 0))) return;
          }
          unit.functions.push_back({begin, end, *die});
        });
        return true;
      case DW_TAG_inlined_subroutine: case DW_TAG_enumeration_type: case DW_TAG_array_type: case DW_TAG_subroutine_type:
        return false;
      default: return true;
    }
  });
  std::ranges::sort(unit.functions, {}, [](const FunctionPiece& piece) { return std::pair(piece.begin, piece.die.addr); });
}

void DwarfData::read_sequences(DwarfUnit& unit) {
  // Of the sequences at address 0 the one that fits the unit's function at 0 is real.
  const LineSequence* at_zero = nullptr;
  const std::uint64_t needed = !unit.functions.empty() && unit.functions.front().begin == 0 ? unit.functions.front().end : ~0ull;
  for (const LineSequence& sequence : unit.program->sequences) {
    if (!kept(sequence.begin, sequence.end)) continue;
    if (sequence.begin != 0 || symbols_.empty() || unit.assembler) unit.sequences.push_back(sequence);
    else if (sequence.end >= needed && (!at_zero || sequence.end < at_zero->end)) at_zero = &sequence;
  }
  if (at_zero) unit.sequences.insert(unit.sequences.begin(), *at_zero);
}

std::string DwarfData::name(Dwarf_Die* function) {
  Dwarf_Attribute value;
  for (const unsigned attribute : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name}) {
    const char* const text = dwarf_formstring(dwarf_attr_integrate(function, attribute, &value));
    if (!text || !*text) continue;
    return attribute == DW_AT_name ? std::string(text) : demangle(text);
  }
  return {};
}

std::vector<Dwarf_Die> DwarfData::inlined(const FunctionPiece& function, std::uint64_t address) {
  std::vector<Dwarf_Die> chain;
  Dwarf_Die scope = function.die;
  std::size_t budget = ranges_of_lookup;
  for (int depth = 0; depth < max_depth; ++depth) {
    bool deeper = false;
    children(&scope, [&](Dwarf_Die* child) {
      const int tag = dwarf_tag(child);
      if ((tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block) || !covers(child, budget, address)) return true;
      if (tag == DW_TAG_inlined_subroutine) chain.push_back(*child);
      scope = *child;
      deeper = true;
      return false;
    });
    if (!deeper) break;
  }
  return chain;
}

void DwarfData::inlined_calls(DwarfUnit& unit, const std::function<bool(const std::string&)>& matches,
                              const std::function<void(std::uint64_t)>& visit) {
  std::map<Dwarf_Off, bool> known;  // by what was inlined
  walk(&unit.die, max_depth, [&](Dwarf_Die* die) {
    if (dwarf_tag(die) != DW_TAG_inlined_subroutine) return true;
    Dwarf_Attribute value;
    Dwarf_Die origin;
    if (!dwarf_formref_die(dwarf_attr(die, DW_AT_abstract_origin, &value), &origin)) return true;
    const auto [place, is_new] = known.try_emplace(dwarf_dieoffset(&origin));
    if (is_new) place->second = matches(name(&origin));
    Dwarf_Addr address = 0;
    if (place->second && dwarf_entrypc(die, &address) == 0) visit(address);
    return true;
  });
}

bool DwarfData::optimised(DwarfUnit& unit) {
  bool found = false;
  walk(&unit.die, max_depth, [&](Dwarf_Die* die) {
    if (found) return false;
    const int tag = dwarf_tag(die);
    Dwarf_Attribute value;
    if ((tag == DW_TAG_formal_parameter || tag == DW_TAG_variable) && dwarf_attr(die, DW_AT_location, &value)) {
      const unsigned form = dwarf_whatform(&value);
      found = form == DW_FORM_sec_offset || form == DW_FORM_loclistx || form == DW_FORM_data4 || form == DW_FORM_data8;
    }
    return true;
  });
  return found;
}

}  // namespace virserver::image
