// Inside the image library: the compilation units of a file, their functions and lines.
//
// DIEs are read by libdw; lines by line_program. Not thread-safe: DebugInfo holds a lock. Throws std::bad_alloc where a
// broken file makes libdw ask for impossible amounts.
#pragma once
#include <elfutils/libdw.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "image/elf_file.hpp"
#include "image/line_program.hpp"
#include "image/symbols.hpp"

namespace virserver::image {

// One contiguous piece of a function with code.
struct FunctionPiece {
  std::uint64_t begin, end;
  Dwarf_Die die;
};

class DwarfUnit {
 public:
  Dwarf_Die die{};
  std::string_view directory, producer;
  std::optional<std::uint64_t> line_offset;
  bool assembler = false;

  // Made by DwarfData::load.
  bool loaded = false;
  const LineProgram* program = nullptr;
  std::vector<LineSequence> sequences;    // those of code that was not thrown away, by address
  std::vector<FunctionPiece> functions;   // the same, by address

  const LineSequence* sequence(std::uint64_t address) const;
  const FunctionPiece* function(std::uint64_t address) const;
};

class DwarfData {
 public:
  // Null when there is no DWARF, or none that is fit to be read: then a note says why.
  static std::unique_ptr<DwarfData> open(const ElfFile& file, const SymbolTable& symbols, std::vector<std::string>& notes);
  ~DwarfData();

  std::vector<DwarfUnit>& units() { return units_; }
  void load(DwarfUnit& unit);
  // The loaded unit with code at the address.
  DwarfUnit* unit_at(std::uint64_t address);

  // The name of a function, with namespaces and parameters where the language has them.
  static std::string name(Dwarf_Die* function);
  // The inlined calls around the address inside a function, outermost first.
  static std::vector<Dwarf_Die> inlined(const FunctionPiece& function, std::uint64_t address);
  // Calls visit(address) where calls of functions of this name were inlined in the unit. Names are compared with `matches`.
  static void inlined_calls(DwarfUnit& unit, const std::function<bool(const std::string&)>& matches,
                            const std::function<void(std::uint64_t)>& visit);
  // Whether variables of the unit move between registers, as optimising compilers let them (location lists).
  static bool optimised(DwarfUnit& unit);

 private:
  DwarfData(const ElfFile& file, const SymbolTable& symbols, Dwarf* dwarf);
  void read_units();
  void index_units();
  void read_functions(DwarfUnit& unit);
  void read_sequences(DwarfUnit& unit);
  bool kept(std::uint64_t begin, std::uint64_t end) const;

  struct DwarfEnd {
    void operator()(Dwarf* dwarf) const { dwarf_end(dwarf); }
  };
  struct UnitRange {
    std::uint64_t begin, end, highest_end;  // of this one and all before it
    std::uint32_t unit;
  };

  const ElfFile& file_;
  const SymbolTable& symbols_;
  std::unique_ptr<Dwarf, DwarfEnd> dwarf_;
  LineSections line_sections_;
  std::vector<DwarfUnit> units_;
  std::vector<UnitRange> ranges_;
  std::vector<std::uint32_t> without_range_;
  std::map<std::uint64_t, LineProgram> programs_;
  std::size_t row_budget_ = 8'000'000, range_budget_ = 8'000'000;  // for a hostile file's sake
};

}  // namespace virserver::image
