#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "process/sandbox.hpp"

namespace virserver::process {
namespace {

using testing::Contains;
using testing::Not;
using Strings = std::vector<std::string>;

PrepareSpec spec() {
  PrepareSpec spec;
  spec.engine_dir = "/data/engine";
  spec.console_dir = "/data/consoles";
  spec.read_only = {"/opt/renode"};
  spec.limits.memory_mb = 256;
  return spec;
}

bool has(const Strings& argv, const Strings& part) {
  return std::search(argv.begin(), argv.end(), part.begin(), part.end()) != argv.end();
}

TEST(SandboxCommand, FullUsesEveryNamespaceAndBindsOnlyWhatIsNeeded) {
  HostConfig config;
  SandboxSupport support;
  support.full = support.no_nested_userns = true;
  const auto argv = shim_command(config, support, spec(), true);
  EXPECT_EQ(argv[0], "bwrap");
  for (const char* option : {"--unshare-all", "--as-pid-1", "--disable-userns", "--new-session"}) EXPECT_THAT(argv, Contains(option));
  EXPECT_TRUE(has(argv, {"--cap-drop", "ALL"}));
  EXPECT_TRUE(has(argv, {"--bind", "/data/engine", "/data/engine", "--bind", "/data/consoles", "/data/consoles"}));
  EXPECT_TRUE(has(argv, {"--ro-bind", "/opt/renode", "/opt/renode"}));
  EXPECT_TRUE(has(argv, {"--remount-ro", "/"}));
  EXPECT_FALSE(has(argv, {"--bind", "/", "/"}));
  EXPECT_FALSE(has(argv, {"--ro-bind", "/", "/"}));
  EXPECT_THAT(argv, Not(Contains("--share-net")));
  EXPECT_THAT(argv, Not(Contains("--die-with-parent")));
  EXPECT_TRUE(has(argv, {"--", "/proc/self/fd/3", "/data/engine", "/data/consoles"}));
  EXPECT_TRUE(has(argv, {"--memory", "268435456"}));
  EXPECT_THAT(argv, Not(Contains("--reduced")));
  // A private /tmp must not hide an engine directory under /tmp.
  const auto tmp = std::find(argv.begin(), argv.end(), "/tmp"), engine = std::find(argv.begin(), argv.end(), "/data/engine");
  EXPECT_LT(tmp, engine);
}

TEST(SandboxCommand, RootChangesUserFirst) {
  SandboxSupport support;
  support.full = true;
  support.uid = 65534;
  const auto argv = shim_command({}, support, spec(), false);
  const Strings expected = {"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--", "bwrap"};
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), argv.begin()));
  EXPECT_THAT(argv, Not(Contains("--memory")));  // a cgroup does it
}

TEST(SandboxCommand, ReducedStartsTheShimAloneAndTellsIt) {
  HostConfig config;
  config.die_with_server = true;
  const auto argv = shim_command(config, {}, spec(), true);
  EXPECT_EQ(argv[0], "/proc/self/fd/3");
  EXPECT_THAT(argv, Contains("--reduced"));
  EXPECT_THAT(argv, Contains("--die-with-server"));
  EXPECT_TRUE(has(argv, {"--read-only", "/opt/renode"}));
}

}  // namespace
}  // namespace virserver::process
