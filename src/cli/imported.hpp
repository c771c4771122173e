// What the importers of other tools' files have in common.
#pragma once
#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace virserver::cli {

struct ImportedProgram {
  std::string file;     // as the file names it
  std::string format;   // elf, hex, bin
  std::string address;  // of a bin; may be empty
};
struct IgnoredLine {
  int line = 0;
  std::string text, reason;
};

inline constexpr int max_import_lines = 10'000;
inline constexpr std::size_t max_import_line = 64 * 1024;

inline std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Letters, digits and `more`, at least one.
inline bool made_of(std::string_view text, std::string_view more) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) { return std::isalnum(static_cast<unsigned char>(c)) || more.contains(c); });
}

// Calls reader.line(number, text) for every line, within the bounds; what is beyond them becomes one ignored line.
template <class Reader>
void read_import_lines(Reader& reader, std::string_view text) {
  for (int number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    if (number > max_import_lines || line.size() > max_import_line) {
      reader.result.ignored.push_back({number, "", "too long; the rest was not read"});
      return;
    }
    reader.line(number, line);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
}

}  // namespace virserver::cli
