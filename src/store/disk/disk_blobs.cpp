#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "base/blocking.hpp"
#include "base/fd.hpp"
#include "store/disk/sha256.hpp"
#include "store/store.hpp"

namespace virserver::store {
namespace {

namespace fs = std::filesystem;

Error io_error(int errno_value, std::string what) {
  if (errno_value == EFBIG) errno_value = ENOSPC;  // the process's own limit on file sizes: as good as full
  auto error = system_error(ErrorCode::STORAGE_ERROR, errno_value, std::move(what));
  if (error.code == ErrorCode::STORAGE_FULL)
    error.message = "the disk that holds the data directory is full; free some space and try again";
  return error;
}

Result<void> sync_directory(const fs::path& dir) {
  Fd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return fail(io_error(errno, fmt::format("cannot sync {}", dir.string())));
  return {};
}

bool is_hash(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// A file in tmp/ until it is committed. All members but `path` are touched by one pool thread at a time.
class Staged {
 public:
  explicit Staged(fs::path root) : root_(std::move(root)) {}
  ~Staged() {
    if (fd_) ::unlink(path.c_str());
  }

  Result<void> open() {
    auto name = (root_ / "tmp" / "blob-XXXXXX").string();
    fd_.reset(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd_) return fail(io_error(errno, fmt::format("cannot create a file in {}", (root_ / "tmp").string())));
    path = name;
    return {};
  }

  Result<void> write(std::span<const std::byte> bytes) {
    if (!fd_ || !name_.empty()) return fail(ErrorCode::STORAGE_ERROR, "the upload was ended by an earlier failure; send it again");
    hash_.update(bytes);
    while (!bytes.empty()) {
      const auto n = ::write(fd_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return discard(errno, "cannot write to");
      bytes = bytes.subspan(static_cast<std::size_t>(n));
      size_ += static_cast<std::uint64_t>(n);
    }
    return {};
  }

  std::string hash() {
    if (name_.empty()) name_ = hash_.finish();
    return name_;
  }

  Result<std::string> commit() {
    if (!fd_) return fail(ErrorCode::STORAGE_ERROR, "the upload was ended by an earlier failure; send it again");
    const std::string name = hash();
    const auto dir = root_ / name.substr(0, 2), target = dir / name.substr(2);
    struct stat have;
    if (::stat(target.c_str(), &have) == 0 && static_cast<std::uint64_t>(have.st_size) == size_) {
      ::unlink(path.c_str());
      fd_.reset();
      return name;
    }
    // Read-only: whatever is bound into a sandbox must not be able to change the kept content.
    if (::fchmod(fd_.get(), 0444) != 0) return discard(errno, "cannot protect");
    if (::fsync(fd_.get()) != 0) return discard(errno, "cannot sync");
    const bool made = ::mkdir(dir.c_str(), 0777) == 0;
    if (!made && errno != EEXIST) return discard(errno, "cannot make a folder for");
    if (::rename(path.c_str(), target.c_str()) != 0) return discard(errno, "cannot move into place");
    fd_.reset();
    if (auto synced = sync_directory(dir); !synced) return pass(synced);
    if (made)
      if (auto synced = sync_directory(root_); !synced) return pass(synced);
    return name;
  }

  fs::path path;

 private:
  std::unexpected<Error> discard(int errno_value, std::string_view what) {
    ::unlink(path.c_str());
    fd_.reset();
    return fail(io_error(errno_value, fmt::format("{} {}", what, path.string())));
  }

  fs::path root_;
  Fd fd_;
  Sha256 hash_;
  std::string name_;  // once the hash is finished
  std::uint64_t size_ = 0;
};

class DiskWriter final : public Blobs::Writer {
 public:
  DiskWriter(std::shared_ptr<Staged> file, asio::thread_pool& pool) : file_(std::move(file)), pool_(pool) {}

  Task<Result<void>> write(std::span<const std::byte> bytes) override {
    auto work = [file = file_, bytes] { return file->write(bytes); };
    co_return co_await blocking(pool_, std::move(work));
  }
  Task<std::string> hash() override {
    auto work = [file = file_] { return file->hash(); };
    co_return co_await blocking(pool_, std::move(work));
  }
  Task<Result<std::string>> commit() override {
    auto work = [file = file_] { return file->commit(); };
    co_return co_await blocking(pool_, std::move(work));
  }
  fs::path staged() const override { return file_->path; }

 private:
  std::shared_ptr<Staged> file_;  // shared with work that is still running when the writer goes
  asio::thread_pool& pool_;
};

class DiskBlobs final : public Blobs {
 public:
  DiskBlobs(fs::path root, asio::thread_pool& pool) : root_(std::move(root)), pool_(pool) {}

  Task<Result<std::unique_ptr<Writer>>> create() override {
    auto work = [root = root_]() -> Result<std::shared_ptr<Staged>> {
      auto file = std::make_shared<Staged>(root);
      if (auto opened = file->open(); !opened) return pass(opened);
      return file;
    };
    auto file = co_await blocking(pool_, std::move(work));
    if (!file) co_return pass(file);
    co_return std::make_unique<DiskWriter>(std::move(*file), pool_);
  }

  Task<Result<fs::path>> local_path(std::string sha256) override {
    if (!is_hash(sha256)) co_return fail(ErrorCode::INVALID_REQUEST, "a blob is named by 64 lower-case hex digits");
    auto work = [path = path_of(sha256), sha256]() -> Result<fs::path> {
      if (::access(path.c_str(), R_OK) == 0) return path;
      if (errno == ENOENT) return fail(ErrorCode::NOT_FOUND, "the content {} is not in the store", sha256);
      return fail(io_error(errno, fmt::format("cannot read {}", path.string())));
    };
    co_return co_await blocking(pool_, std::move(work));
  }

  Task<Result<void>> remove(std::string sha256) override {
    if (!is_hash(sha256)) co_return fail(ErrorCode::INVALID_REQUEST, "a blob is named by 64 lower-case hex digits");
    auto work = [path = path_of(sha256), sha256]() -> Result<void> {
      if (::unlink(path.c_str()) == 0) return {};
      if (errno == ENOENT) return fail(ErrorCode::NOT_FOUND, "the content {} is not in the store", sha256);
      return fail(io_error(errno, fmt::format("cannot remove {}", path.string())));
    };
    co_return co_await blocking(pool_, std::move(work));
  }

 private:
  fs::path path_of(const std::string& sha256) const { return root_ / sha256.substr(0, 2) / sha256.substr(2); }

  fs::path root_;
  asio::thread_pool& pool_;
};

}  // namespace

std::unique_ptr<Blobs> open_disk_blobs(const fs::path& dir, asio::thread_pool& pool) {
  const auto staging = dir / "tmp";
  try {
    fs::create_directories(staging);
    for (const auto& left : fs::directory_iterator(staging)) fs::remove_all(left.path());  // of a run that was cut off
  } catch (const fs::filesystem_error& e) {
    throw std::runtime_error(fmt::format("cannot use {} for uploaded files: {}", dir.string(), e.code().message()));
  }
  return std::make_unique<DiskBlobs>(fs::absolute(dir), pool);
}

}  // namespace virserver::store
