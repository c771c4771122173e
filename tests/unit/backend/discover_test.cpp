#include "backend/qemu/discover.hpp"

#include <sys/stat.h>

#include <fstream>

#include "support.hpp"

namespace virserver::backend::qemu {
namespace {

using namespace std::chrono_literals;

// Executables that behave badly, as scripts in a directory of their own.
class DiscoverTest : public ::testing::Test {
 protected:
  DiscoverTest() {
    char name[] = "/tmp/vs-discover-XXXXXX";
    directory = ::mkdtemp(name);
  }
  ~DiscoverTest() override { std::filesystem::remove_all(directory); }
  std::filesystem::path script(const std::string& name, const std::string& body) {
    const auto path = directory / name;
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    ::chmod(path.c_str(), 0755);
    return path;
  }
  std::filesystem::path directory;
  asio::io_context io{1};
};

TEST_F(DiscoverTest, AHangingQemuIsBrokenAndEnded) {
  auto path = script("qemu-system-arm", "echo $$ > " + (directory / "pid").string() + "\nexec sleep 1000");
  const auto begin = std::chrono::steady_clock::now();
  auto binary = testing::run(io, inspect(path, 200ms));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
  EXPECT_NE(binary->error.find("did not answer"), std::string::npos) << binary->error;
  int pid = 0;
  std::ifstream(directory / "pid") >> pid;
  ASSERT_GT(pid, 0);
  EXPECT_EQ(::kill(pid, 0), -1) << "still there";
  auto info = describe({binary});
  EXPECT_EQ(info.status, Status::broken);
  for (const char* name : feature_names) {
    ASSERT_TRUE(info.features.contains(name));
    EXPECT_FALSE(info.features[name].available);
    EXPECT_FALSE(info.features[name].reason.empty());
  }
}

TEST_F(DiscoverTest, ADyingQemuSaysWhatItPrinted) {
  auto path = script("qemu-system-arm", "echo 'error while loading shared libraries: libfoo.so' >&2; exit 127");
  auto binary = testing::run(io, inspect(path, 2s));
  EXPECT_NE(binary->error.find("libfoo.so"), std::string::npos) << binary->error;
}

TEST_F(DiscoverTest, AQemuThatTalksNonsenseIsBroken) {
  auto path = script("qemu-system-arm", "yes nonsense");
  auto binary = testing::run(io, inspect(path, 2s));
  EXPECT_FALSE(binary->error.empty());
}

TEST_F(DiscoverTest, NoneInstalledIsAbsent) {
  EXPECT_TRUE(find_binaries({directory}).empty());
  auto info = describe({});
  EXPECT_EQ(info.status, Status::absent);
  EXPECT_NE(info.reason.find("apt-get install"), std::string::npos);
}

TEST_F(DiscoverTest, FindsOnlyExecutables) {
  script("qemu-system-arm", "");
  std::ofstream(directory / "qemu-system-riscv32") << "no";
  script("qemu-img", "");
  auto found = find_binaries({directory});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].filename(), "qemu-system-arm");
}

}  // namespace
}  // namespace virserver::backend::qemu
