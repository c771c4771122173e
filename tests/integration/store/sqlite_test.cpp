// What is particular to the embedded database: its file.
#include <fstream>

#include "support.hpp"

namespace virserver::store {
namespace {

std::string open_failure(const std::filesystem::path& file) {
  try {
    open_sqlite(file);
  } catch (const std::exception& e) {
    return e.what();
  }
  return "no failure";
}

TEST(Sqlite, ADamagedFileIsAClearError) {
  TempDir dir;
  const auto file = dir.path / "virserver.db";
  std::ofstream(file) << std::string(8192, 'x');
  EXPECT_NE(open_failure(file).find("is damaged"), std::string::npos) << open_failure(file);
}

TEST(Sqlite, ADamagedPageIsAClearError) {
  TempDir dir;
  const auto file = dir.path / "virserver.db";
  open_sqlite(file);
  std::fstream content(file, std::ios::in | std::ios::out | std::ios::binary);
  content.seekp(4096);
  content << std::string(3 * 4096, '\xee');
  content.close();
  EXPECT_NE(open_failure(file).find("is damaged"), std::string::npos) << open_failure(file);
}

TEST(Sqlite, AFileOfANewerVersionIsRefusedAndLeftAlone) {
  TempDir dir;
  const auto file = dir.path / "virserver.db";
  Statement newer{"INSERT INTO schema_version (number) VALUES (4711)", {}, {}};
  ASSERT_TRUE(run(open_sqlite(file)->query(newer)));
  EXPECT_NE(open_failure(file).find("newer VirServer (schema 4711"), std::string::npos) << open_failure(file);
}

TEST(Sqlite, AMissingDirectoryIsAClearError) {
  TempDir dir;
  EXPECT_NE(open_failure(dir.path / "none" / "virserver.db").find("cannot open the database"), std::string::npos);
}

TEST(Sqlite, RunsInWalModeWithForeignKeys) {
  TempDir dir;
  auto rows = open_sqlite(dir.path / "virserver.db");
  Statement mode{"PRAGMA journal_mode", {}, {}}, keys{"PRAGMA foreign_keys", {}, {}};
  EXPECT_EQ(run(rows->query(mode))->rows[0][0], Value("wal"));
  EXPECT_EQ(run(rows->query(keys))->rows[0][0], Value(std::int64_t{1}));
}

}  // namespace
}  // namespace virserver::store
