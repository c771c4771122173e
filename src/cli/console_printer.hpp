// Puts the output of several consoles onto one terminal.
//
// While one console speaks its bytes pass unchanged. Once a second one does, every line begins with `[name] `, and a
// line that another console interrupts is ended first.
#pragma once
#include <string>
#include <string_view>

namespace virserver::cli {

class ConsolePrinter {
 public:
  // `raw_terminal`: line breaks that the printer adds are "\r\n".
  explicit ConsolePrinter(bool raw_terminal = false) : line_break_(raw_terminal ? "\r\n" : "\n") {}

  // What to write for `bytes` of `console`.
  std::string render(std::string_view console, std::string_view bytes);

  // A line of virctl's own between the output (gap, reconnected); ends an unfinished line first.
  std::string note(std::string_view text);

  // The line break that is missing at the end, if one is.
  std::string finish() const { return at_line_start_ ? "" : line_break_; }
  bool prefixing() const { return prefixing_; }

 private:
  std::string line_break_;
  std::string current_;  // the console that spoke last
  bool spoken_ = false;
  bool prefixing_ = false;
  bool at_line_start_ = true;
};

}  // namespace virserver::cli
