// Small texts: durations, escapes, sizes, tables. Pure functions.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "cli/failure.hpp"

namespace virserver::cli {

// "10ms", "1.5s", "2m", "1h"; a plain number is seconds. At most 10 years; never negative.
Outcome<std::chrono::nanoseconds> parse_duration(std::string_view text);

// "1.500 s", "30 s", "250 ms": for messages.
std::string to_text(std::chrono::nanoseconds duration);

// \n \r \t \0 \e \\ \xNN; any other escape is refused.
Outcome<std::string> unescape(std::string_view text);

// Control characters (also those of UTF-8's C1 block) become '?': text of others must not drive the terminal.
std::string printable(std::string_view text);
std::string printable_lines(std::string_view text);  // keeps line breaks and tabs

std::string size_text(std::uint64_t bytes);  // "512 B", "1.2 MiB"

// Columns by the widest cell, two spaces apart, no trailing blanks. The first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

// Breaks at blanks so that no line with its indentation exceeds `width`; keeps line breaks and indented lines.
std::string wrap(std::string_view text, std::size_t indent, std::size_t width = 80);

// RFC 3986 unreserved characters stay, all else becomes %XX.
std::string percent_encode(std::string_view text);

}  // namespace virserver::cli
