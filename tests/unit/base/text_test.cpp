#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/id.hpp"

namespace virserver {
namespace {

TEST(Clock, RoundTrip) {
  const Timestamp time = now();
  EXPECT_EQ(parse_rfc3339(to_rfc3339(time)), time);
  EXPECT_EQ(to_rfc3339(Timestamp{}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(parse_rfc3339("2024-02-29T12:00:00Z"), parse_rfc3339("2024-02-29T12:00:00.000000Z"));
  for (const char* wrong : {"", "2024-02-30T00:00:00Z", "2024-02-29T24:00:00Z", "2024-02-29T12:00:00+01:00", "2024-02-29 12:00:00Z"})
    EXPECT_FALSE(parse_rfc3339(wrong)) << wrong;
}

TEST(Ids, SortByCreationAndNeverRepeat) {
  std::string last;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = new_id("ses");
    ASSERT_LT(last, id);
    last = id;
  }
  EXPECT_EQ(last.size(), 30u);
  EXPECT_EQ(last.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz-se"), std::string::npos);
}

TEST(Ids, UniqueAcrossThreads) {
  std::set<std::string> all;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        std::string id = new_id("x");
        std::lock_guard lock(mutex);
        all.insert(std::move(id));
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(all.size(), 4000u);
}

TEST(Errors, TableIsInOrderOfTheEnum) {
  for (const ErrorCodeInfo& row : error_code_table) {
    EXPECT_EQ(&info(row.code), &row);
    EXPECT_GE(row.http_status, 400);
    EXPECT_FALSE(row.meaning.empty());
  }
}

TEST(Errors, FullDiskIsToldApart) {
  EXPECT_EQ(system_error(ErrorCode::STORAGE_ERROR, ENOSPC, "x").code, ErrorCode::STORAGE_FULL);
  EXPECT_EQ(system_error(ErrorCode::STORAGE_ERROR, EIO, "x").code, ErrorCode::STORAGE_ERROR);
}

}  // namespace
}  // namespace virserver
