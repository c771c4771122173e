#include "backend/engine_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.hpp"
#include "process/safe_open.hpp"

namespace virserver::backend {

Result<void> write_engine_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  ::unlink(path.c_str());
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!fd) return fail(system_error(ErrorCode::STORAGE_ERROR, errno, "creating a file in the engine's directory"));
  ::fchmod(fd.get(), 0644);  // the emulator may run as another user
  while (!bytes.empty()) {
    const auto n = ::write(fd.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(system_error(ErrorCode::STORAGE_ERROR, n < 0 ? errno : EIO, "writing a file for the emulator"));
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

std::string read_engine_file(const std::filesystem::path& path, std::size_t max) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  std::string text(max, '\0');
  const auto n = ::read(fd.get(), text.data(), text.size());
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

Result<Bytes> take_engine_file(const std::filesystem::path& directory, const std::string& name, std::size_t size) {
  auto dir = process::open_directory(directory);
  if (!dir) return pass(dir);
  const Fd file = process::open_beneath(dir->get(), name, O_RDONLY);
  ::unlinkat(dir->get(), name.c_str(), 0);
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) || static_cast<std::uint64_t>(info.st_size) != size)
    return fail(ErrorCode::ENGINE_PROTOCOL, "the emulator did not write the memory it was asked for");
  Bytes bytes(size);
  for (std::size_t at = 0; at < size;) {
    const auto count = ::read(file.get(), bytes.data() + at, size - at);
    if (count <= 0) return fail(system_error(ErrorCode::STORAGE_ERROR, errno, "reading the emulator's memory file"));
    at += static_cast<std::size_t>(count);
  }
  return bytes;
}

}  // namespace virserver::backend
