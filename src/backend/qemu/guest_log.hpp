// QEMU's log of unimplemented devices and guest errors (`log unimp,guest_errors`), read and counted.
//
// Hostile input: a guest decides what stands in it, and a broken emulator may write anything.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "backend/guest_access.hpp"

namespace virserver::backend::qemu {

// One line, without its end; nullopt for an empty one. Knows the forms of QEMU 7.2 to 10:
//   RCC: unimplemented device read  (size 4, offset 0x000)
//   RCC: unimplemented device write (size 4, offset 0x000, value 0x00000001)
//   Invalid read at addr 0x60000000, size 4, region '(null)', reason: rejected
// Whatever else there is becomes Kind::other with its text, numbers replaced so that a counter makes no new line.
std::optional<GuestAccess> parse_guest_line(std::string_view line);

// The distinct accesses seen, with counts.
class GuestLog {
 public:
  static constexpr std::size_t max_distinct = 128;

  // Takes the next piece of the log, which may end in the middle of a line. Returns what had not been seen before.
  std::vector<GuestAccess> add(std::string_view piece);
  // A gap: what comes next begins in the middle of a line, whose rest counts for nothing.
  void forget_partial() { partial_.clear(), skipping_ = rest_ = true; }

  const std::vector<GuestAccess>& accesses() const { return accesses_; }  // in order of first appearance
  std::uint64_t lines() const { return lines_; }
  std::uint64_t left_out() const { return left_out_; }                    // lines of further kinds, beyond max_distinct

 private:
  void add_line(std::string_view line, std::vector<GuestAccess>& fresh);
  std::vector<GuestAccess> accesses_;
  std::string partial_;
  bool skipping_ = false;  // to the end of a line that is too long or
  bool rest_ = false;      // of which the beginning is lost
  std::uint64_t lines_ = 0, left_out_ = 0;
};

}  // namespace virserver::backend::qemu
