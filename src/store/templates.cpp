#include <boost/json.hpp>

#include "store/fields.hpp"
#include "store/store.hpp"

namespace virserver::store {
namespace {

constexpr std::string_view kColumns = "id, project_id, created_by, document, created_at, updated_at";

TemplateRow read(FieldReader& in) {
  TemplateRow row;
  row.id = in.text();
  row.project_id = in.text();
  row.created_by = in.text();
  row.document = in.object();
  row.created_at = in.time();
  row.updated_at = in.time();
  return row;
}

std::string not_found(const std::string& id) { return fmt::format("there is no template {}", id); }

}  // namespace

Task<Result<void>> Templates::insert(const Caller& caller, TemplateRow row) {
  Statement statement{fmt::format("INSERT INTO templates ({}) VALUES ($1, $2, $3, $4, $5, $6)", kColumns),
                      {field(row.id), field(caller.project_id), field(caller.principal), field(row.document),
                       field(row.created_at), field(row.updated_at)},
                      {}};
  auto done = co_await rows_.query(std::move(statement));
  if (!done) co_return pass(done);
  co_return Result<void>();
}

Task<Result<void>> Templates::update(const Caller& caller, TemplateRow row) {
  Statement statement{"UPDATE templates SET document = $1, updated_at = $2 WHERE id = $3 AND project_id = $4",
                      {field(row.document), field(row.updated_at), field(row.id), field(caller.project_id)},
                      not_found(row.id)};
  auto done = co_await rows_.query(std::move(statement));
  if (!done) co_return pass(done);
  co_return Result<void>();
}

Task<Result<void>> Templates::remove(const Caller& caller, std::string id) {
  Statement statement{"DELETE FROM templates WHERE id = $1 AND project_id = $2",
                      {field(id), field(caller.project_id)}, not_found(id)};
  auto done = co_await rows_.query(std::move(statement));
  if (!done) co_return pass(done);
  co_return Result<void>();
}

Task<Result<TemplateRow>> Templates::get(const Caller& caller, std::string id) {
  Statement statement{fmt::format("SELECT {} FROM templates WHERE id = $1 AND project_id = $2", kColumns),
                      {field(id), field(caller.project_id)}, {}};
  auto result = co_await rows_.query(std::move(statement));
  if (!result) co_return pass(result);
  auto found = read_rows(*result, read);
  if (!found) co_return pass(found);
  if (found->empty()) co_return fail(ErrorCode::NOT_FOUND, "{}", not_found(id));
  co_return std::move(found->front());
}

Task<Result<std::vector<TemplateRow>>> Templates::all(const Caller& caller) {
  Statement statement{fmt::format("SELECT {} FROM templates WHERE project_id = $1 ORDER BY id", kColumns),
                      {field(caller.project_id)}, {}};
  auto result = co_await rows_.query(std::move(statement));
  if (!result) co_return pass(result);
  co_return read_rows(*result, read);
}

}  // namespace virserver::store
