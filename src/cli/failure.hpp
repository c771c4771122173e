// How a command fails: an exit status and what the person at the terminal should read.
#pragma once
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

namespace virserver::cli {

// Exit statuses of virctl; they are part of its interface.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_unreachable = 3;
inline constexpr int exit_timeout = 124;

struct Failure {
  int status = exit_failed;
  std::string message;              // a sentence in lower case without the final stop
  std::string code = {};            // the API's stable code, or one of virctl's own; may be empty
  std::string hint = {};            // what to do; may be empty
  boost::json::object details = {}; // as the API gave them
  int http_status = 0;              // 0: not an answer of the server
};

template <class T = void>
using Outcome = std::expected<T, Failure>;

template <class... Args>
[[nodiscard]] std::unexpected<Failure> fail(int status, std::string code, fmt::format_string<Args...> format,
                                            Args&&... args) {
  return std::unexpected(Failure{status, fmt::format(format, std::forward<Args>(args)...), std::move(code)});
}
[[nodiscard]] inline std::unexpected<Failure> fail(Failure failure) { return std::unexpected(std::move(failure)); }

// `if (!r) co_return pass(r);` hands the failure of any Outcome on.
template <class T>
[[nodiscard]] std::unexpected<Failure> pass(Outcome<T>& outcome) {
  return std::unexpected(std::move(outcome.error()));
}

}  // namespace virserver::cli
