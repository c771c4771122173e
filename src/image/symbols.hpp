// Inside the image library: the symbol table, by name and by address.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "image/debug_info.hpp"
#include "image/elf_file.hpp"

namespace virserver::image {

class SymbolTable {
 public:
  explicit SymbolTable(const ElfFile& file);  // kept; must outlive this

  bool empty() const { return symbols_.empty(); }
  std::vector<Symbol> named(std::string_view name) const;
  SymbolList search(const SymbolQuery& query) const;
  std::optional<SymbolAt> at(std::uint64_t address) const;
  // Whether a function or label of this raw name is at the address.
  bool has_function(std::string_view name, std::uint64_t address) const;
  Content content_at(std::uint64_t address) const;
  std::vector<ContentRange> contents(std::uint64_t address, std::uint64_t size) const;

 private:
  struct Entry {
    std::string_view name;
    std::uint64_t address, size;
    const ElfFile::Section* section;  // null: a number, not a place (SHN_ABS)
    SymbolKind kind;
    bool global, thumb;
  };
  struct Interval {
    std::uint64_t begin, end;
    std::uint32_t entry;
  };
  struct Mark {
    std::uint64_t address;
    Content content;
  };

  void read(const ElfFile::Section& section);
  void add(std::string_view name, const GElf_Sym& symbol, std::size_t section_index);
  void map_addresses();
  Symbol symbol(const Entry& entry) const;
  // Made at the first search: the demangled name of each entry, empty where it is the raw one.
  const std::vector<std::string>& demangled() const;

  const ElfFile& file_;
  std::vector<const ElfFile::Section*> by_index_;
  std::vector<Entry> symbols_;          // by address
  std::vector<std::uint32_t> by_name_;  // indexes of symbols_ by raw name
  std::vector<Interval> intervals_;     // disjoint, by address
  std::vector<Mark> marks_;             // by address
  mutable std::vector<std::string> demangled_;
};

}  // namespace virserver::image
