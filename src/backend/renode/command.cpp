#include "backend/renode/command.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace virserver::backend::renode {

namespace {

constexpr std::size_t max_name = 200, max_file = 250, max_line = 4096;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Every part between separators must satisfy `good`, and there is at least one.
template <class Good>
bool all_parts(std::string_view text, char separator, Good good) {
  for (;;) {
    const auto end = text.find(separator);
    if (!good(text.substr(0, end))) return false;
    if (end == text.npos) return true;
    text.remove_prefix(end + 1);
  }
}

std::string shown(std::string_view text) {
  std::string result(text.substr(0, 60));
  for (char& c : result)
    if (c < ' ' || c > '~') c = '?';
  return result;
}

}  // namespace

Result<Name> Name::parse(std::string_view text) {
  auto good = [](std::string_view part) {
    return !part.empty() && is_letter(part.front()) && std::ranges::all_of(part, [](char c) { return is_letter(c) || is_digit(c); });
  };
  if (text.size() > max_name || !all_parts(text, '.', good))
    return fail(ErrorCode::INVALID_REQUEST, "'{}' is no name that Renode could be asked for: letters, digits, _ and dots between parts", shown(text));
  return Name(std::string(text));
}

Result<File> File::parse(std::string_view text) {
  auto good = [](std::string_view part) {
    return !part.empty() && part != "." && !part.contains("..") && part.front() != '-' &&
           std::ranges::all_of(part, [](char c) { return is_letter(c) || is_digit(c) || std::string_view("-+.").contains(c); });
  };
  if (text.size() > max_file || !all_parts(text, '/', good))
    return fail(ErrorCode::INVALID_REQUEST, "'{}' is no file name that Renode could be given: letters, digits, _-+. and / between directories", shown(text));
  return File(std::string(text));
}

Command& Command::address(std::uint64_t value) { return add(hex_address(value)); }

Command& Command::decimal(double value) { return add(fmt::format("\"{}\"", value)); }

Command& Command::seconds(std::uint64_t nanoseconds) {
  return add(fmt::format("\"{}.{:09}\"", nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000));
}

Result<std::string> user_line(std::string_view text) {
  const bool one_line = std::ranges::none_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
  if (text.size() > max_line || !one_line || !is_utf8(text))
    return fail(ErrorCode::INVALID_REQUEST, "a monitor command is one line of at most {} bytes of text", max_line);
  return std::string(text);
}

}  // namespace virserver::backend::renode
