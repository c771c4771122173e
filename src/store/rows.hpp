// The row port: portable SQL with "$1".."$n" over an embedded or a remote database.
//
// SQL here is the part that SQLite 3.40 and PostgreSQL share. A parameter may be used in any order and more than once;
// a statement uses exactly the parameters it is given. Types: null, BIGINT, TEXT and blobs; times are integer
// microseconds since 1970 and JSON is TEXT.
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/asio.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"

namespace virserver::store {

using Value = std::variant<std::monostate, std::int64_t, std::string, Bytes>;
using Params = std::vector<Value>;

struct Statement {
  std::string sql;
  Params params;
  // When set, changing no row is NOT_FOUND with this text, and the transaction it belongs to is rolled back.
  std::string must_change;
};

struct ResultSet {
  std::vector<std::vector<Value>> rows;
  std::uint64_t changed = 0;  // rows inserted, updated or deleted, not counting cascades
};

// Calls may be made from any executor, from several threads at once, and resume on the caller's. Cancelling a caller
// does not interrupt a statement that is running: it is done completely or not at all.
// Errors: CONFLICT (a unique key exists), NOT_FOUND (must_change, or a reference to a row that is gone), STORAGE_FULL,
// STORAGE_ERROR.
class Rows {
 public:
  virtual ~Rows() = default;  // completes what was asked before; no call may be waiting any more

  // One statement, atomically.
  virtual Task<Result<ResultSet>> query(Statement statement) = 0;

  // All statements or none, in order; one result each. A list (and not a callable) so that a remote adapter can send
  // it in one go.
  virtual Task<Result<std::vector<ResultSet>>> transaction(std::vector<Statement> statements) = 0;
};

}  // namespace virserver::store
