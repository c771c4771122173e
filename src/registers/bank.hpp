// Plays register models: a state machine that depends on its calls and the virtual time they pass, and on nothing else. It knows
// no emulator: the player (session/debug) stops the guest at an access, asks the bank, and completes the access itself.
#pragma once
#include <boost/json/object.hpp>

#include <map>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "registers/model.hpp"

namespace virserver::registers {

// A place to stop at. Observed registers are only watched for what matters to a rule or an interrupt.
struct Watch {
  std::uint64_t address = 0, size = 0;
  bool reads = true, writes = true;
  friend bool operator==(const Watch&, const Watch&) = default;
};

struct LineChange {
  unsigned line = 0;
  bool level = false;
  friend bool operator==(const LineChange&, const LineChange&) = default;
};

struct Answer {
  std::uint64_t value = 0;          // what a read gives, zero-extended
  bool device = false;              // let the access happen: the machine's own device answers, `value` means nothing
  std::vector<LineChange> changes;  // interrupt lines that this access changed
};

struct Hits {
  std::string block, name;          // "RCC", "CR"
  std::uint64_t address = 0, reads = 0, writes = 0;
};

// Where a word of the Cortex-M3/M4 bit-band alias of the peripherals (0x42000000 to 0x43FFFFFF) points; nullopt outside.
struct BitBandTarget {
  std::uint64_t address = 0;        // of the byte with the bit
  unsigned bit = 0;                 // 0..7 in that byte
};
std::optional<BitBandTarget> bit_band_target(std::uint64_t address);

// One thread. Blocks must have passed check() and must not overlap. `now` is virtual time in ns and never goes back between resets.
class Bank {
 public:
  // `bit_band`: the processor has the alias; accesses there reach the registers too.
  Bank(std::vector<Block> blocks, bool bit_band);

  // Sorted, apart from each other; alias regions included.
  std::vector<Watch> watches() const;

  // Does an access here concern the bank?
  bool covers(std::uint64_t address, unsigned width) const;

  // `width` 1, 2, 4 or 8 bytes; any alignment. Bytes without a register read 0 and take no write. Without any modelled byte, or
  // where an observed register is touched, the answer is the device's.
  Answer read(std::uint64_t address, unsigned width, std::uint64_t now);
  Answer write(std::uint64_t address, unsigned width, std::uint64_t value, std::uint64_t now);

  // Lines that are high now; after load() the player raises these.
  std::vector<unsigned> raised() const;

  // The state of a chip after reset, counters from `now`; the lines that fell. Hit counters stay.
  std::vector<LineChange> reset(std::uint64_t now);

  // By block, then offset.
  std::vector<Hits> hits() const;

  // The whole state, hits included. load: BOARD_INVALID when it is not a state of these blocks; the bank is then as before.
  boost::json::object save() const;
  Result<> load(const boost::json::object& state);

 private:
  struct State {                    // of a register
    std::uint32_t stored = 0;       // software's bits, latches, and what delayed followers show
    std::map<std::size_t, std::uint32_t> progress;  // by field: reads since its source changed, values taken from its stream
    std::uint64_t reads = 0, writes = 0;
  };
  struct Entry {                    // of the index by address
    std::uint64_t address = 0;
    unsigned bytes = 0;
    std::size_t block = 0, in = 0;
  };
  struct Touched {                  // a register, wholly or in part, by an access
    const Entry* entry = nullptr;
    int shift = 0;                  // bits: where the register begins in the access; below 0 it begins before
    std::uint32_t lanes = 0;        // the register's bits that the access reaches
  };

  const Register& of(const Entry& entry) const { return blocks_[entry.block].registers[entry.in]; }
  std::vector<Touched> touched(std::uint64_t address, unsigned width) const;
  std::uint64_t peek(const std::vector<Touched>& touched, std::uint64_t now) const;
  std::uint32_t shown(std::size_t block, std::size_t in, std::uint32_t mask, std::uint64_t now) const;
  std::uint32_t source_of(std::size_t block, const Field& field, const Follow& follow, std::uint64_t now) const;
  void advance_followers(const Entry& entry, std::uint32_t lanes, std::uint64_t now);
  void advance_streams(const Entry& entry, std::uint32_t lanes);
  void fire(const Entry& entry, std::optional<std::uint32_t> written, std::uint32_t lanes);
  std::vector<LineChange> update_lines(std::uint64_t now);

  std::vector<Block> blocks_;
  bool bit_band_ = false;
  std::vector<std::vector<State>> states_;      // by block and register
  std::vector<Entry> index_;                    // by address
  std::map<unsigned, bool> lines_;
  std::uint64_t origin_ = 0;                    // of the counters
};

}  // namespace virserver::registers
