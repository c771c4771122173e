#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>

#include "support.hpp"

namespace virserver::store {
namespace {

namespace fs = std::filesystem;
constexpr auto kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";  // FIPS 180-2, "abc"

class DiskBlobs : public testing::Test {
 protected:
  DiskBlobs() : blobs(open_disk_blobs(dir.path / "blobs", pool)) {}
  std::unique_ptr<Blobs::Writer> writer() { return std::move(run(blobs->create()).value()); }
  Result<std::string> store(std::string_view text) {
    auto out = writer();
    if (auto written = run(out->write(as_bytes(text))); !written) return pass(written);
    return run(out->commit());
  }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(dir.path)) count += entry.is_regular_file();
    return count;
  }

  TempDir dir;
  asio::thread_pool pool{2};
  std::unique_ptr<Blobs> blobs;
};

TEST_F(DiskBlobs, AreNamedByTheirContentAndKeptOnce) {
  auto out = writer();
  ASSERT_TRUE(run(out->write(as_bytes("a"))));
  ASSERT_TRUE(run(out->write(as_bytes("bc"))));
  EXPECT_EQ(fs::file_size(out->staged()), 3u);
  EXPECT_EQ(run(blobs->local_path(kAbc)).error().code, ErrorCode::NOT_FOUND);
  EXPECT_EQ(run(out->commit()).value(), kAbc);
  EXPECT_EQ(store("abc").value(), kAbc);
  EXPECT_EQ(files(), 1u);
  auto path = run(blobs->local_path(kAbc)).value();
  EXPECT_EQ(path, dir.path / "blobs" / "ba" / (kAbc + 2));
  std::ifstream in(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "abc");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms(0444));
  ASSERT_TRUE(run(blobs->remove(kAbc)));
  EXPECT_EQ(run(blobs->remove(kAbc)).error().code, ErrorCode::NOT_FOUND);
}

TEST_F(DiskBlobs, ADamagedBlobIsReplacedByTheNextUpload) {
  ASSERT_TRUE(store("abc"));
  auto path = run(blobs->local_path(kAbc)).value();
  fs::permissions(path, fs::perms(0644));
  fs::resize_file(path, 1);
  ASSERT_TRUE(store("abc"));
  EXPECT_EQ(fs::file_size(path), 3u);
}

TEST_F(DiskBlobs, AnAbandonedWriterLeavesNothing) {
  auto out = writer();
  ASSERT_TRUE(run(out->write(as_bytes("abc"))));
  EXPECT_EQ(files(), 1u);
  out.reset();
  EXPECT_EQ(files(), 0u);
}

TEST_F(DiskBlobs, WhatACutOffRunLeftIsRemovedAtOpen) {
  ASSERT_TRUE(store("abc"));
  std::ofstream(dir.path / "blobs" / "tmp" / "blob-left") << "half";
  blobs = open_disk_blobs(dir.path / "blobs", pool);
  EXPECT_EQ(files(), 1u);
  EXPECT_TRUE(run(blobs->local_path(kAbc)));
}

TEST_F(DiskBlobs, OnlyHashesAreNames) {
  for (std::string name : {"", "../../etc/passwd", "BA7816BF", "ba/../../../x"}) {
    EXPECT_EQ(run(blobs->local_path(name)).error().code, ErrorCode::INVALID_REQUEST) << name;
    EXPECT_EQ(run(blobs->remove(name)).error().code, ErrorCode::INVALID_REQUEST) << name;
  }
}

TEST_F(DiskBlobs, AFullDiskIsToldAndLeavesNothing) {
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit small{64 * 1024, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  auto out = writer();
  auto written = run(out->write(as_bytes(std::string(256 * 1024, 'x'))));
  auto committed = run(out->commit());
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::STORAGE_FULL) << written.error().message;
  EXPECT_FALSE(committed);
  EXPECT_EQ(files(), 0u);
  EXPECT_TRUE(store("abc"));
}

}  // namespace
}  // namespace virserver::store
