#include "base/bytes.hpp"
#include "board/document_builder.hpp"

namespace virserver::board {
namespace {

std::unexpected<Error> syntax_error(std::string_view text, const SyntaxError& error) {
  const auto [line, column] = Lines(text).at(error.offset);
  boost::json::object details{{"line", line}, {"column", column}};
  return fail(Error{ErrorCode::BOARD_SYNTAX, fmt::format("line {}, column {}: {}", line, column, error.message),
                    std::move(details)});
}

// JSON begins with a bracket; `{key: ...}` without quotes is YAML's flow style.
bool looks_like_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) return false;
  if (text[first] == '[') return true;
  const std::size_t second = text.find_first_not_of(" \t\r\n", first + 1);
  return second == std::string_view::npos || text[second] == '"' || text[second] == '}';
}

}  // namespace

Result<Document> parse_document(std::string_view text) {
  if (text.size() > max_document_bytes) {
    Error error{ErrorCode::BOARD_SYNTAX, fmt::format("the board description has {} bytes; at most 4 MiB are accepted", text.size())};
    error.details = {{"line", 1}, {"column", 1}};
    return fail(std::move(error));
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (const std::size_t valid = valid_utf8_prefix(text); valid != text.size())
    return syntax_error(text, {"the text is not UTF-8 here", valid});
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos)
    return syntax_error(text, {"a NUL byte; the text must be UTF-8", zero});
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return syntax_error(text, {"the board description is empty", 0});
  try {
    DocumentBuilder builder(text);
    if (looks_like_json(text)) parse_json_into(text, builder);
    else parse_yaml_into(text, builder);
    return builder.take();
  } catch (const SyntaxError& error) {
    return syntax_error(text, error);
  }
}

}  // namespace virserver::board
