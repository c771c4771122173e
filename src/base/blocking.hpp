// Runs blocking work (SQLite, disk, libelf) on a small pool and resumes the caller on its own executor.
#pragma once
#include <optional>
#include <type_traits>

#include "base/run_on.hpp"

namespace virserver {

// `auto image = co_await blocking(pool, [path] { return read_image(path); });`
// Name the callable before the co_await when it captures anything. Cancellation does not interrupt the work.
template <class Function>
Task<std::invoke_result_t<Function>> blocking(asio::thread_pool& pool, Function work) {
  using T = std::invoke_result_t<Function>;
  auto run = [](Function function) -> Task<T> { co_return function(); };
  co_return co_await run_on(pool.get_executor(), run(std::move(work)));
}

}  // namespace virserver
