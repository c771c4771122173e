// What an ELF file says about its code: symbols, source lines, functions.
//
// Addresses are virtual, as the program counter has them, and never carry the Thumb bit. Input is untrusted: of a file
// with broken symbols or DWARF, what is whole is kept. Nothing but the file itself is read (no separate or split debug
// files).
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/architecture.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"

namespace virserver::image {

enum class SymbolKind {
  function,
  object,  // a variable or constant
  label,   // of an assembler file or linker script, which do not say what it stands for
};

struct Symbol {
  std::string name;        // as in the file
  std::string demangled;   // as in the source, for C++ and Rust; else the same
  std::uint64_t address = 0;
  std::uint64_t size = 0;  // 0: the file does not say
  SymbolKind kind = SymbolKind::label;
  bool global = false;     // visible outside its source file
  bool thumb = false;      // Arm: a function in Thumb code
};

struct SymbolAt {
  Symbol symbol;
  std::uint64_t offset = 0;  // of the address from symbol.address
};

// A piece of text selects symbols whose raw or demangled name has it anywhere, in any case; with `*` or `?` it is a
// pattern for the whole name.
struct SymbolQuery {
  std::string text;
  std::optional<SymbolKind> kind;
  std::size_t limit = 100;
  std::size_t offset = 0;
};

struct SymbolList {
  std::vector<Symbol> symbols;  // by name: what begins with the text first
  std::size_t total = 0;        // also beyond the limit
};

struct SourcePosition {
  std::string file;          // as the compiler wrote it, made absolute by its working directory if the file names one
  std::uint32_t line = 0;    // 0: not known
  std::uint32_t column = 0;  // 0: not known
};

// One function at an address; several when calls were inlined there.
struct SourceFrame {
  std::string function;            // demangled; empty when not known
  SourcePosition position;         // in the outer functions: of the call
  bool inlined = false;            // into the next one of the list
};

struct Location {
  std::uint64_t address = 0;
  std::optional<SymbolAt> symbol;
  std::vector<SourceFrame> frames;  // innermost first; empty: no line information
};

// The run of instructions around an address that come from one line.
struct LineRange {
  std::uint64_t begin = 0, end = 0;  // [begin, end)
  SourcePosition position;
  bool statement = false;  // a statement begins at `begin` (is_stmt): stepping may stop there
};

struct LineAddress {
  std::uint64_t address = 0;
  SourcePosition position;
  std::string function;  // empty when not known
};

// Where a line has code: one address a function that has it, more with inlining, templates and files of one name.
struct LineMatch {
  std::vector<LineAddress> addresses;  // sorted, distinct; empty: no such file, or no code at this line or after it
  std::vector<std::string> files;      // that the given name stands for; empty: not one of this program
  std::uint32_t line = 0;              // whose code this is: the one asked for, or the next one with code
};

struct Function {
  std::string name;  // demangled
  std::uint64_t begin = 0, end = 0;  // [begin, end); the part with the address, of a function in several parts
  std::uint64_t body = 0;            // behind the prologue, where a breakpoint on the function belongs; in [begin, end)
  std::optional<SourcePosition> declared;
};

// Arm: what the mapping symbols say; elsewhere everything executable is `code`.
enum class Content { code, arm, thumb, data };
struct ContentRange {
  std::uint64_t begin = 0, end = 0;  // [begin, end)
  Content content = Content::code;
};

class DebugInfo {
 public:
  // Reads the symbols; DWARF is read when first asked for. Blocking. Errors: STORAGE_ERROR, IMAGE_UNSUPPORTED (not an
  // ELF file), IMAGE_TRUNCATED, IMAGE_MALFORMED (no usable header). The file must not be changed while this lives.
  static Result<std::shared_ptr<const DebugInfo>> open(const std::filesystem::path& path);
  static Result<std::shared_ptr<const DebugInfo>> parse(std::span<const std::byte> content);  // copies it

  DebugInfo(const DebugInfo&) = delete;
  DebugInfo& operator=(const DebugInfo&) = delete;
  ~DebugInfo();

  // Everything below may be called from any thread. It is pure but may take some 100 ms the first time on a large file
  // and can wait for another thread's call: use the pool (base/blocking.hpp).

  Architecture architecture() const;
  bool big_endian() const;
  bool code_big_endian() const;  // not the same on Arm, whose code may be little-endian beside big-endian data (BE8)
  bool is_64() const;
  std::optional<char> arm_profile() const;  // 'A', 'R', 'M'
  bool has_symbols() const;
  bool has_lines() const;                  // there is DWARF; it may be broken all the same
  std::vector<std::string> notes() const;  // what was left out, and why, in sentences

  // Exactly this raw or demangled name (of a C++ function also without its parameters); more than one with `static`
  // functions and overloads. Functions first, global ones before local ones.
  std::vector<Symbol> symbols_named(std::string_view name) const;
  SymbolList search(const SymbolQuery& query) const;
  std::optional<SymbolAt> symbol_at(std::uint64_t address) const;

  // Where breakpoints on a function belong: behind the prologue of each function of this name, and where calls of it were
  // inlined. Without lines in the file, where its symbols are.
  std::vector<LineAddress> find_function(std::string_view name) const;

  Location locate(std::uint64_t address) const;
  // "startup.c:12 in reset", "uart_send+0x14", or "" for an address outside everything that is known: for messages.
  std::string describe(std::uint64_t address) const;
  std::optional<LineRange> line_range(std::uint64_t address) const;
  // `file` is a name or the end of a path, whole components: "main.c" and "src/main.c" find "/home/me/src/main.c".
  LineMatch find_line(std::string_view file, std::uint32_t line) const;
  std::vector<std::string> source_files() const;  // sorted; those that have code

  std::optional<Function> function_at(std::uint64_t address) const;
  // Cut at the ends of executable sections; parts of [address, address + size) outside of them are left out.
  std::vector<ContentRange> contents(std::uint64_t address, std::uint64_t size) const;
  // The file's own bytes at an address, at most `size`; fewer or none where it has no more (bss, outside).
  Bytes bytes(std::uint64_t address, std::size_t size) const;

 private:
  friend class Unwinder;
  class Impl;
  static Result<std::shared_ptr<const DebugInfo>> make(Result<class Mapping> mapping);
  explicit DebugInfo(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace virserver::image
