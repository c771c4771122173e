#include "base/error.hpp"

#include <cerrno>
#include <system_error>

namespace virserver {

Error system_error(ErrorCode code, int errno_value, std::string what) {
  if (errno_value == ENOSPC || errno_value == EDQUOT) code = ErrorCode::STORAGE_FULL;
  Error error{code, fmt::format("{}: {}", what, std::generic_category().message(errno_value))};
  error.details["errno"] = errno_value;
  return error;
}

}  // namespace virserver
