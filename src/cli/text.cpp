#include "cli/text.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace virserver::cli {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string clean(std::string_view text, std::string_view kept) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 = c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) {
      out += '?';
      ++i;
    } else if ((c < 0x20 && kept.find(text[i]) == std::string_view::npos) || c == 0x7F) {
      out += '?';
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

Outcome<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  double value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  double scale = 0;
  if (unit.empty() || unit == "s") scale = 1e9;
  else if (unit == "ns") scale = 1;
  else if (unit == "us") scale = 1e3;
  else if (unit == "ms") scale = 1e6;
  else if (unit == "m" || unit == "min") scale = 60e9;
  else if (unit == "h") scale = 3600e9;
  if (ec != std::errc{} || scale == 0 || !std::isfinite(value) || value < 0 || std::signbit(value))
    return fail(exit_usage, "USAGE", "\"{}\" is not a duration; write 500ms, 30s, 2m, 1h or a number of seconds",
                printable(text));
  if (value * scale > 10.0 * 366 * 86400 * 1e9)
    return fail(exit_usage, "USAGE", "the duration \"{}\" is longer than ten years", printable(text));
  return std::chrono::nanoseconds(std::llround(value * scale));
}

std::string to_text(std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  if (seconds == std::floor(seconds)) return fmt::format("{:.0f} s", seconds);
  if (seconds < 1) return fmt::format("{:g} ms", seconds * 1e3);
  return fmt::format("{:g} s", seconds);
}

Outcome<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size()) return fail(exit_usage, "USAGE", "the text ends in a lone backslash; write \\\\ for one");
    switch (text[i]) {
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case '0': out += '\0'; break;
      case 'e': out += '\x1b'; break;
      case '\\': out += '\\'; break;
      case 'x': {
        const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) return fail(exit_usage, "USAGE", "\\x takes two hexadecimal digits, as in \\x03");
        out += static_cast<char>(high * 16 + low);
        i += 2;
        break;
      }
      default:
        return fail(exit_usage, "USAGE", "\\{} is not an escape; known are \\n \\r \\t \\0 \\e \\\\ \\xNN",
                    printable(text.substr(i, 1)));
    }
  }
  return out;
}

std::string printable(std::string_view text) { return clean(text, ""); }
std::string printable_lines(std::string_view text) { return clean(text, "\n\t"); }

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  const char* units[] = {"KiB", "MiB", "GiB", "TiB"};
  int unit = -1;
  while (value >= 1024 && unit < 3) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    if (widths.size() < row.size()) widths.resize(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - columns(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string wrap(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.starts_with("  ")) {  // laid out by hand
      out += std::string(indent, ' ') + std::string(line) + "\n";
      continue;
    }
    std::string current;
    while (!line.empty()) {
      const std::size_t blank = line.find(' ');
      const std::string_view word = line.substr(0, blank);
      line = blank == std::string_view::npos ? std::string_view{} : line.substr(blank + 1);
      if (!current.empty() && indent + columns(current) + 1 + columns(word) > width) {
        out += std::string(indent, ' ') + current + "\n";
        current.clear();
      }
      if (!current.empty()) current += ' ';
      current += word;
    }
    out += current.empty() ? "\n" : std::string(indent, ' ') + current + "\n";
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || std::string_view("-._~").find(c) != std::string_view::npos)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace virserver::cli
