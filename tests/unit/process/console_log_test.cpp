#include "process/console_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "temporary_dir.hpp"

namespace virserver::process {
namespace {

class ConsoleLogTest : public TemporaryDir {
 protected:
  std::string read(std::uint64_t offset, std::uint64_t* at = nullptr, std::size_t max = 100) {
    const auto chunk = ConsoleLog(dir, "uart0").read(offset, max);
    EXPECT_TRUE(chunk);
    if (at) *at = chunk ? chunk->offset : 0;
    return chunk ? std::string(as_text(chunk->bytes)) : "";
  }
};

TEST_F(ConsoleLogTest, AnEmptyOrMissingDirectoryIsAnEmptyLog) {
  EXPECT_EQ(read(5), "");
  const ConsoleLog log(dir, "uart0");
  EXPECT_EQ(log.begin(), 0u);
  EXPECT_EQ(log.end(), 0u);
  EXPECT_FALSE(ConsoleLog(dir / "gone", "uart0").read(0, 10));
}

TEST_F(ConsoleLogTest, ReadsOnOverSegmentsAndAsItGrows) {
  file("uart0.0000000000000000.log", "0123456789");
  file("uart0.000000000000000a.log", "abc");
  file("uart00.000000000000000a.log", "another console");
  const ConsoleLog log(dir, "uart0");
  EXPECT_EQ(log.end(), 13u);
  std::string all;
  std::uint64_t at = 0;
  for (int i = 0; i < 20; ++i) {
    const auto chunk = log.read(at, 4);
    ASSERT_TRUE(chunk);
    if (chunk->bytes.empty()) break;
    EXPECT_EQ(chunk->offset, at);
    all += as_text(chunk->bytes);
    at = chunk->offset + chunk->bytes.size();
  }
  EXPECT_EQ(all, "0123456789abc");
  std::ofstream(dir / "uart0.000000000000000a.log", std::ios::app) << "def";
  const auto chunk = log.read(13, 100);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(as_text(chunk->bytes), "def");
}

TEST_F(ConsoleLogTest, AReaderBehindTheOldestAndOneInAHoleAreToldWhereItGoesOn) {
  file("uart0.0000000000000064.log", "0123456789");
  file("uart0.00000000000000c8.log", "abc");
  std::uint64_t at = 0;
  EXPECT_EQ(read(0, &at), "0123456789");
  EXPECT_EQ(at, 100u);
  EXPECT_EQ(read(110, &at), "abc");  // bytes 110 to 199 are lost
  EXPECT_EQ(at, 200u);
  EXPECT_EQ(read(203, &at), "");
  EXPECT_EQ(at, 203u);
  EXPECT_EQ(read(~0ull, &at), "");
  EXPECT_EQ(at, ~0ull);
}

TEST_F(ConsoleLogTest, ATruncatedSegmentIsAHole) {
  file("uart0.0000000000000000.log", "01234");  // had ten
  file("uart0.000000000000000a.log", "abc");
  std::uint64_t at = 0;
  EXPECT_EQ(read(7, &at), "abc");
  EXPECT_EQ(at, 10u);
}

TEST_F(ConsoleLogTest, ASegmentEndsWhereTheNextBegins) {
  file("uart0.0000000000000000.log", std::string(100, 'x'));
  file("uart0.000000000000000a.log", "abc");
  EXPECT_EQ(read(5), "xxxxx");
  EXPECT_EQ(ConsoleLog(dir, "uart0").end(), 13u);
}

TEST_F(ConsoleLogTest, LinksPipesAndDirectoriesAreNotSegments) {
  file("secret", "secret");
  std::filesystem::create_symlink(dir / "secret", dir / "uart0.0000000000000000.log");
  std::filesystem::create_symlink("secret", dir / "uart0.0000000000000001.log");
  ASSERT_EQ(mkfifo((dir / "uart0.0000000000000002.log").c_str(), 0600), 0);
  std::filesystem::create_directory(dir / "uart0.0000000000000003.log");
  file("uart0.00000000000000zz.log", "not hexadecimal");
  EXPECT_EQ(read(0), "");
  EXPECT_EQ(ConsoleLog(dir, "uart0").end(), 0u);
  file("uart0.0000000000000010.log", "real");
  std::uint64_t at = 0;
  EXPECT_EQ(read(0, &at), "real");
  EXPECT_EQ(at, 16u);
}

TEST_F(ConsoleLogTest, AHugeSparseSegmentCostsNoMoreThanWasAskedFor) {
  const auto path = dir / "uart0.fffffffffffffff0.log";
  file(path.filename(), "x");
  ASSERT_EQ(truncate(path.c_str(), 1ll << 40), 0);
  const ConsoleLog log(dir, "uart0");
  EXPECT_EQ(log.end(), ~0ull);  // no offset wraps around
  EXPECT_LE(read(0).size(), 100u);
}

}  // namespace
}  // namespace virserver::process
