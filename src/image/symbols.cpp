#include "image/symbols.hpp"

#include <algorithm>
#include <cctype>

#include "image/demangle.hpp"
#include "image/glob.hpp"

namespace virserver::image {
namespace {

constexpr std::size_t max_symbols = 4'000'000;
constexpr std::size_t max_demangled_bytes = 64u << 20;  // of all names together: beyond it they are searched as they are

std::optional<Content> mapping_symbol(std::string_view name) {
  if (name.size() < 2 || name[0] != '$' || (name.size() > 2 && name[2] != '.' && !name.starts_with("$xrv"))) return std::nullopt;
  switch (name[1]) {
    case 'a': return Content::arm;
    case 't': return Content::thumb;
    case 'd': return Content::data;
    case 'x': return Content::code;
    default: return std::nullopt;
  }
}

}  // namespace

SymbolTable::SymbolTable(const ElfFile& file) : file_(file) {
  by_index_.reserve(file.sections().size() + 1);
  for (const auto& section : file.sections()) {
    const std::size_t index = elf_ndxscn(section.scn);
    if (by_index_.size() <= index) by_index_.resize(index + 1);
    by_index_[index] = &section;
  }
  const auto& sections = file.sections();
  auto table = std::ranges::find(sections, SHT_SYMTAB, [](const auto& s) { return s.header.sh_type; });
  if (table == sections.end()) table = std::ranges::find(sections, SHT_DYNSYM, [](const auto& s) { return s.header.sh_type; });
  if (table != sections.end()) read(*table);

  // Of several at one address the better name comes last, as does the innermost of nested ones.
  const auto rank = [](const Entry& e) {
    return std::tuple(e.address, e.size != 0, e.kind != SymbolKind::label, ~e.size, e.global);
  };
  std::ranges::sort(symbols_, [&](const Entry& a, const Entry& b) { return rank(a) < rank(b); });
  std::ranges::sort(marks_, {}, [](const Mark& mark) { return std::pair(mark.address, mark.content != Content::data); });
  by_name_.resize(symbols_.size());
  for (std::uint32_t i = 0; i < by_name_.size(); ++i) by_name_[i] = i;
  std::ranges::sort(by_name_, {}, [&](std::uint32_t i) { return symbols_[i].name; });
  map_addresses();
}

void SymbolTable::read(const ElfFile::Section& table) {
  Elf_Data* const data = elf_getdata(table.scn, nullptr);
  if (!data || !data->d_buf) return;
  Elf_Data* extended_indexes = nullptr;  // of files with more than 65,279 sections
  for (const auto& section : file_.sections())
    if (section.header.sh_type == SHT_SYMTAB_SHNDX && section.header.sh_link == elf_ndxscn(table.scn))
      extended_indexes = elf_getdata(section.scn, nullptr);
  GElf_Sym symbol;
  for (int i = 1; symbols_.size() + marks_.size() < max_symbols; ++i) {
    Elf32_Word extended = 0;
    if (!gelf_getsym(data, i, &symbol)) break;
    if (symbol.st_shndx == SHN_XINDEX && extended_indexes)
      gelf_getsymshndx(data, extended_indexes, i, &symbol, &extended);
    const char* const name = elf_strptr(file_.elf(), table.header.sh_link, symbol.st_name);
    if (name && *name) add(name, symbol, symbol.st_shndx == SHN_XINDEX ? extended : symbol.st_shndx);
  }
}

void SymbolTable::add(std::string_view name, const GElf_Sym& symbol, std::size_t section_index) {
  const unsigned type = GELF_ST_TYPE(symbol.st_info);
  if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_COMMON) return;
  if (type == STT_SECTION || type == STT_FILE || type == STT_TLS) return;
  const ElfFile::Section* const section =
      symbol.st_shndx != SHN_ABS && section_index < by_index_.size() ? by_index_[section_index] : nullptr;
  if (type == STT_NOTYPE && GELF_ST_BIND(symbol.st_info) == STB_LOCAL) {
    if (const auto content = mapping_symbol(name)) {
      if (section && section->exec()) marks_.push_back({symbol.st_value, *content});
      return;
    }
    if (name.starts_with(".L")) return;
  }
  Entry entry{.name = name, .address = symbol.st_value, .size = symbol.st_size, .section = section, .kind = SymbolKind::label,
              .global = GELF_ST_BIND(symbol.st_info) != STB_LOCAL, .thumb = false};
  if (type == STT_FUNC || type == STT_GNU_IFUNC) entry.kind = SymbolKind::function;
  if (type == STT_OBJECT || type == STT_COMMON) entry.kind = SymbolKind::object;
  if (file_.architecture() == Architecture::arm && entry.kind == SymbolKind::function && (entry.address & 1)) {
    entry.thumb = true;
    entry.address &= ~1ull;
  }
  symbols_.push_back(entry);
}

// Turns the symbols, which may nest and overlap, into disjoint intervals, each with its innermost symbol. A symbol without
// a size goes on to the next one, or to the end of its section.
void SymbolTable::map_addresses() {
  struct Open {
    std::uint64_t end;
    std::uint32_t entry;
  };
  std::vector<Open> open;        // nested symbols, the innermost last
  std::optional<Open> sizeless;
  std::uint64_t position = 0;
  const auto emit = [&](std::uint64_t end, std::uint32_t entry) {
    if (position < end) intervals_.push_back({position, end, entry});
    position = std::max(position, end);
  };
  const auto advance = [&](std::uint64_t to) {
    while (!open.empty()) {
      emit(std::min(open.back().end, to), open.back().entry);
      if (open.back().end > to) return;
      open.pop_back();
    }
    if (sizeless) emit(std::min(sizeless->end, to), sizeless->entry);
    position = std::max(position, to);
  };
  for (std::uint32_t i = 0; i < symbols_.size(); ++i) {
    const Entry& entry = symbols_[i];
    if (!entry.section || !entry.section->alloc() || !entry.section->has(entry.address)) continue;
    advance(entry.address);
    if (entry.size) {
      sizeless.reset();
      const std::uint64_t room = entry.section->end() - entry.address;
      open.push_back({entry.address + std::min(entry.size, room), i});
    } else if (open.empty()) {
      sizeless = Open{entry.section->end(), i};
    }
  }
  advance(~0ull);
}

const std::vector<std::string>& SymbolTable::demangled() const {
  if (demangled_.empty() && !symbols_.empty()) {
    demangled_.resize(symbols_.size());
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < symbols_.size() && bytes < max_demangled_bytes; ++i) {
      std::string text = demangle(symbols_[i].name);
      if (text == symbols_[i].name) continue;
      bytes += text.size();
      demangled_[i] = std::move(text);
    }
  }
  return demangled_;
}

Symbol SymbolTable::symbol(const Entry& entry) const {
  return {.name = std::string(entry.name), .demangled = demangle(entry.name), .address = entry.address, .size = entry.size,
          .kind = entry.kind, .global = entry.global,
          .thumb = entry.thumb || (entry.kind != SymbolKind::object && content_at(entry.address) == Content::thumb)};
}

std::vector<Symbol> SymbolTable::named(std::string_view name) const {
  std::vector<std::uint32_t> found;
  const auto same = std::ranges::equal_range(by_name_, name, {}, [&](std::uint32_t i) { return symbols_[i].name; });
  found.assign(same.begin(), same.end());
  if (found.empty()) {
    const auto& texts = demangled();
    for (std::uint32_t i = 0; i < texts.size(); ++i)
      if (!texts[i].empty() && (texts[i] == name || without_parameters(texts[i]) == name)) found.push_back(i);
  }
  const auto rank = [&](std::uint32_t i) {
    const Entry& entry = symbols_[i];
    return std::tuple(entry.kind != SymbolKind::function, !entry.global, entry.address);
  };
  std::ranges::sort(found, {}, rank);
  std::vector<Symbol> symbols;
  for (const std::uint32_t i : found) symbols.push_back(symbol(symbols_[i]));
  return symbols;
}

SymbolList SymbolTable::search(const SymbolQuery& query) const {
  const Matcher matches(query.text);
  const auto& texts = demangled();
  std::vector<std::uint32_t> found, inside;
  for (const std::uint32_t i : by_name_) {
    const Entry& entry = symbols_[i];
    const std::string_view text = texts[i].empty() ? entry.name : std::string_view(texts[i]);
    if (query.kind && entry.kind != *query.kind) continue;
    if (!matches(entry.name) && !matches(text)) continue;
    (matches.starts(entry.name) || matches.starts(text) ? found : inside).push_back(i);
  }
  found.insert(found.end(), inside.begin(), inside.end());
  SymbolList list{.total = found.size()};
  for (std::size_t i = query.offset; i < found.size() && list.symbols.size() < query.limit; ++i)
    list.symbols.push_back(symbol(symbols_[found[i]]));
  return list;
}

std::optional<SymbolAt> SymbolTable::at(std::uint64_t address) const {
  auto next = std::ranges::upper_bound(intervals_, address, {}, &Interval::begin);
  if (next == intervals_.begin() || address >= (--next)->end) return std::nullopt;
  const Entry& entry = symbols_[next->entry];
  return SymbolAt{symbol(entry), address - entry.address};
}

bool SymbolTable::has_function(std::string_view name, std::uint64_t address) const {
  const auto same = std::ranges::equal_range(by_name_, name, {}, [&](std::uint32_t i) { return symbols_[i].name; });
  return std::ranges::any_of(same, [&](std::uint32_t i) {
    return symbols_[i].address == address && symbols_[i].kind != SymbolKind::object && symbols_[i].section;
  });
}

Content SymbolTable::content_at(std::uint64_t address) const {
  const auto next = std::ranges::upper_bound(marks_, address, {}, &Mark::address);
  if (next != marks_.begin()) {
    const auto* const section = file_.executable(address);
    const Mark& mark = *std::prev(next);
    if (section && mark.address >= section->header.sh_addr) return mark.content;
  }
  if (file_.architecture() != Architecture::arm) return Content::code;
  return file_.arm_profile() == 'M' ? Content::thumb : Content::arm;
}

std::vector<ContentRange> SymbolTable::contents(std::uint64_t address, std::uint64_t size) const {
  std::vector<ContentRange> ranges;
  const std::uint64_t end = size > ~address ? ~0ull : address + size;
  for (std::uint64_t at = address; at < end;) {
    const auto* const section = file_.executable(at);
    if (!section) {
      const auto* const next = file_.next_executable(at);
      at = next ? next->header.sh_addr : end;
      continue;
    }
    const Content content = content_at(at);
    std::uint64_t stop = std::min(section->end(), end);
    auto mark = std::ranges::upper_bound(marks_, at, {}, &Mark::address);
    for (; mark != marks_.end() && mark->address < stop; ++mark)
      if (mark->content != content) stop = mark->address;
    if (!ranges.empty() && ranges.back().end == at && ranges.back().content == content) ranges.back().end = stop;
    else ranges.push_back({at, stop, content});
    at = stop;
  }
  return ranges;
}

}  // namespace virserver::image
