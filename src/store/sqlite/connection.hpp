// One SQLite connection with its prepared statements; blocking, used by one thread at a time.
#pragma once
#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>

#include "store/rows.hpp"

namespace virserver::store::sqlite {

class Connection {
 public:
  // Opens or creates the file, checks it and brings its schema up to date. Throws std::runtime_error with a message for
  // the user when that fails, when the file is damaged, or when a newer VirServer wrote it.
  explicit Connection(const std::filesystem::path& file);

  Result<ResultSet> query(const Statement& statement);
  Result<std::vector<ResultSet>> transaction(const std::vector<Statement>& statements);

 private:
  SQLite::Statement& prepared(const std::string& sql);
  ResultSet run(const Statement& statement);
  Error describe(const SQLite::Exception& exception);
  void roll_back();
  void migrate(const std::filesystem::path& file);

  SQLite::Database db_;
  std::unordered_map<std::string, std::unique_ptr<SQLite::Statement>> statements_;  // before db_ closes
};

}  // namespace virserver::store::sqlite
