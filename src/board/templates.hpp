// The library of built-in board templates (boards/*.yaml, inside the binary).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "board/board.hpp"

namespace virserver::board {

struct Template {
  std::string id;           // [a-z0-9][a-z0-9.:-]*
  std::string name, description;
  std::vector<std::string> tags;
  std::vector<std::string> backends;  // that have a target in it
  std::vector<std::string> findings;  // what is approximated or missing, in sentences
  Board config;
};

// Parsed once, sorted by id; a malformed built-in is a failed start (exception).
const std::vector<Template>& builtin_templates();
const Template* find_builtin(std::string_view id);
bool valid_template_id(std::string_view id);

// A template document: {id, name, description, tags, findings, config: BoardConfig}.
Result<Template> parse_template(const boost::json::value& value);
boost::json::object to_json(const Template& value);

}  // namespace virserver::board
