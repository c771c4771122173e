// Addresses to source lines and back.
#include <dwarf.h>

#include <algorithm>
#include <set>

#include "image/debug_info_impl.hpp"
#include "image/demangle.hpp"

namespace virserver::image {
namespace {

constexpr std::size_t max_path_bytes = 64u << 20;  // of all source files together

// "main.c" and "src/main.c" stand for "/home/me/src/main.c".
bool is_end_of(std::string_view path, std::string_view name) {
  while (name.starts_with("./")) name.remove_prefix(2);
  if (name.empty() || !path.ends_with(name)) return false;
  return path.size() == name.size() || name.front() == '/' || path[path.size() - name.size() - 1] == '/';
}

}  // namespace

DwarfData* DebugInfo::Impl::dwarf() {
  if (!std::exchange(opened_, true)) dwarf_ = DwarfData::open(file, symbols, notes);
  return dwarf_.get();
}

// The row that an address belongs to. Optimising compilers give one address several rows; the last one fits the functions
// that the DIEs tell (gdb rather takes one that is marked as a statement).
std::optional<DebugInfo::Impl::Row> DebugInfo::Impl::row_at(const DwarfUnit& unit, std::uint64_t address) {
  const LineSequence* const sequence = unit.sequence(address);
  if (!sequence) return std::nullopt;
  const auto rows = unit.program->rows_of(*sequence);
  const auto behind = std::ranges::upper_bound(rows, address, {}, &LineRow::address);
  return Row{sequence, static_cast<std::size_t>(behind - rows.begin()) - 1};
}

SourcePosition DebugInfo::Impl::position(const DwarfUnit& unit, const LineRow& row) {
  return {unit.program->path(row.file, unit.directory), row.line, row.column};
}

// Compilers that were asked for lines only leave out the mangled name, which the symbol has.
std::string DebugInfo::Impl::name_of(const FunctionPiece& function) {
  Dwarf_Die die = function.die;
  std::string name = DwarfData::name(&die);
  const auto symbol = symbols.at(function.begin);
  if (!symbol || symbol->offset != 0 || symbol->symbol.demangled == symbol->symbol.name) return name;
  return without_parameters(symbol->symbol.demangled).ends_with(name) ? symbol->symbol.demangled : name;
}

std::string DebugInfo::Impl::function_name(DwarfUnit& unit, std::uint64_t address) {
  if (const FunctionPiece* const function = unit.function(address)) {
    auto chain = DwarfData::inlined(*function, address);
    return chain.empty() ? name_of(*function) : DwarfData::name(&chain.back());
  }
  const auto symbol = symbols.at(address);
  return symbol ? symbol->symbol.demangled : std::string();
}

Location DebugInfo::Impl::locate(std::uint64_t address) {
  Location location{.address = address, .symbol = symbols.at(address)};
  DwarfUnit* const unit = dwarf() ? dwarf()->unit_at(address) : nullptr;
  if (!unit) return location;
  SourcePosition here;
  if (const auto row = row_at(*unit, address)) here = position(*unit, unit->program->rows_of(*row->sequence)[row->index]);
  const FunctionPiece* const function = unit->function(address);
  if (!function) {
    if (!here.line) return location;
    location.frames.push_back({.function = location.symbol ? location.symbol->symbol.demangled : "", .position = here});
    return location;
  }
  auto chain = DwarfData::inlined(*function, address);
  for (; !chain.empty(); chain.pop_back()) {
    Dwarf_Die& call = chain.back();
    location.frames.push_back({.function = DwarfData::name(&call), .position = here, .inlined = true});
    const auto number = [&](unsigned attribute) {
      Dwarf_Attribute value;
      Dwarf_Word word = 0;
      dwarf_formudata(dwarf_attr(&call, attribute, &value), &word);
      return static_cast<std::uint32_t>(word);
    };
    here = {unit->program ? unit->program->path(number(DW_AT_call_file), unit->directory) : "", number(DW_AT_call_line),
            number(DW_AT_call_column)};
  }
  location.frames.push_back({.function = name_of(*function), .position = here});
  return location;
}

std::optional<LineRange> DebugInfo::Impl::line_range(std::uint64_t address) {
  DwarfUnit* const unit = dwarf() ? dwarf()->unit_at(address) : nullptr;
  const auto found = unit ? row_at(*unit, address) : std::nullopt;
  if (!found) return std::nullopt;
  const auto rows = unit->program->rows_of(*found->sequence);
  const LineRow& row = rows[found->index];
  const auto same = [&](std::size_t i) { return rows[i].line == row.line && rows[i].file == row.file; };
  const auto last_at_its_address = [&](std::size_t i) { return i + 1 == rows.size() || rows[i + 1].address != rows[i].address; };
  LineRange range{.begin = row.address, .end = found->sequence->end, .position = position(*unit, row)};
  std::size_t first = found->index;
  for (std::size_t i = found->index; i-- > 0;) {
    if (last_at_its_address(i) && !same(i)) break;
    first = i;
    range.begin = rows[i].address;
  }
  for (std::size_t i = first; i < rows.size() && rows[i].address == range.begin; ++i) range.statement |= rows[i].statement != 0;
  for (std::size_t i = found->index + 1; i < rows.size(); ++i) {
    if (!last_at_its_address(i) || same(i)) continue;
    range.end = rows[i].address;
    break;
  }
  return range;
}

LineMatch DebugInfo::Impl::find_line(std::string_view name, std::uint32_t line) {
  LineMatch match;
  if (!dwarf() || line == 0) return match;
  std::vector<std::pair<DwarfUnit*, std::vector<bool>>> places;  // units, and which of their files are meant
  std::set<std::string> files;
  for (DwarfUnit& unit : dwarf()->units()) {
    dwarf()->load(unit);
    if (unit.sequences.empty()) continue;
    const std::string_view last = name.substr(name.rfind('/') + 1);
    std::vector<bool> meant;
    for (std::size_t i = 0; i < unit.program->files.size(); ++i) {
      if (!unit.program->files[i].name.ends_with(last)) continue;
      std::string path = unit.program->path(i, unit.directory);
      if (!is_end_of(path, name)) continue;
      if (meant.empty()) meant.resize(unit.program->files.size());
      meant[i] = true;
      files.insert(std::move(path));
    }
    if (!meant.empty()) places.emplace_back(&unit, std::move(meant));
  }
  match.files.assign(files.begin(), files.end());
  const std::vector<Candidate> rows = rows_of_line(places, line);
  if (rows.empty()) return match;
  match.line = line;

  // The first address in each function, and in each call inlined into it: a loop has its line several times.
  std::set<std::pair<const void*, const void*>> seen;
  for (const auto& [unit, row] : rows) {
    const FunctionPiece* const function = unit->function(row->address);
    const void* scope = nullptr;
    if (function)
      if (const auto chain = DwarfData::inlined(*function, row->address); !chain.empty()) scope = chain.back().addr;
    const void* const owner = function ? function->die.addr : static_cast<const void*>(unit->sequence(row->address));
    if (!seen.emplace(owner, scope).second) continue;
    const std::uint64_t address = function && row->address == function->begin ? body_of(*unit, *function) : row->address;
    match.addresses.push_back({address, position(*unit, *row), function_name(*unit, row->address)});
  }
  std::ranges::sort(match.addresses, {}, &LineAddress::address);
  const auto rest = std::ranges::unique(match.addresses, {}, &LineAddress::address);
  match.addresses.erase(rest.begin(), rest.end());
  return match;
}

// The statements of a line, by address in each unit; of the next line with code if it has none: then `line` is that one.
// Optimised code may have a line without marking a statement in it; that is still better than another line.
std::vector<DebugInfo::Impl::Candidate> DebugInfo::Impl::rows_of_line(
    const std::vector<std::pair<DwarfUnit*, std::vector<bool>>>& places, std::uint32_t& line) {
  std::vector<Candidate> found;
  const auto rank = [&](const LineRow& row) { return std::pair(row.line, row.line == line && !row.statement); };
  for (const auto& [unit, meant] : places)
    for (const LineSequence& sequence : unit->sequences)
      for (const LineRow& row : unit->program->rows_of(sequence)) {
        if (row.line < line || row.file >= meant.size() || !meant[row.file] || (row.line > line && !row.statement)) continue;
        if (!found.empty() && rank(row) > rank(*found.front().row)) continue;
        if (!found.empty() && rank(row) < rank(*found.front().row)) found.clear();
        found.push_back({unit, &row});
      }
  if (!found.empty()) line = found.front().row->line;
  return found;
}

std::vector<std::string> DebugInfo::Impl::source_files() {
  std::set<std::string> files;
  std::size_t bytes = 0;
  if (!dwarf()) return {};
  for (DwarfUnit& unit : dwarf()->units()) {
    dwarf()->load(unit);
    std::vector<bool> used(unit.program ? unit.program->files.size() : 0);
    for (const LineSequence& sequence : unit.sequences)
      for (const LineRow& row : unit.program->rows_of(sequence))
        if (row.file < used.size()) used[row.file] = true;
    for (std::size_t i = 0; i < used.size() && bytes < max_path_bytes; ++i) {
      if (!used[i]) continue;
      std::string path = unit.program->path(i, unit.directory);
      bytes += path.size();
      if (!path.empty()) files.insert(std::move(path));
    }
  }
  return {files.begin(), files.end()};
}

// As gdb does: the place that the compiler marked, else behind the first row of lines. The variables of optimised code
// have a known place from the first instruction on, and there it may be part of the body.
std::uint64_t DebugInfo::Impl::body_of(DwarfUnit& unit, const FunctionPiece& function) {
  const LineSequence* const sequence = unit.sequence(function.begin);
  if (!sequence) return function.begin;
  const auto rows = unit.program->rows_of(*sequence);
  const auto first = std::ranges::lower_bound(rows, function.begin, {}, &LineRow::address);
  const auto last = std::ranges::lower_bound(first, rows.end(), function.end, {}, &LineRow::address);
  const auto marked = std::find_if(first, last, [](const LineRow& row) { return row.prologue_end; });
  if (marked != last) return marked->address;
  if (DwarfData::optimised(unit)) return function.begin;
  const auto second =
      std::find_if(first, last, [&](const LineRow& row) { return row.statement && row.line && row.address > function.begin; });
  return second != last ? second->address : function.begin;
}

std::vector<LineAddress> DebugInfo::Impl::find_function(std::string_view name) {
  std::vector<LineAddress> places;
  const auto matches = [&](const std::string& other) { return other == name || without_parameters(other) == name; };
  const auto add = [&](DwarfUnit& unit, std::uint64_t address) {
    const auto row = row_at(unit, address);
    if (!row) return;
    const LineRow& found = unit.program->rows_of(*row->sequence)[row->index];
    places.push_back({address, position(unit, found), function_name(unit, address)});
  };
  for (const Symbol& symbol : symbols.named(name)) {
    if (symbol.kind == SymbolKind::object || !file.executable(symbol.address)) continue;
    DwarfUnit* const unit = dwarf() ? dwarf()->unit_at(symbol.address) : nullptr;
    const FunctionPiece* const function = unit ? unit->function(symbol.address) : nullptr;
    if (function && function->begin == symbol.address) add(*unit, body_of(*unit, *function));
    else places.push_back({symbol.address, {}, symbol.demangled});
  }
  if (dwarf())
    for (DwarfUnit& unit : dwarf()->units()) {
      dwarf()->load(unit);
      if (!unit.sequences.empty()) DwarfData::inlined_calls(unit, matches, [&](std::uint64_t address) { add(unit, address); });
    }
  std::ranges::sort(places, {}, &LineAddress::address);
  const auto rest = std::ranges::unique(places, {}, &LineAddress::address);
  places.erase(rest.begin(), rest.end());
  return places;
}

std::optional<Function> DebugInfo::Impl::function_at(std::uint64_t address) {
  DwarfUnit* const unit = dwarf() ? dwarf()->unit_at(address) : nullptr;
  if (const FunctionPiece* const piece = unit ? unit->function(address) : nullptr) {
    Dwarf_Die die = piece->die;
    Function function{.name = name_of(*piece), .begin = piece->begin, .end = piece->end, .body = body_of(*unit, *piece)};
    int line = 0;
    Dwarf_Attribute value;
    Dwarf_Word index = 0;
    if (dwarf_decl_line(&die, &line) == 0 && unit->program &&
        dwarf_formudata(dwarf_attr_integrate(&die, DW_AT_decl_file, &value), &index) == 0)
      function.declared = {unit->program->path(index, unit->directory), static_cast<std::uint32_t>(line), 0};
    return function;
  }
  const auto found = symbols.at(address);
  if (!found || found->symbol.kind == SymbolKind::object || found->symbol.size == 0) return std::nullopt;
  const Symbol& symbol = found->symbol;
  const std::uint64_t room = ~symbol.address;  // a damaged symbol may pass the end of the address space
  return Function{.name = symbol.demangled, .begin = symbol.address, .end = symbol.address + std::min(symbol.size, room),
                  .body = symbol.address};
}

}  // namespace virserver::image
