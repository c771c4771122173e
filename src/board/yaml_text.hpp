// A board as YAML for people: hexadecimal addresses, sizes with a unit, one line a region, peripheral or console.
#pragma once
#include <string>
#include <vector>

#include "board/board.hpp"

namespace virserver::board {

// `comments` stand at the top, a line each. What parse_document and parse_board make of the text is the same board.
std::string to_yaml(const Board& board, const std::vector<std::string>& comments = {});

}  // namespace virserver::board
