#include <boost/json.hpp>

#include <algorithm>

#include "store/fields.hpp"
#include "store/store.hpp"

namespace virserver::store {
namespace {

EventRow read(FieldReader& in) {
  EventRow row;
  row.id = in.integer();
  row.project_id = in.text();
  row.created_by = in.text();
  row.type = in.text();
  row.session_id = in.text();
  row.data = in.object();
  row.created_at = in.time();
  return row;
}

}  // namespace

Task<Result<std::int64_t>> Events::append(const Caller& caller, EventRow row) {
  Statement statement{"INSERT INTO events (project_id, created_by, type, session_id, data, created_at) "
                      "VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
                      {field(caller.project_id), field(caller.principal), field(row.type), field(row.session_id),
                       field(row.data), field(row.created_at)},
                      {}};
  auto result = co_await rows_.query(std::move(statement));
  if (!result) co_return pass(result);
  FieldReader id(result->rows.at(0));
  co_return id.integer();
}

Task<Result<std::vector<EventRow>>> Events::after(const Caller& caller, std::int64_t id, unsigned limit,
                                                  std::string session_id) {
  Statement statement{"SELECT id, project_id, created_by, type, session_id, data, created_at FROM events "
                      "WHERE id > $1 AND project_id = $2",
                      {id, field(caller.project_id), field(std::uint64_t{limit})}, {}};
  if (!session_id.empty()) {
    statement.sql += " AND session_id = $4";
    statement.params.push_back(field(session_id));
  }
  statement.sql += " ORDER BY id LIMIT $3";
  auto result = co_await rows_.query(std::move(statement));
  if (!result) co_return pass(result);
  co_return read_rows(*result, read);
}

Task<Result<std::int64_t>> Events::last_id() {
  Statement statement{"SELECT COALESCE(MAX(id), 0) FROM events", {}, {}};
  auto result = co_await rows_.query(std::move(statement));
  if (!result) co_return pass(result);
  FieldReader id(result->rows.at(0));
  co_return id.integer();
}

Task<Result<void>> Events::prune(std::uint64_t keep) {
  keep = std::max<std::uint64_t>(keep, 1);  // the newest always stays: last_id() must not go back
  Statement statement{"DELETE FROM events WHERE id <= (SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET $1)",
                      {field(keep)}, {}};
  auto done = co_await rows_.query(std::move(statement));
  if (!done) co_return pass(done);
  co_return Result<void>();
}

}  // namespace virserver::store
