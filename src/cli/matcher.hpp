// Finds the texts that `virctl run` waits for in the consoles' output, however the bytes are cut into chunks.
//
// A text is searched in the byte stream of each console. A /regular expression/ (RE2: linear time, so neither a hostile
// pattern nor a hostile guest can stall it) is matched against each line without its end, and against the unfinished
// line, so that prompts are found. Expressions that look at the end of the line (`$`, `\b`, `\z`) see an unfinished
// line only after it has been quiet (`settle`), or they would match in the middle of a word that is still arriving.
// Of a line longer than 16 KiB an expression sees the last part only.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/failure.hpp"

namespace re2 {
class RE2;
}

namespace virserver::cli {

class Pattern {
 public:
  // "/.../" or "/.../i" is a regular expression, anything else a text. Empty ones are refused.
  static Outcome<Pattern> parse(std::string_view source);

  const std::string& source() const { return source_; }

 private:
  friend class Matcher;
  std::string source_;
  std::string literal_;                   // when there is no regex
  std::shared_ptr<const re2::RE2> regex_;
  bool end_sensitive_ = false;
};

class Matcher {
 public:
  static constexpr std::size_t line_bound = 16 * 1024;

  explicit Matcher(std::vector<Pattern> patterns);

  // The index of the pattern whose match ends first in this chunk; at the same place the earlier pattern.
  std::optional<std::size_t> feed(const std::string& console, std::string_view bytes);

  // True when an unfinished line waits for `settle`; call that after about 100 ms without output.
  bool unsettled() const { return unsettled_; }
  std::optional<std::size_t> settle();

 private:
  struct Stream {
    std::string tail;  // the last bytes, for texts that go across chunks
    std::string line;  // the unfinished line
  };
  struct Hit {
    std::size_t end;  // in the chunk
    std::size_t pattern;
  };
  void match_line(std::string_view line, std::size_t line_start, std::size_t chunk_size, bool finished,
                  std::optional<Hit>& best) const;

  std::vector<Pattern> patterns_;
  std::size_t longest_text_ = 0;
  bool any_regex_ = false;
  bool any_end_sensitive_ = false;
  bool unsettled_ = false;
  std::map<std::string, Stream> streams_;
};

}  // namespace virserver::cli
