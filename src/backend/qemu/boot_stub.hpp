// Stands in for the code that starts a board before the program where QEMU leaves that out: the boot ROM that a machine
// refuses to start without, and what keeps the other processors waiting while the first one enters the program.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace virserver::backend::qemu {

struct BootStub {
  enum class Place {
    none,      // no code
    memory,    // loaded at `address`, unless an image has bytes there
    firmware,  // the file for -bios; lies at `address`, unless an image has bytes there
    entering,  // the file for -bios, an ELF whose entry is the program's: QEMU prepares the processor for it as for a kernel
  };
  enum class Others { machine, stub, program };  // where the processors but the first start: as QEMU does it, ...

  std::string_view machine;
  Place place = Place::none;
  Others others = Others::machine;
  std::uint64_t address = 0;
  bool big_endian = false;
  std::vector<std::uint32_t> words{};

  bool is_firmware() const { return place == Place::firmware || place == Place::entering; }
  std::uint64_t size() const { return words.size() * 4; }
  // In the target's byte order. `entry` counts for `entering` only.
  Bytes bytes(std::uint64_t entry) const;
};

// Null for a machine that needs none.
const BootStub* boot_stub(std::string_view machine);

}  // namespace virserver::backend::qemu
