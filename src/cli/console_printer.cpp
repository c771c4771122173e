#include "cli/console_printer.hpp"

namespace virserver::cli {

std::string ConsolePrinter::render(std::string_view console, std::string_view bytes) {
  std::string out;
  if (bytes.empty()) return out;
  if (spoken_ && console != current_) {
    prefixing_ = true;
    if (!at_line_start_) {
      out += line_break_;
      at_line_start_ = true;
    }
  }
  spoken_ = true;
  current_ = console;
  if (!prefixing_) {
    at_line_start_ = bytes.back() == '\n';
    out += bytes;
    return out;
  }
  while (!bytes.empty()) {
    if (at_line_start_) {
      out += '[';
      out += console;
      out += "] ";
    }
    const std::size_t end = bytes.find('\n');
    at_line_start_ = end != std::string_view::npos;
    out += bytes.substr(0, at_line_start_ ? end + 1 : bytes.size());
    bytes.remove_prefix(at_line_start_ ? end + 1 : bytes.size());
  }
  return out;
}

std::string ConsolePrinter::note(std::string_view text) {
  std::string out = finish();
  out += text;
  out += line_break_;
  at_line_start_ = true;
  return out;
}

}  // namespace virserver::cli
