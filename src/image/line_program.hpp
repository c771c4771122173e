// Inside the image library: one unit's line number program (.debug_line of DWARF 2 to 5).
//
// libdw could decode these, but it sorts the rows of a unit into one list. The code that the linker has thrown away lies
// at address 0 there, on top of what really is at address 0 of many microcontrollers; only whole sequences tell them apart.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace virserver::image {

struct LineSections {
  std::span<const std::byte> line, line_strings, strings;
  bool big_endian = false, is_64 = false;
};

struct LineRow {
  std::uint64_t address;
  std::uint32_t line;
  std::uint32_t file : 29;  // index in LineProgram::files
  std::uint32_t statement : 1, prologue_end : 1;
  std::uint32_t column;
};

// Rows of one piece of code, by address; the last one ends at `end`.
struct LineSequence {
  std::uint64_t begin, end;
  std::uint32_t first, count;  // in LineProgram::rows
};

struct LineProgram {
  struct File {
    std::string_view name;
    std::uint32_t directory = 0;
  };
  std::vector<LineRow> rows;
  std::vector<LineSequence> sequences;  // by address
  std::vector<std::string_view> directories;
  std::vector<File> files;

  // The path of a file, at most 4096 characters; empty for an index out of range.
  std::string path(std::size_t file, std::string_view working_directory) const;
  const LineSequence* sequence(std::uint64_t address) const;
  std::span<const LineRow> rows_of(const LineSequence& sequence) const {
    return std::span(rows).subspan(sequence.first, sequence.count);
  }
};

// Decodes the program at `offset`; views into `sections` are kept. `budget` is the number of rows it may have and is
// lowered. What stands before a damaged place is kept.
LineProgram decode_lines(const LineSections& sections, std::uint64_t offset, std::size_t& budget);

}  // namespace virserver::image
