// The board that a request means: a template's, or one of its own as object or as JSON or YAML text.
#pragma once
#include "api/api.hpp"
#include "board/templates.hpp"

namespace virserver::api {

struct BoardInput {
  std::string template_id;  // empty for an inline board
  board::Board board;
  std::vector<std::string> findings;  // what the template says about itself
};
// Exactly one of board_template and board_config. Errors: INVALID_REQUEST, TEMPLATE_NOT_FOUND (with the nearest ids), BOARD_*.
Task<Result<BoardInput>> board_input(Context& context, const boost::json::object& body);

Result<board::Board> board_from(const boost::json::value& config);

// Built-in or kept. `created_at` and `updated_at` of a built-in are those of the server's start.
struct KnownTemplate {
  board::Template value;
  bool builtin = false;
  Timestamp created_at, updated_at;
};
enum class TemplateSource { curated, discovered, all };  // the library and the users' own; platforms of emulators; both
Task<Result<KnownTemplate>> find_template(Context& context, std::string id);
Task<Result<std::vector<KnownTemplate>>> all_templates(Context& context, TemplateSource source = TemplateSource::curated);  // by id

boost::json::array findings_json(const std::vector<backend::Finding>& findings);

}  // namespace virserver::api
