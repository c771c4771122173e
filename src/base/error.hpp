// Expected failures are values: `Result<T>`. An exception is a bug or a failed start.
#pragma once
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

#include "base/error_code.hpp"

namespace virserver {

// `message` says what was wrong and what to do, in a sentence that starts in lower case; it is shown to users as it is.
// `details` holds the facts for programs (pointer, line, minimum, findings, ...).
struct Error {
  ErrorCode code = ErrorCode::INTERNAL;
  std::string message;
  boost::json::object details = {};
};

template <class T = void>
using Result = std::expected<T, Error>;

// `return fail(ErrorCode::IMAGE_EMPTY, "the file {} is empty", name);`
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

// `if (!r) return pass(r);` hands the error of any Result on.
template <class T>
[[nodiscard]] std::unexpected<Error> pass(Result<T>& result) { return std::unexpected(std::move(result.error())); }
template <class T>
[[nodiscard]] std::unexpected<Error> pass(Result<T>&& result) { return std::unexpected(std::move(result.error())); }

// The error for a failed system call: STORAGE_FULL for ENOSPC and EDQUOT, else `code`; adds strerror.
[[nodiscard]] Error system_error(ErrorCode code, int errno_value, std::string what);

}  // namespace virserver
