// BoardConfig from JSON or YAML: syntax, schema, then meaning. Every error names its place.
#pragma once
#include <boost/json/value.hpp>

#include <map>
#include <string>
#include <string_view>

#include "board/board.hpp"

namespace virserver::board {

// A document with the line and column (from 1) of each value, by JSON pointer; JSON input has positions too.
struct Document {
  boost::json::value value;
  std::map<std::string, std::pair<int, int>> positions;
  std::map<std::string, std::pair<int, int>> key_positions;  // of the key, for members of objects
};

// JSON or YAML by content. YAML scalars become JSON types (0x... and 1_000 integers, true/false, null; quoted stays
// text). Refused: more than one document, duplicate keys, custom tags, more than 100,000 nodes after alias expansion,
// depth over 64, more than 4 MiB. Error: BOARD_SYNTAX with details {line, column}.
Result<Document> parse_document(std::string_view text);

// Error: BOARD_INVALID with details {errors: [{pointer, message, line?, column?, suggestions?}]}: all of them, not just the
// first; after 100 only their number, in `more`. `null` counts as absent. Without `consoles` every UART is one, in order.
Result<Board> parse_board(const Document& document);
Result<Board> parse_board(const boost::json::value& value);

}  // namespace virserver::board
