// What every adapter of the row port must do.
#include <thread>

#include "support.hpp"

namespace virserver::store {
namespace {

class RowsTest : public StoreTest {
 protected:
  Result<ResultSet> query(std::string sql, Params params = {}, std::string must_change = {}) {
    Statement statement{std::move(sql), std::move(params), std::move(must_change)};
    return run(rows->query(std::move(statement)));
  }
  Statement put(std::string key, std::string value) {
    return {"INSERT INTO documents (doc_key, project_id, created_by, document, updated_at) VALUES ($1, 'p', 'c', $2, 0)",
            {std::move(key), std::move(value)}, {}};
  }
};

TEST_P(RowsTest, ParametersGoByNumberNotByPosition) {
  ASSERT_TRUE(query("INSERT INTO documents (document, doc_key, project_id, created_by, updated_at) "
                    "VALUES ($2, $1, $2, $3, $4)", {"key", "value", "me", std::int64_t{7}}));
  auto result = query("SELECT doc_key, document, project_id, created_by, updated_at FROM documents "
                      "WHERE document = $2 AND doc_key = $1", {"key", "value"});
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->rows.size(), 1u);
  EXPECT_EQ(result->rows[0], (std::vector<Value>{"key", "value", "value", "me", std::int64_t{7}}));
}

TEST_P(RowsTest, RefusesTooFewAndTooManyParameters) {
  EXPECT_FALSE(query("SELECT doc_key FROM documents WHERE doc_key = $1"));
  EXPECT_FALSE(query("SELECT doc_key FROM documents WHERE doc_key = $1", {"a", "b"}));
  EXPECT_TRUE(query("SELECT doc_key FROM documents WHERE doc_key = $1", {"a"}));
}

TEST_P(RowsTest, TextAndBlobsAreKeptByteForByte) {
  const std::string hostile = "'; DROP TABLE sessions; -- \xf0\x9f\x92\xa5 $1";
  ASSERT_TRUE(run(rows->query(put("k", hostile))));
  EXPECT_EQ(query("SELECT document FROM documents")->rows[0][0], Value(hostile));
  ASSERT_TRUE(run(rows->query(put("empty", ""))));
  EXPECT_EQ(query("SELECT document FROM documents WHERE doc_key = 'empty'")->rows[0][0], Value(std::string()));
  ASSERT_TRUE(query("CREATE TABLE bytes (content BLOB NOT NULL, maybe BIGINT)"));
  for (Bytes bytes : {Bytes{}, Bytes{std::byte{0}, std::byte{255}, std::byte{0}}}) {
    ASSERT_TRUE(query("INSERT INTO bytes VALUES ($1, $2)", {bytes, Value{}}));
    auto result = query("SELECT content, maybe FROM bytes WHERE content = $1", {bytes});
    ASSERT_EQ(result->rows.size(), 1u);
    EXPECT_EQ(result->rows[0], (std::vector<Value>{bytes, Value{}}));
  }
}

TEST_P(RowsTest, ATransactionIsAllOrNothing) {
  std::vector<Statement> conflict{put("a", "1"), put("b", "1"), put("a", "2")};
  auto failed = run(rows->transaction(conflict));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::CONFLICT);
  EXPECT_EQ(query("SELECT COUNT(*) FROM documents")->rows[0][0], Value(std::int64_t{0}));

  Statement none{"UPDATE documents SET document = 'x' WHERE doc_key = 'none'", {}, "there is none"};
  std::vector<Statement> missing{put("a", "1"), none};
  failed = run(rows->transaction(missing));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::NOT_FOUND);
  EXPECT_EQ(failed.error().message, "there is none");
  EXPECT_EQ(query("SELECT COUNT(*) FROM documents")->rows[0][0], Value(std::int64_t{0}));

  std::vector<Statement> good{put("a", "1"), put("b", "1")};
  ASSERT_TRUE(run(rows->transaction(good)));
  EXPECT_EQ(query("UPDATE documents SET document = 'y'")->changed, 2u);
}

TEST_P(RowsTest, WrongSqlIsAnErrorAndNothingBreaks) {
  auto wrong = query("SELEKT 1");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::STORAGE_ERROR);
  EXPECT_TRUE(query("SELECT 1"));
}

TEST_P(RowsTest, AFullDiskIsToldAndTheStoreWorksOn) {
  if (GetParam().fill_up.empty()) GTEST_SKIP() << "cannot limit this database's size";
  ASSERT_TRUE(run(rows->query(put("before", "1"))));
  ASSERT_TRUE(query(GetParam().fill_up));
  std::vector<Statement> big{put("small", "1"), put("big", std::string(1 << 20, 'x'))};
  auto failed = run(rows->transaction(big));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::STORAGE_FULL) << failed.error().message;
  EXPECT_EQ(query("SELECT doc_key FROM documents")->rows.size(), 1u);
  restart();
  EXPECT_TRUE(run(rows->transaction(big)));
}

TEST_P(RowsTest, ServesManyExecutorsAtOnce) {
  constexpr int kThreads = 2, kEach = 200;
  Events events(*rows);
  const auto append = [&](int thread) -> Task<bool> {
    const auto here = std::this_thread::get_id();
    bool good = true;
    for (int i = 0; i < kEach; ++i) {
      EventRow row;
      row.type = "test";
      row.session_id = std::to_string(thread);
      auto id = co_await events.append(me, row);
      good = good && id && std::this_thread::get_id() == here;  // resumed where it was called
    }
    co_return good;
  };
  bool good[kThreads] = {};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) threads.emplace_back([&, t] { good[t] = run(append(t)); });
  }
  for (bool each : good) EXPECT_TRUE(each);
  EXPECT_EQ(run(events.last_id()).value(), kThreads * kEach);
}

INSTANTIATE_TEST_SUITE_P(Adapters, RowsTest, testing::ValuesIn(adapters()), adapter_name);

}  // namespace
}  // namespace virserver::store
