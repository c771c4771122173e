#include "base/blocking.hpp"
#include "store/sqlite/connection.hpp"
#include "store/store.hpp"

namespace virserver::store {
namespace {

// The connection belongs to a thread of its own: statements of all callers run there one after the other.
class SqliteRows final : public Rows {
 public:
  explicit SqliteRows(const std::filesystem::path& file) : connection_(file), thread_(1) {}
  ~SqliteRows() override { thread_.join(); }

  Task<Result<ResultSet>> query(Statement statement) override {
    auto work = [this, statement = std::move(statement)] { return connection_.query(statement); };
    co_return co_await blocking(thread_, std::move(work));
  }

  Task<Result<std::vector<ResultSet>>> transaction(std::vector<Statement> statements) override {
    auto work = [this, statements = std::move(statements)] { return connection_.transaction(statements); };
    co_return co_await blocking(thread_, std::move(work));
  }

 private:
  sqlite::Connection connection_;
  asio::thread_pool thread_;
};

}  // namespace

std::unique_ptr<Rows> open_sqlite(const std::filesystem::path& file) { return std::make_unique<SqliteRows>(file); }

}  // namespace virserver::store
