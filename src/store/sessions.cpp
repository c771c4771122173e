#include <boost/json.hpp>

#include "store/cursor.hpp"
#include "store/fields.hpp"
#include "store/store.hpp"

namespace virserver::store {
namespace {

constexpr unsigned kMaxPage = 1000;
constexpr std::string_view kColumns =
    "id, project_id, created_by, name, state, state_reason, backend, host_id, lease_until, labels, board, plan, resources, "
    "features, board_template, ttl_sec, engine, last_exit, created_at, updated_at, last_used_at, gdb_port, debug";

SessionRow read(FieldReader& in) {
  SessionRow row;
  row.id = in.text();
  row.project_id = in.text();
  row.created_by = in.text();
  row.name = in.text();
  row.state = in.text();
  row.state_reason = in.text();
  row.backend = in.text();
  row.host_id = in.text();
  row.lease_until = in.optional_time();
  row.labels = in.object();
  row.board = in.object();
  row.plan = in.object();
  row.resources = in.object();
  row.features = in.object();
  row.board_template = in.text();
  row.ttl_sec = in.optional_number();
  row.engine = in.number();
  row.last_exit = in.object();
  row.created_at = in.time();
  row.updated_at = in.time();
  row.last_used_at = in.time();
  row.gdb_port = in.optional_number();
  row.debug = in.object();
  return row;
}

std::string not_found(const std::string& id) { return fmt::format("there is no session {}", id); }

// Labels are kept twice: as JSON in the row, and one by one to be searched.
Result<void> add_labels(std::vector<Statement>& statements, const Caller& caller, const SessionRow& row) {
  for (const auto& [key, value] : row.labels) {
    auto* text = value.if_string();
    if (!text) return fail(ErrorCode::INVALID_REQUEST, "the label \"{}\" must be a string", std::string_view(key));
    statements.push_back({"INSERT INTO session_labels (session_id, label_key, label_value, project_id, created_by) "
                          "VALUES ($1, $2, $3, $4, $5)",
                          {field(row.id), field(std::string(key)), field(std::string(text->data(), text->size())),
                           field(caller.project_id), field(caller.principal)},
                          {}});
  }
  return {};
}

struct Where {
  std::string sql;
  Params params;

  std::string parameter(Value value) {
    params.push_back(std::move(value));
    return fmt::format("${}", params.size());
  }
};

Where filter(const Caller& caller, const ListQuery& query) {
  Where where;
  where.sql = fmt::format("project_id = {}", where.parameter(field(caller.project_id)));
  const auto equals = [&](std::string_view column, const std::optional<std::string>& value) {
    if (value) where.sql += fmt::format(" AND {} = {}", column, where.parameter(field(*value)));
  };
  equals("state", query.state);
  equals("backend", query.backend);
  equals("name", query.name);
  for (const auto& [key, value] : query.labels) {
    auto key_parameter = where.parameter(field(key));
    where.sql += fmt::format(" AND EXISTS (SELECT 1 FROM session_labels l WHERE l.session_id = sessions.id AND "
                             "l.label_key = {} AND l.label_value = {})",
                             key_parameter, where.parameter(field(value)));
  }
  return where;
}

}  // namespace

Task<Result<void>> Sessions::insert(const Caller& caller, SessionRow row) {
  std::vector<Statement> statements;
  statements.push_back(
      {fmt::format("INSERT INTO sessions ({}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, "
                   "$16, $17, $18, $19, $20, $21, $22, $23)", kColumns),
       {field(row.id), field(caller.project_id), field(caller.principal), field(row.name), field(row.state),
        field(row.state_reason), field(row.backend), field(row.host_id), field(row.lease_until), field(row.labels),
        field(row.board), field(row.plan), field(row.resources), field(row.features), field(row.board_template),
        field(row.ttl_sec), field(row.engine), field(row.last_exit), field(row.created_at), field(row.updated_at),
        field(row.last_used_at), field(row.gdb_port), field(row.debug)},
       {}});
  if (auto added = add_labels(statements, caller, row); !added) co_return pass(added);
  auto done = co_await rows_.transaction(std::move(statements));
  if (!done) co_return pass(done);
  co_return Result<void>();
}

Task<Result<void>> Sessions::update(const Caller& caller, SessionRow row) {
  std::vector<Statement> statements;
  statements.push_back(
      {"UPDATE sessions SET name = $3, state = $4, state_reason = $5, backend = $6, host_id = $7, lease_until = $8, "
       "labels = $9, board = $10, plan = $11, resources = $12, features = $13, board_template = $14, ttl_sec = $15, "
       "engine = $16, last_exit = $17, updated_at = $18, last_used_at = $19, gdb_port = $20, debug = $21 WHERE id = $1 AND project_id = $2",
       {field(row.id), field(caller.project_id), field(row.name), field(row.state), field(row.state_reason),
        field(row.backend), field(row.host_id), field(row.lease_until), field(row.labels), field(row.board),
        field(row.plan), field(row.resources), field(row.features), field(row.board_template), field(row.ttl_sec),
        field(row.engine), field(row.last_exit), field(row.updated_at), field(row.last_used_at),
        field(row.gdb_port), field(row.debug)},
       not_found(row.id)});
  statements.push_back({"DELETE FROM session_labels WHERE session_id = $1", {field(row.id)}, {}});
  if (auto added = add_labels(statements, caller, row); !added) co_return pass(added);
  auto done = co_await rows_.transaction(std::move(statements));
  if (!done) co_return pass(done);
  co_return Result<void>();
}

Task<Result<void>> Sessions::remove(const Caller& caller, std::string id) {
  Statement statement{"DELETE FROM sessions WHERE id = $1 AND project_id = $2",
                      {field(id), field(caller.project_id)}, not_found(id)};
  auto done = co_await rows_.query(std::move(statement));
  if (!done) co_return pass(done);
  co_return Result<void>();
}

Task<Result<SessionRow>> Sessions::get(const Caller& caller, std::string id) {
  Statement statement{fmt::format("SELECT {} FROM sessions WHERE id = $1 AND project_id = $2", kColumns),
                      {field(id), field(caller.project_id)}, {}};
  auto result = co_await rows_.query(std::move(statement));
  if (!result) co_return pass(result);
  auto found = read_rows(*result, read);
  if (!found) co_return pass(found);
  if (found->empty()) co_return fail(ErrorCode::NOT_FOUND, "{}", not_found(id));
  co_return std::move(found->front());
}

Task<Result<Page<SessionRow>>> Sessions::list(const Caller& caller, ListQuery query) {
  if (query.limit == 0 || query.limit > kMaxPage)
    co_return fail(ErrorCode::INVALID_REQUEST, "limit must be from 1 to {}", kMaxPage);
  auto order = parse_sort(query.sort);
  if (!order) co_return pass(order);

  auto where = filter(caller, query);
  std::vector<Statement> statements;
  statements.push_back({fmt::format("SELECT COUNT(*) FROM sessions WHERE {}", where.sql), where.params, {}});
  if (!query.cursor.empty()) {
    auto cursor = decode_cursor(*order, query.cursor);
    if (!cursor) co_return pass(cursor);
    auto value = where.parameter(std::move(cursor->sort_value));
    auto id = where.parameter(field(std::move(cursor->id)));
    where.sql += fmt::format(" AND ({}, id) {} ({}, {})", order->column, order->descending ? '<' : '>', value, id);
  }
  const auto direction = order->descending ? "DESC" : "ASC";
  auto limit = where.parameter(field(std::uint64_t{query.limit} + 1));  // one more tells whether there is a next page
  statements.push_back({fmt::format("SELECT {} FROM sessions WHERE {} ORDER BY {} {}, id {} LIMIT {}", kColumns,
                                    where.sql, order->column, direction, direction, limit),
                        where.params, {}});
  auto results = co_await rows_.transaction(std::move(statements));
  if (!results) co_return pass(results);

  auto items = read_rows(results->at(1), read);
  if (!items) co_return pass(items);
  Page<SessionRow> page;
  page.items = std::move(*items);
  FieldReader count(results->at(0).rows.at(0));
  page.total = count.number();
  if (page.items.size() > query.limit) {
    page.items.pop_back();
    const auto& last = page.items.back();
    Value value = order->column == "name" ? field(last.name)
                  : order->column == "created_at" ? field(last.created_at) : field(last.updated_at);
    Cursor next{std::move(value), last.id};
    page.next_cursor = encode_cursor(*order, next);
  }
  co_return page;
}

Task<Result<std::vector<SessionRow>>> Sessions::all_of_host(std::string host_id) {
  Statement statement{fmt::format("SELECT {} FROM sessions WHERE host_id = $1 ORDER BY created_at, id", kColumns),
                      {field(host_id)}, {}};
  auto result = co_await rows_.query(std::move(statement));
  if (!result) co_return pass(result);
  co_return read_rows(*result, read);
}

}  // namespace virserver::store
