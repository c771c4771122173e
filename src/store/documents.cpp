#include <boost/json.hpp>

#include "store/fields.hpp"
#include "store/store.hpp"

namespace virserver::store {

Task<Result<std::optional<boost::json::value>>> Documents::get(std::string key) {
  Statement statement{"SELECT document FROM documents WHERE doc_key = $1", {field(key)}, {}};
  auto result = co_await rows_.query(std::move(statement));
  if (!result) co_return pass(result);
  auto read = [](FieldReader& in) { return in.json(); };
  auto found = read_rows(*result, read);
  if (!found) co_return pass(found);
  std::optional<boost::json::value> document;
  if (!found->empty()) document = std::move(found->front());
  co_return document;
}

Task<Result<void>> Documents::put(std::string key, boost::json::value value) {
  const Caller server;  // these belong to the server itself
  Statement statement{"INSERT INTO documents (doc_key, project_id, created_by, document, updated_at) "
                      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (doc_key) DO UPDATE SET "
                      "document = excluded.document, updated_at = excluded.updated_at",
                      {field(key), field(server.project_id), field(server.principal),
                       field(boost::json::serialize(value)), field(now())},
                      {}};
  auto done = co_await rows_.query(std::move(statement));
  if (!done) co_return pass(done);
  co_return Result<void>();
}

}  // namespace virserver::store
