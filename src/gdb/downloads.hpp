// What debuggers wrote over loaded images (gdb's `load`), where a reset brings the images back.
//
// An emulator that keeps images to write them again at a reset (QEMU, for what lies in RAM) would undo a download by it: the
// usual `load`, `monitor reset halt`, `continue` would run the old program. Pure; addresses are the processor's.
#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "base/bytes.hpp"

namespace virserver::gdb {

struct MemoryRange {
  std::uint64_t address = 0, size = 0;
};

class Downloads {
 public:
  // Forgets everything. `images`: what a reset of this machine writes again.
  void start(std::vector<MemoryRange> images);
  // Keeps what of it lies in an image.
  void written(std::uint64_t address, const Bytes& bytes);
  // In address order, never overlapping, never adjacent.
  const std::map<std::uint64_t, Bytes>& all() const { return written_; }
  bool empty() const { return written_.empty(); }

 private:
  void keep(std::uint64_t address, Bytes bytes);

  std::vector<MemoryRange> images_;
  std::map<std::uint64_t, Bytes> written_;
};

}  // namespace virserver::gdb
