// Register models: what a block of device registers answers where the emulator has nothing. Data only; the names and spellings
// are docs/register-models.md, the reader is board/parse_register_models.cpp, the checks are check.hpp, the play is bank.hpp.
//
// A register keeps what software writes to its writable bits. A field is a name for bits; a field with a rule is driven by that
// rule and by nothing else: every bit has one driver, software or one rule. Everything refers to its own block only.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace virserver::registers {

// Bits of a register of the same block.
struct Bits {
  std::size_t in = 0;             // index in Block::registers
  unsigned low = 0, count = 32;

  std::uint32_t mask() const { return static_cast<std::uint32_t>(((std::uint64_t{1} << count) - 1) << low); }
  std::uint32_t of(std::uint32_t value) const { return (value & mask()) >> low; }
};

// Always the same.
struct Constant {
  std::uint32_t value = 0;
};

// Shows what `source` shows: at once, or only after the register was read `after_reads` times since the source changed.
struct Follow {
  Bits source;
  unsigned after_reads = 0;
};

// Something that software does to a register.
struct Trigger {
  enum class Kind { ones, zeros, value, write, read };
  Kind kind = Kind::ones;
  Bits bits;                      // ones, zeros: written there; a single bit triggers the whole field, else bit for bit
  std::uint32_t value = 0;        // value: exactly this is written to the register; write: anything is
};

// Bits that triggers set and clear; where one write does both, set wins.
struct Latch {
  std::vector<Trigger> set_by, cleared_by;
};

// Counts virtual time from the last reset, modulo its width.
struct Counter {
  std::uint64_t hz = 0;
  bool down = false;
};

// Each read of the register takes the next value; after the last, from the beginning, or the last one for good.
struct Stream {
  std::vector<std::uint32_t> values;
  bool repeat = true;
};

using Rule = std::variant<std::monostate, Constant, Follow, Latch, Counter, Stream>;

struct Field {
  std::string name;
  unsigned low = 0, count = 1;
  Rule rule;                      // monostate: only a name

  std::uint32_t mask() const { return Bits{0, low, count}.mask(); }
};

struct Register {
  std::string name;
  std::uint64_t offset = 0;
  unsigned width = 32;            // 8, 16 or 32 bits; little-endian
  std::uint32_t reset = 0;
  std::uint32_t writable = 0;     // bits that software's writes reach; no driven bits among them
  std::uint32_t readable = UINT32_MAX;  // others read 0
  bool observe = false;           // the machine's own device answers; the model only takes note
  std::vector<Field> fields;
};

struct Condition {
  Bits bits;
  std::uint32_t value = 0;
};

// The line is high while all conditions of an entry hold; several entries for one line are alternatives.
struct Interrupt {
  unsigned line = 0;              // the number that Peripheral::irq uses
  std::vector<Condition> when;
};

// A backend, up to a version: later ones have the device themselves.
struct Audience {
  std::string backend;
  std::string before;             // "8.2": not that and later; empty: every version
};

struct Block {
  std::string name;               // "RCC", unique in its node
  std::string model;              // id of the built-in model it is made of; empty: written in the board
  std::size_t entry = 0;          // its place in the board's list
  std::string description;        // what it stands for and what it leaves out, in a sentence; may be empty
  std::string source;             // the document the numbers are from
  std::vector<Audience> backends; // that it is for; empty: all
  std::uint64_t base = 0, size = 0;
  std::vector<Register> registers;    // what is between them is left to the machine
  std::vector<Interrupt> interrupts;
};

}  // namespace virserver::registers
