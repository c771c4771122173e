// Inside the image library: what DebugInfo holds, and the lock that all of it stands under.
#pragma once
#include <memory>
#include <mutex>

#include "image/cfi.hpp"
#include "image/debug_info.hpp"
#include "image/dwarf.hpp"
#include "image/elf_file.hpp"
#include "image/symbols.hpp"

namespace virserver::image {

class DebugInfo::Impl {
 public:
  explicit Impl(ElfFile elf) : file(std::move(elf)), symbols(file) {}

  Location locate(std::uint64_t address);
  std::optional<LineRange> line_range(std::uint64_t address);
  LineMatch find_line(std::string_view name, std::uint32_t line);
  std::vector<std::string> source_files();
  std::optional<Function> function_at(std::uint64_t address);
  std::vector<LineAddress> find_function(std::string_view name);

  ElfFile file;
  SymbolTable symbols;
  std::vector<std::string> notes;

  std::mutex mutex;  // of libelf's, libdw's and our own caches
  // Opens the DWARF when first called. Null: there is none.
  DwarfData* dwarf();
  void give_up_dwarf() { dwarf_.reset(); }
  // Never changes once made.
  const CfiTable& cfi() {
    if (!cfi_) cfi_.emplace(file, symbols);
    return *cfi_;
  }

 private:
  struct Row {
    const LineSequence* sequence;
    std::size_t index;
  };
  static std::optional<Row> row_at(const DwarfUnit& unit, std::uint64_t address);
  static SourcePosition position(const DwarfUnit& unit, const LineRow& row);
  std::uint64_t body_of(DwarfUnit& unit, const FunctionPiece& function);
  std::string name_of(const FunctionPiece& function);
  std::string function_name(DwarfUnit& unit, std::uint64_t address);  // of the innermost one
  struct Candidate {
    DwarfUnit* unit;
    const LineRow* row;
  };
  std::vector<Candidate> rows_of_line(const std::vector<std::pair<DwarfUnit*, std::vector<bool>>>& places, std::uint32_t& line);

  bool opened_ = false;
  std::unique_ptr<DwarfData> dwarf_;
  std::optional<CfiTable> cfi_;
};

}  // namespace virserver::image
