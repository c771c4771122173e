// The symbols and source lines of everything that a board is loaded with.
//
// Immutable and thread-safe; the calls may take some 100 ms the first time on a large program: use the pool.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "image/debug_info.hpp"
#include "session/debug/location.hpp"
#include "session/debug/types.hpp"

namespace virserver::session {

struct ProgramFile {
  std::string id, name;
  std::filesystem::path path;
};

class Symbols {
 public:
  struct Program {
    std::string id, name;
    std::shared_ptr<const image::DebugInfo> info;
  };

  // Files that are no ELF have no symbols; one that cannot be read is left out, with a note. Blocking.
  static std::shared_ptr<const Symbols> read(const std::vector<ProgramFile>& files);
  explicit Symbols(std::vector<Program> programs, std::vector<std::string> notes = {});

  const std::vector<Program>& programs() const { return programs_; }
  const std::vector<std::string>& notes() const { return notes_; }

  // The program that an address belongs to; null when none knows it.
  const Program* program_at(std::uint64_t address) const;
  CodeLocation locate(std::uint64_t address) const;
  std::vector<CodeLocation> locate(const std::vector<std::uint64_t>& addresses) const;

  struct Place {
    std::vector<std::uint64_t> addresses;  // at least one
    std::uint64_t size = 0;                // of the symbol; 0: not known
    bool thumb = false;                    // Arm: code in Thumb state
    std::string note;                      // what is special, in a sentence; may be empty
  };
  // Where code is to stop: behind the prologue of a function, at a source line or the next one that has code.
  // Error: LOCATION_NOT_FOUND with `near` in the details.
  Result<Place> find_code(const Location& location) const;
  // Where data is: the symbol itself. Errors: LOCATION_NOT_FOUND, INVALID_REQUEST (a source line, several symbols of a name).
  Result<Place> find_data(const Location& location) const;

  struct Match {
    image::Symbol symbol;
    std::uint64_t offset = 0;
    std::string program_id;
    std::string file;  // of functions
    std::uint32_t line = 0;
  };
  struct Matches {
    std::vector<Match> items;
    std::size_t total = 0;
  };
  Matches search(const image::SymbolQuery& query) const;
  std::vector<Match> at(std::uint64_t address) const;

 private:
  Result<Place> code_of_symbol(const SymbolLocation& wanted) const;
  Result<Place> code_of_line(const LineLocation& wanted) const;
  Error not_found(const std::string& name) const;
  bool is_thumb(std::uint64_t address) const;
  Match describe(const Program& program, image::Symbol symbol) const;

  std::vector<Program> programs_;
  std::vector<std::string> notes_;
};

}  // namespace virserver::session
