#include "server/data_dir.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace virserver::server {

Fd open_data_dir(const std::filesystem::path& dir) {
  std::error_code ec;
  const bool created = std::filesystem::create_directories(dir, ec);
  if (ec) throw std::runtime_error(fmt::format("the data directory {} cannot be made: {}; choose another with --data", dir.string(), ec.message()));
  if (created) ::chmod(dir.c_str(), 0711);
  const auto lock_file = dir / "lock";
  Fd lock(::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) throw std::runtime_error(fmt::format("{} cannot be written: {}; choose another directory with --data", lock_file.string(), std::strerror(errno)));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    throw std::runtime_error(fmt::format("another virserver uses the data directory {}; stop it, or give this one its own with --data", dir.string()));
  return lock;
}

}  // namespace virserver::server
