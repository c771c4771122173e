// What Renode's log tells of the guest: accesses that nothing answers, processors that cannot go on, resets.
//
// A line is `[12:34:56.7890] [WARNING] usart2: text`; an access has the processor and its program counter in front of the
// text, `[cpu: 0x8000234]`. The log can be flooded by the guest: kinds are counted, not kept.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/guest_access.hpp"

namespace virserver::backend::renode {

struct LogLine {
  std::string level;   // "INFO", "WARNING", "ERROR"
  std::string source;  // "usart2", "sysbus", "machine/cpu"; empty for Renode's own
  std::string text;    // without the processor in front
  std::optional<std::uint64_t> pc;
};
std::optional<LogLine> parse_log_line(std::string_view line);

// The access that a warning tells of; Kind::other for any other warning or error about the guest.
GuestAccess access_of(const LogLine& line);

// "CPU abort [PC=0xDEAD0000]: Trying to execute code outside RAM or ROM at 0xDEAD0000."
struct Abort {
  std::optional<std::uint64_t> pc;
  std::string text;
};
std::optional<Abort> abort_of(const LogLine& line);

// What the script of a reset writes into the log (see start.hpp).
inline constexpr const char* reset_mark = "machine reset";

class GuestLog {
 public:
  static constexpr std::size_t max_distinct = 128;

  struct News {
    std::vector<GuestAccess> accesses;  // kinds that had not been seen before
    std::optional<Abort> abort;
    unsigned resets = 0;                // of the machine, by whomever
  };
  // Takes the next piece of the log, which may end in the middle of a line.
  News add(std::string_view piece);
  // A gap: what comes next may begin in the middle of a line, whose rest counts for nothing.
  void forget_partial() { partial_.clear(), skipping_ = true; }

  const std::vector<GuestAccess>& accesses() const { return accesses_; }  // in order of first appearance
  std::uint64_t left_out() const { return left_out_; }                    // of further kinds, beyond max_distinct

 private:
  void add_line(std::string_view line, News& news);
  std::vector<GuestAccess> accesses_;
  std::string partial_;
  bool skipping_ = false;
  std::uint64_t left_out_ = 0;
};

}  // namespace virserver::backend::renode
