#include "store/fields.hpp"
#include "store/store.hpp"

namespace virserver::store {
namespace {

IdempotencyRow read(FieldReader& in) {
  IdempotencyRow row;
  row.project_id = in.text();
  row.key = in.text();
  row.operation_id = in.text();
  row.fingerprint = in.text();
  row.status = static_cast<int>(in.integer());
  row.location = in.text();
  row.body = in.text();
  row.created_at = in.time();
  return row;
}

}  // namespace

Task<Result<std::optional<IdempotencyRow>>> Idempotency::find(const Caller& caller, std::string key) {
  Statement statement{"SELECT project_id, idem_key, operation_id, fingerprint, status, location, body, created_at "
                      "FROM idempotency WHERE project_id = $1 AND idem_key = $2",
                      {field(caller.project_id), field(key)}, {}};
  auto result = co_await rows_.query(std::move(statement));
  if (!result) co_return pass(result);
  auto found = read_rows(*result, read);
  if (!found) co_return pass(found);
  std::optional<IdempotencyRow> row;
  if (!found->empty()) row = std::move(found->front());
  co_return row;
}

Task<Result<void>> Idempotency::put(const Caller& caller, IdempotencyRow row) {
  Statement statement{"INSERT INTO idempotency (project_id, created_by, idem_key, operation_id, fingerprint, status, "
                      "location, body, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                      {field(caller.project_id), field(caller.principal), field(row.key), field(row.operation_id),
                       field(row.fingerprint), std::int64_t{row.status}, field(row.location), field(row.body),
                       field(row.created_at)},
                      {}};
  auto done = co_await rows_.query(std::move(statement));
  if (!done) co_return pass(done);
  co_return Result<void>();
}

Task<Result<void>> Idempotency::prune(Timestamp before) {
  Statement statement{"DELETE FROM idempotency WHERE created_at < $1", {field(before)}, {}};
  auto done = co_await rows_.query(std::move(statement));
  if (!done) co_return pass(done);
  co_return Result<void>();
}

}  // namespace virserver::store
