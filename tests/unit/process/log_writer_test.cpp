#include "shim/log_writer.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "process/console_log.hpp"
#include "temporary_dir.hpp"

namespace virserver::shim {
namespace {

class LogWriterTest : public process::TemporaryDir {
 protected:
  std::string content(const std::string& console) {
    const process::ConsoleLog log(dir, console);
    std::string all;
    for (auto at = log.begin();;) {
      const auto chunk = log.read(at, 1 << 20);
      if (!chunk || chunk->bytes.empty()) return all;
      all += as_text(chunk->bytes);
      at = chunk->offset + chunk->bytes.size();
    }
  }
  int open_dir() {
    fd.reset(open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd.get();
  }
  Fd fd;
};

TEST_F(LogWriterTest, KeepsTheNewestBytesWithinItsBound) {
  LogWriter writer(open_dir(), "c", 10, 16384);
  std::string all;
  for (int i = 0; i < 3000; ++i) {
    const auto line = std::to_string(i) + " is a line of output\n";
    writer.append(line.data(), line.size());
    all += line;
  }
  EXPECT_EQ(writer.end(), 10 + all.size());
  const auto kept = content("c");
  EXPECT_LE(kept.size(), 16384u);
  EXPECT_GE(kept.size(), 12288u);
  EXPECT_TRUE(all.ends_with(kept));
}

TEST_F(LogWriterTest, GoesOnInTheLastSegmentAndRemovesWhatContradictsIt) {
  { LogWriter(open_dir(), "c", 0, 1 << 20).append("first ", 6); }
  file("c.0000000000000100.log", "forged");
  std::filesystem::create_symlink("/etc/hostname", dir / "c.0000000000000002.log");
  LogWriter(open_dir(), "c", 6, 1 << 20).append("second", 6);
  EXPECT_EQ(content("c"), "first second");
  EXPECT_FALSE(std::filesystem::exists(dir / "c.0000000000000100.log"));
  EXPECT_FALSE(std::filesystem::is_symlink(dir / "c.0000000000000002.log"));
}

TEST_F(LogWriterTest, AFullDiskCostsOldOutputAndThenLeavesAGap) {
  if (mount("none", dir.c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "only root can make a small file system";
  struct Unmount {
    std::filesystem::path dir;
    ~Unmount() { umount2(dir.c_str(), MNT_DETACH); }
  } unmount{dir};
  LogWriter writer(open_dir(), "c", 0, 1 << 20);
  const std::string block(8192, 'x');
  for (int i = 0; i < 8; ++i) writer.append(block.data(), block.size());
  EXPECT_EQ(writer.end(), 65536u);
  EXPECT_EQ(writer.lost(), 0u);
  writer.append(block.data(), block.size());  // one segment, nothing older to drop
  EXPECT_EQ(writer.end(), 65536u + 8192);
  EXPECT_EQ(writer.lost(), 8192u);
  writer.append("after", 5);  // the full segment is the oldest now and makes room
  EXPECT_EQ(content("c"), "after");
  EXPECT_EQ(process::ConsoleLog(dir, "c").begin(), 65536u + 8192);
}

}  // namespace
}  // namespace virserver::shim
