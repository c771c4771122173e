#include "store/fields.hpp"

#include <gtest/gtest.h>

#include "store/migrations.hpp"

namespace virserver::store {
namespace {

TEST(Fields, KeepEveryBit) {
  std::vector<Value> row{field(std::uint64_t{0xffff'ffff'ffff'0000}), field(std::optional<std::uint64_t>()),
                         field(Timestamp(std::chrono::microseconds(-7)))};
  FieldReader in(row);
  EXPECT_EQ(in.number(), 0xffff'ffff'ffff'0000u);
  EXPECT_FALSE(in.optional_number());
  EXPECT_EQ(in.time().time_since_epoch().count(), -7);
  EXPECT_FALSE(in.failed());
}

TEST(Fields, TellDamage) {
  const auto object_fails = [](Value value) {
    std::vector<Value> row{std::move(value)};
    FieldReader in(row);
    in.object();
    return in.failed();
  };
  EXPECT_FALSE(object_fails(std::string("{}")));
  EXPECT_FALSE(object_fails(std::string("{\"a\": \"\xff\"}")));  // not UTF-8: still readable
  EXPECT_TRUE(object_fails(std::string("{")));
  EXPECT_TRUE(object_fails(std::string("[]")));
  EXPECT_TRUE(object_fails(std::int64_t{1}));
  EXPECT_TRUE(object_fails({}));
  std::vector<Value> none;
  FieldReader in(none);
  in.text();
  EXPECT_TRUE(in.failed());
}

TEST(Migrations, AreNumberedWithoutGaps) {
  int expected = 1;
  for (const auto& migration : migrations()) EXPECT_EQ(migration.number, expected++);
}

TEST(Migrations, EveryTableSaysWhoseItIs) {
  for (const auto& migration : migrations()) {
    const auto sql = migration_sql(migration, "SERIAL");
    EXPECT_EQ(sql.find("{{"), std::string::npos);
    for (auto at = sql.find("CREATE TABLE"); at != std::string::npos; at = sql.find("CREATE TABLE", at + 1)) {
      const auto body = sql.substr(at, sql.find(");", at) - at);
      EXPECT_NE(body.find("project_id TEXT NOT NULL"), std::string::npos) << body;
      EXPECT_NE(body.find("created_by TEXT NOT NULL"), std::string::npos) << body;
    }
  }
}

}  // namespace
}  // namespace virserver::store
