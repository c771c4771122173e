// Renode's complaints about a platform as findings.
#include <algorithm>
#include <optional>

#include "backend/renode/platform.hpp"
#include "base/bytes.hpp"

namespace virserver::backend::renode {
namespace {

// Printable ASCII, blanks for the rest, at most `most` bytes: an emulator's words are hostile.
std::string plain(std::string_view text, std::size_t most) {
  std::string result;
  for (const char c : text.substr(0, most)) {
    const bool printable = c >= ' ' && c < 127;
    if (printable || result.empty() || result.back() != ' ') result += printable ? c : ' ';
  }
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

// The sentence after "Error E39: ", up to the line that says where.
std::string sentence(std::string_view said) {
  if (const auto at = said.find("Error E"); at != std::string_view::npos) {
    const auto colon = said.find(": ", at);
    if (colon != std::string_view::npos) said.remove_prefix(colon + 2);
  }
  if (const auto where = said.find("\nAt "); where != std::string_view::npos) said = said.substr(0, where);
  return plain(said, 300);
}

struct Place {
  std::size_t line, column;
};

// "At FILE:LINE:COL:"; the file's name may have colons.
std::optional<Place> place_in(std::string_view said) {
  const auto at = said.find("\nAt ");
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view line = said.substr(at + 4, said.find('\n', at + 4) - (at + 4));
  while (!line.empty() && (line.back() == ':' || line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  const auto second = line.rfind(':');
  if (second == std::string_view::npos || second == 0) return std::nullopt;
  const auto first = line.rfind(':', second - 1);
  if (first == std::string_view::npos) return std::nullopt;
  const auto row = parse_u64(line.substr(first + 1, second - first - 1)), column = parse_u64(line.substr(second + 1));
  if (!row || !column || *row == 0) return std::nullopt;
  return Place{static_cast<std::size_t>(*row), static_cast<std::size_t>(*column)};
}

// The line of the description that Renode shows behind its place.
std::string source_line(std::string_view said) {
  const auto place = said.find("\nAt ");
  const auto begin = place == std::string_view::npos ? place : said.find('\n', place + 1);
  if (begin == std::string_view::npos) return {};
  std::string line = plain(said.substr(begin + 1, said.find('\n', begin + 1) - begin - 1), 120);
  line.erase(0, line.find_first_not_of(' '));
  return line;
}

}  // namespace

Finding explain_platform_error(std::string_view said, const std::vector<std::string>& pointers) {
  const auto place = place_in(said);
  std::string message = sentence(said);
  if (message.empty()) message = "Renode gave no reason";
  if (!place) return {Severity::error, "", fmt::format("Renode does not load the platform: {}", message)};
  if (place->line <= pointers.size())
    return {Severity::error, pointers[place->line - 1], fmt::format("Renode does not take this part of the board: {}", message)};
  if (said.contains("Error E32:"))  // it counts no empty lines and no comments
    return {Severity::error, "", fmt::format("Renode does not load the platform, at `{}`: {}", source_line(said), message)};
  return {Severity::error, "", fmt::format("Renode does not load the platform, line {}, column {}: {}", place->line, place->column, message)};
}

}  // namespace virserver::backend::renode
