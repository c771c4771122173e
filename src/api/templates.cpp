// The board library: built-in templates (read-only) and the users' own.
#include <boost/json.hpp>

#include <algorithm>

#include "api/board_input.hpp"
#include "api/idempotency.hpp"
#include "api/paging.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

json::array strings(const std::vector<std::string>& list) { return json::array(list.begin(), list.end()); }

json::object template_json(const KnownTemplate& known) {
  const board::Template& value = known.value;
  std::string backend = value.backends.size() == 1 ? value.backends.front() : "auto";
  if (const auto& node = value.config.nodes.front(); !node.backend.empty() && node.backend != "auto") backend = node.backend;
  return {{"id", value.id},
          {"name", value.name},
          {"description", value.description},
          {"backend", backend},
          {"backends", strings(value.backends)},
          {"config", board::to_json(value.config)},
          {"tags", strings(value.tags)},
          {"findings", strings(value.findings)},
          {"builtin", known.builtin},
          {"created_at", to_rfc3339(known.created_at)},
          {"updated_at", to_rfc3339(known.updated_at)}};
}

// The template a request describes, as it is kept: with the board in canonical form.
Result<board::Template> template_from(const json::object& body) {
  auto board = board_from(body.at("config"));
  if (!board) return pass(board);
  if (const auto* backend = body.if_contains("backend"))
    for (board::Node& node : board->nodes)
      if (node.backend.empty() || node.backend == "auto") node.backend = backend->as_string();
  json::object document = body;
  for (const char* answered : {"backend", "backends", "builtin", "created_at", "updated_at"}) document.erase(answered);
  if (!document.contains("name")) document["name"] = body.at("id");
  document["config"] = board::to_json(*board);
  return board::parse_template(document);
}

Result<void> require_own(std::string_view id) {
  if (!board::find_builtin(id)) return {};
  return fail(ErrorCode::TEMPLATE_READ_ONLY, "'{}' is built in and cannot be changed; create your own under another id", id);
}

Task<Result<http::Response>> keep(Context& context, const http::Request& request, std::optional<store::TemplateRow> old) {
  auto value = template_from(request.body.as_object());
  if (!value) co_return pass(value);
  store::TemplateRow row;
  row.id = value->id;
  row.document = board::to_json(*value);
  row.created_at = old ? old->created_at : now();
  row.updated_at = now();
  const store::Caller caller;
  Result<void> kept;
  if (old) kept = co_await context.templates.update(caller, row);
  else kept = co_await context.templates.insert(caller, row);
  if (!kept && kept.error().code == ErrorCode::CONFLICT)
    co_return fail(ErrorCode::TEMPLATE_EXISTS, "a template '{}' exists; replace it with PUT or choose another id", value->id);
  if (!kept) co_return pass(kept);
  context.events.append(old ? "template.updated" : "template.created", "", {{"template_id", row.id}});
  json::object body = template_json({std::move(*value), false, row.created_at, row.updated_at});
  if (old) co_return http::json_response(std::move(body));
  co_return http::created(std::move(body), "/api/v1/templates/" + row.id);
}

}  // namespace

void bind_templates(http::Handlers& handlers, Context& context) {
  handlers.bind("listTemplates", [&context](http::Request& request) -> Task<Result<http::Response>> {
    const auto* wanted = request.query.if_contains("source");
    const std::string_view source = wanted ? std::string_view(wanted->as_string()) : "curated";
    auto all = co_await all_templates(context, source == "all" ? TemplateSource::all : source == "discovered" ? TemplateSource::discovered : TemplateSource::curated);
    if (!all) co_return pass(all);
    if (const auto* tag = request.query.if_contains("tag"))
      std::erase_if(*all, [&](const KnownTemplate& known) {
        return std::ranges::find(known.value.tags, std::string_view(tag->as_string())) == known.value.tags.end();
      });
    if (const auto* name = request.query.if_contains("name")) {
      const std::string_view part = name->as_string();
      std::erase_if(*all, [&](const KnownTemplate& known) {
        return known.value.id.find(part) == std::string::npos && known.value.name.find(part) == std::string::npos;
      });
    }
    co_return page(request, *all, [](const KnownTemplate& known) { return known.value.id; }, template_json);
  });
  handlers.bind("createTemplate", [&context](http::Request& request) -> Task<Result<http::Response>> {
    const std::string id(request.body.at("id").as_string());
    if (board::find_builtin(id))
      co_return fail(ErrorCode::TEMPLATE_EXISTS, "'{}' is built in; choose another id", id);
    auto make = [&context, &request]() -> Task<Result<http::Response>> { co_return co_await keep(context, request, {}); };
    co_return co_await idempotent(context, request, json::serialize(request.body), std::move(make));
  });
  handlers.bind("getTemplate", [&context](http::Request& request) -> Task<Result<http::Response>> {
    auto known = co_await find_template(context, request.parameter("template_id"));
    if (!known) co_return pass(known);
    co_return http::json_response(template_json(*known));
  });
  handlers.bind("replaceTemplate", [&context](http::Request& request) -> Task<Result<http::Response>> {
    const std::string id = request.parameter("template_id");
    if (auto own = require_own(id); !own) co_return pass(own);
    if (request.body.at("id").as_string() != id)
      co_return fail(ErrorCode::INVALID_REQUEST, "the id in the body and in the path differ; a template keeps its id");
    const store::Caller caller;
    auto old = co_await context.templates.get(caller, id);
    if (!old && old.error().code == ErrorCode::NOT_FOUND)
      co_return fail(ErrorCode::TEMPLATE_NOT_FOUND, "there is no template '{}'; create it with POST /api/v1/templates", id);
    if (!old) co_return pass(old);
    co_return co_await keep(context, request, std::move(*old));
  });
  handlers.bind("deleteTemplate", [&context](http::Request& request) -> Task<Result<http::Response>> {
    const std::string id = request.parameter("template_id");
    if (auto own = require_own(id); !own) co_return pass(own);
    const store::Caller caller;
    auto removed = co_await context.templates.remove(caller, id);
    if (!removed && removed.error().code == ErrorCode::NOT_FOUND)
      co_return fail(ErrorCode::TEMPLATE_NOT_FOUND, "there is no template '{}'", id);
    if (!removed) co_return pass(removed);
    context.events.append("template.deleted", "", {{"template_id", id}});
    co_return http::no_content();
  });
}

}  // namespace virserver::api
