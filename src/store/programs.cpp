#include <boost/json.hpp>

#include "store/fields.hpp"
#include "store/store.hpp"

namespace virserver::store {
namespace {

constexpr std::string_view kColumns =
    "id, project_id, created_by, session_id, name, role, format, blob_hash, size, load_address, metadata, status, created_at";

ProgramRow read(FieldReader& in) {
  ProgramRow row;
  row.id = in.text();
  row.project_id = in.text();
  row.created_by = in.text();
  row.session_id = in.text();
  row.name = in.text();
  row.role = in.text();
  row.format = in.text();
  row.blob = in.text();
  row.size = in.number();
  row.load_address = in.optional_number();
  row.metadata = in.object();
  row.status = in.text();
  row.created_at = in.time();
  return row;
}

std::string not_found(const std::string& id) { return fmt::format("there is no program {}", id); }

}  // namespace

Task<Result<void>> Programs::insert(const Caller& caller, ProgramRow row) {
  Statement statement{
      fmt::format("INSERT INTO programs ({}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)", kColumns),
      {field(row.id), field(caller.project_id), field(caller.principal), field(row.session_id), field(row.name),
       field(row.role), field(row.format), field(row.blob), field(row.size), field(row.load_address),
       field(row.metadata), field(row.status), field(row.created_at)},
      {}};
  auto done = co_await rows_.query(std::move(statement));
  if (!done) co_return pass(done);
  co_return Result<void>();
}

Task<Result<void>> Programs::set_status(const Caller& caller, std::string id, std::string status) {
  Statement statement{"UPDATE programs SET status = $1 WHERE id = $2 AND project_id = $3",
                      {field(status), field(id), field(caller.project_id)}, not_found(id)};
  auto done = co_await rows_.query(std::move(statement));
  if (!done) co_return pass(done);
  co_return Result<void>();
}

Task<Result<void>> Programs::remove(const Caller& caller, std::string id) {
  Statement statement{"DELETE FROM programs WHERE id = $1 AND project_id = $2",
                      {field(id), field(caller.project_id)}, not_found(id)};
  auto done = co_await rows_.query(std::move(statement));
  if (!done) co_return pass(done);
  co_return Result<void>();
}

Task<Result<std::vector<ProgramRow>>> Programs::of_session(const Caller& caller, std::string session_id) {
  Statement statement{fmt::format("SELECT {} FROM programs WHERE session_id = $1 AND project_id = $2 "
                                  "ORDER BY created_at, id", kColumns),
                      {field(session_id), field(caller.project_id)}, {}};
  auto result = co_await rows_.query(std::move(statement));
  if (!result) co_return pass(result);
  co_return read_rows(*result, read);
}

Task<Result<bool>> Programs::blob_in_use(std::string blob) {
  Statement statement{"SELECT id FROM programs WHERE blob_hash = $1 LIMIT 1", {field(blob)}, {}};
  auto result = co_await rows_.query(std::move(statement));
  if (!result) co_return pass(result);
  co_return !result->rows.empty();
}

}  // namespace virserver::store
