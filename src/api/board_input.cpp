#include "api/board_input.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "api/platforms.hpp"
#include "board/parse.hpp"
#include "session/plan_json.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

const Timestamp started = now();

Result<KnownTemplate> from_row(const store::TemplateRow& row) {
  auto parsed = board::parse_template(row.document);
  if (!parsed) return pass(parsed);
  return KnownTemplate{std::move(*parsed), false, row.created_at, row.updated_at};
}

}  // namespace

Result<board::Board> board_from(const json::value& config) {
  if (!config.is_string()) return board::parse_board(config);
  auto document = board::parse_document(config.as_string());
  if (!document) return pass(document);
  return board::parse_board(*document);
}

Task<Result<std::vector<KnownTemplate>>> all_templates(Context& context, TemplateSource source) {
  std::vector<KnownTemplate> all;
  if (source != TemplateSource::curated) {
    co_await context.backends.wait_discovered();
    for (auto& platform : platform_boards(context.backends)) all.push_back({std::move(platform), true, started, started});
  }
  if (source == TemplateSource::discovered) co_return all;
  const store::Caller caller;
  auto rows = co_await context.templates.all(caller);
  if (!rows) co_return pass(rows);
  for (const board::Template& builtin : board::builtin_templates()) all.push_back({builtin, true, started, started});
  for (const store::TemplateRow& row : *rows) {
    auto known = from_row(row);
    if (known) all.push_back(std::move(*known));
  }
  std::ranges::sort(all, {}, [](const KnownTemplate& known) -> const std::string& { return known.value.id; });
  co_return all;
}

Task<Result<KnownTemplate>> find_template(Context& context, std::string id) {
  if (const auto* builtin = board::find_builtin(id)) co_return KnownTemplate{*builtin, true, started, started};
  if (is_platform_id(id)) {
    co_await context.backends.wait_discovered();
    if (auto platform = platform_board(context.backends, id)) co_return KnownTemplate{std::move(*platform), true, started, started};
    std::vector<std::string> ids;
    for (const auto& platform : all_platforms(context.backends))
      if (platform.board) ids.push_back(platform.id);
    const auto close = nearest(id, ids);
    Error error{ErrorCode::TEMPLATE_NOT_FOUND, fmt::format("no installed Renode has the platform '{}'", id)};
    error.message += close.empty() ? "; GET /api/v1/models/platforms lists them" : fmt::format("; did you mean {}?", fmt::join(close, ", "));
    error.details["suggestions"] = json::array(close.begin(), close.end());
    co_return fail(std::move(error));
  }
  const store::Caller caller;
  auto row = co_await context.templates.get(caller, id);
  if (row) co_return from_row(*row);
  if (row.error().code != ErrorCode::NOT_FOUND) co_return pass(row);
  auto all = co_await all_templates(context);
  if (!all) co_return pass(all);
  std::vector<std::string> ids;
  for (const KnownTemplate& known : *all) ids.push_back(known.value.id);
  const auto near = nearest(id, ids);
  Error error{ErrorCode::TEMPLATE_NOT_FOUND, fmt::format("there is no board template '{}'", id)};
  if (near.empty()) error.message += "; GET /api/v1/templates lists them";
  else error.message += "; did you mean " + fmt::format("{}", fmt::join(near, ", ")) + "?";
  error.details["suggestions"] = json::array(near.begin(), near.end());
  co_return fail(std::move(error));
}

Task<Result<BoardInput>> board_input(Context& context, const json::object& body) {
  const auto* config = body.if_contains("board_config");
  const auto* id = body.if_contains("board_template");
  if ((config != nullptr) == (id != nullptr))
    co_return fail(ErrorCode::INVALID_REQUEST, "give either board_template (an id of GET /api/v1/templates) or board_config, and not both");
  if (id) {
    auto known = co_await find_template(context, std::string(id->as_string()));
    if (!known) co_return pass(known);
    co_return BoardInput{known->value.id, std::move(known->value.config), std::move(known->value.findings)};
  }
  auto board = board_from(*config);
  if (!board) co_return pass(board);
  co_return BoardInput{"", std::move(*board), {}};
}

json::array findings_json(const std::vector<backend::Finding>& findings) {
  json::array array;
  for (const backend::Finding& finding : findings)
    array.push_back({{"severity", session::to_string(finding.severity)}, {"pointer", finding.pointer}, {"message", finding.message}});
  return array;
}

}  // namespace virserver::api
