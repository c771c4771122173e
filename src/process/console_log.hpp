// The kept output of one console: a byte stream in bounded log segments on disk, written by the shim, read here.
//
// The log is the only queue there is: each reader has its own offset, so a slow reader delays nobody and the guest
// never waits. Offsets count bytes from the session's first power-on and go on over power cycles.
// A segment is `<dir>/<console>.<16 hex digits of its first offset>.log`; the oldest go when the bound is exceeded.
// The directory is writable by the emulator's sandbox and therefore hostile: segments are opened beneath it without
// following links and checked to be regular files; sizes are never trusted beyond `bound`.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"

namespace virserver::process {

class ConsoleLog {
 public:
  ConsoleLog(std::filesystem::path dir, std::string console);

  struct Chunk {
    std::uint64_t offset = 0;  // of the first byte of `bytes`; later than asked for if older output is gone
    Bytes bytes;               // empty: nothing at or after the offset yet
  };
  // Reads at most `max` bytes from `offset`. Short system calls on the page cache: fine on the event loop for max <= 256 KiB.
  Result<Chunk> read(std::uint64_t offset, std::size_t max) const;

  std::uint64_t begin() const;  // offset of the oldest kept byte
  std::uint64_t end() const;    // offset after the newest byte on disk

 private:
  std::filesystem::path dir_;
  std::string console_;
  mutable Fd open_;  // the segment read last
  mutable std::uint64_t open_first_ = 0;
};

}  // namespace virserver::process
