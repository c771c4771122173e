#include "cli/board_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.hpp"
#include "cli/context.hpp"
#include "cli/text.hpp"

namespace virserver::cli {

Outcome<> write_board_file(const std::string& path, const std::string& content, bool force) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL), 0666));
  if (!file && errno == EEXIST)
    return fail(Failure{exit_usage, printable(path) + " exists", "FILE", "choose another name, or --force to replace it"});
  if (!file || !write_all(file.get(), content)) return fail(exit_usage, "FILE", "cannot write {}: {}", printable(path), std::strerror(errno));
  return {};
}

}  // namespace virserver::cli
