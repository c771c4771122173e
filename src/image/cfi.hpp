// Inside the image library: call frame information, .debug_frame and .eh_frame (DWARF 5 standard, 6.4; Linux Standard Base
// for .eh_frame).
//
// libdw has an interpreter, but one that keeps a single entry for each address: the entries of code that the linker threw
// away, all at address 0, would hide those of the code that really is there.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "image/elf_file.hpp"
#include "image/symbols.hpp"

namespace virserver::image {

// How a register of the caller is found.
struct CfiRule {
  enum class Kind { unspecified, undefined, same_value, offset, value_offset, in_register, expression, value_expression };
  Kind kind = Kind::unspecified;
  std::int64_t offset = 0;                    // from the CFA
  unsigned number = 0;                        // in_register
  std::span<const std::byte> expression = {};
};

struct CfiRow {
  CfiRule cfa;  // in_register with `number` and `offset`, or value_expression
  std::map<unsigned, CfiRule> registers;
  unsigned return_register = 0;
  bool signal_frame = false;
  bool window_saved = false;  // SPARC: the caller's registers are in the next window, or on the stack
};

class CfiTable {
 public:
  CfiTable(const ElfFile& file, const SymbolTable& symbols);

  // The rules in force at an address. Nothing where the file has none, or damaged ones.
  std::optional<CfiRow> row(std::uint64_t address) const;

 private:
  struct Cie {
    std::uint64_t code_factor = 1;
    std::int64_t data_factor = 1;
    unsigned return_register = 0;
    std::uint8_t pointer_encoding = 0;
    bool has_length = false, signal_frame = false;
    std::span<const std::byte> program;
  };
  struct Fde {
    std::uint64_t begin, end;
    std::size_t cie;
    std::span<const std::byte> program;
  };
  class Machine;

  void read(const ElfFile::Section& section, std::span<const std::byte> content, bool eh_frame);
  std::optional<Cie> read_cie(std::span<const std::byte> entry, bool eh_frame, std::uint64_t address) const;
  bool kept(const Fde& fde, const SymbolTable& symbols) const;

  const ElfFile& file_;
  std::vector<Cie> cies_;
  std::vector<Fde> fdes_;  // by address
};

}  // namespace virserver::image
