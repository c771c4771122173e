#include "store/sqlite/connection.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <stdexcept>

#include "store/migrations.hpp"

namespace virserver::store::sqlite {
namespace {

constexpr int kBusyTimeoutMs = 5000;
constexpr std::size_t kMaxPrepared = 256;

void bind(SQLite::Statement& statement, const Params& params) {
  if (static_cast<std::size_t>(statement.getBindParameterCount()) != params.size())
    throw SQLite::Exception("the statement does not use the parameters it is given", SQLITE_RANGE);
  for (std::size_t i = 0; i < params.size(); ++i) {
    // "$1" is a name to SQLite and its position is that of its first use: only the name is portable.
    const int index = statement.getIndex(fmt::format("${}", i + 1).c_str());
    if (auto* number = std::get_if<std::int64_t>(&params[i])) {
      statement.bind(index, *number);
    } else if (auto* text = std::get_if<std::string>(&params[i])) {
      statement.bindNoCopy(index, *text);
    } else if (auto* bytes = std::get_if<Bytes>(&params[i])) {
      const void* data = bytes->empty() ? "" : static_cast<const void*>(bytes->data());  // a null pointer would be NULL
      statement.bindNoCopy(index, data, static_cast<int>(bytes->size()));
    } else {
      statement.bind(index);
    }
  }
}

Value value_of(const SQLite::Column& column) {
  switch (column.getType()) {
    case SQLITE_INTEGER: return std::int64_t{column.getInt64()};
    case SQLITE_NULL: return {};
    case SQLITE_BLOB: {
      auto* data = static_cast<const std::byte*>(column.getBlob());
      return Bytes(data, data + column.getBytes());
    }
    default: return column.getString();
  }
}

// Leaves a cached statement without locks and without pointers to the caller's parameters.
struct Reset {
  SQLite::Statement& statement;
  ~Reset() {
    statement.tryReset();
    try {
      statement.clearBindings();
    } catch (const SQLite::Exception&) {  // cannot fail for a prepared statement
    }
  }
};

SQLite::Database open(const std::filesystem::path& file) try {
  SQLite::Database db(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeoutMs);
  for (SQLite::Statement check(db, "PRAGMA quick_check(1)"); check.executeStep();)
    if (auto text = check.getColumn(0).getString(); text != "ok") throw SQLite::Exception(text, SQLITE_CORRUPT);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = NORMAL");
  db.exec("PRAGMA foreign_keys = ON");
  db.exec("PRAGMA temp_store = MEMORY");
  return db;
} catch (const SQLite::Exception& e) {
  if (e.getErrorCode() == SQLITE_CORRUPT || e.getErrorCode() == SQLITE_NOTADB)
    throw std::runtime_error(fmt::format("the database {} is damaged ({}); restore it from a backup, or move it away "
                                         "to start with an empty one", file.string(), e.what()));
  throw std::runtime_error(fmt::format("cannot open the database {}: {}; check that the data directory exists, is "
                                       "writable and has free space", file.string(), e.what()));
}

}  // namespace

Connection::Connection(const std::filesystem::path& file) : db_(open(file)) {
  try {
    migrate(file);
  } catch (const SQLite::Exception& e) {
    throw std::runtime_error(fmt::format("cannot bring the database {} up to date: {}", file.string(), e.what()));
  }
}

void Connection::migrate(const std::filesystem::path& file) {
  // IMMEDIATE: of two servers that start at once, the second sees what the first did.
  SQLite::Transaction transaction(db_, SQLite::TransactionBehavior::IMMEDIATE);
  db_.exec("CREATE TABLE IF NOT EXISTS schema_version (number BIGINT NOT NULL)");
  const int have = db_.execAndGet("SELECT COALESCE(MAX(number), 0) FROM schema_version").getInt();
  const int known = migrations().back().number;
  if (have > known)
    throw std::runtime_error(fmt::format("the database {} was written by a newer VirServer (schema {}, this one knows "
                                         "{}); start that version, or use another data directory",
                                         file.string(), have, known));
  for (const auto& migration : migrations()) {
    if (migration.number <= have) continue;
    db_.exec(migration_sql(migration, "INTEGER PRIMARY KEY AUTOINCREMENT"));
    db_.exec(fmt::format("INSERT INTO schema_version (number) VALUES ({})", migration.number));
  }
  transaction.commit();
}

SQLite::Statement& Connection::prepared(const std::string& sql) {
  if (auto found = statements_.find(sql); found != statements_.end()) return *found->second;
  auto statement = std::make_unique<SQLite::Statement>(db_, sql);
  if (statements_.size() >= kMaxPrepared) statements_.clear();
  return *statements_.emplace(sql, std::move(statement)).first->second;
}

ResultSet Connection::run(const Statement& statement) {
  auto& query = prepared(statement.sql);
  Reset reset{query};
  bind(query, statement.params);
  const int before = db_.getTotalChanges();
  ResultSet result;
  while (query.executeStep()) {
    auto& row = result.rows.emplace_back();
    row.reserve(static_cast<std::size_t>(query.getColumnCount()));
    for (int i = 0; i < query.getColumnCount(); ++i) row.push_back(value_of(query.getColumn(i)));
  }
  if (db_.getTotalChanges() != before) result.changed = static_cast<std::uint64_t>(db_.getChanges());
  return result;
}

Result<ResultSet> Connection::query(const Statement& statement) try {
  auto result = run(statement);
  if (!statement.must_change.empty() && result.changed == 0)
    return fail(ErrorCode::NOT_FOUND, "{}", statement.must_change);
  return result;
} catch (const SQLite::Exception& e) {
  return fail(describe(e));
}

Result<std::vector<ResultSet>> Connection::transaction(const std::vector<Statement>& statements) try {
  static const Statement begin{"BEGIN IMMEDIATE", {}, {}}, commit{"COMMIT", {}, {}};
  std::vector<ResultSet> results;
  results.reserve(statements.size());
  run(begin);
  for (const auto& statement : statements) {
    auto& result = results.emplace_back(run(statement));
    if (statement.must_change.empty() || result.changed > 0) continue;
    roll_back();
    return fail(ErrorCode::NOT_FOUND, "{}", statement.must_change);
  }
  run(commit);
  return results;
} catch (const SQLite::Exception& e) {
  auto error = describe(e);
  roll_back();
  return fail(std::move(error));
}

void Connection::roll_back() {
  // A full disk may already have ended the transaction.
  if (sqlite3_get_autocommit(db_.getHandle()) == 0) db_.tryExec("ROLLBACK");
}

Error Connection::describe(const SQLite::Exception& exception) {
  const int code = exception.getErrorCode() & 0xff, extended = exception.getExtendedErrorCode();
  const int system = sqlite3_system_errno(db_.getHandle());
  if (code == SQLITE_FULL || (code == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT || system == EFBIG)))
    return {ErrorCode::STORAGE_FULL, "the disk that holds the data directory is full; free some space and try again"};
  if (extended == SQLITE_CONSTRAINT_FOREIGNKEY)
    return {ErrorCode::NOT_FOUND, "what this belongs to does not exist any more"};
  if (code == SQLITE_CONSTRAINT)
    return {ErrorCode::CONFLICT, fmt::format("this exists already ({})", exception.what())};
  return {ErrorCode::STORAGE_ERROR, fmt::format("the database failed: {}", exception.what())};
}

}  // namespace virserver::store::sqlite
