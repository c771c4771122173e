#include "process/safe_open.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace virserver::process {

Result<Fd> open_directory(const std::filesystem::path& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail(system_error(ErrorCode::STORAGE_ERROR, errno, fmt::format("cannot open the directory {}", path.string())));
  return fd;
}

Fd open_beneath(int dir, const std::string& name, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  if (!(flags & O_PATH)) how.flags |= O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return Fd(static_cast<int>(syscall(SYS_openat2, dir, name.c_str(), &how, sizeof how)));
}

Result<std::string> read_small_file(int dir, const std::string& name, std::size_t max) {
  const Fd fd = open_beneath(dir, name, O_RDONLY);
  if (!fd && errno == ENOENT) return fail(ErrorCode::NOT_FOUND, "there is no {}", name);
  struct stat st {};
  if (!fd || fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode) || static_cast<std::uint64_t>(st.st_size) > max)
    return fail(ErrorCode::STORAGE_ERROR, "{} is not a regular file of at most {} bytes", name, max);
  std::string text(max, '\0');
  const ssize_t n = pread(fd.get(), text.data(), text.size(), 0);
  if (n < 0) return fail(system_error(ErrorCode::STORAGE_ERROR, errno, "cannot read " + name));
  text.resize(static_cast<std::size_t>(n));
  return text;
}

}  // namespace virserver::process
