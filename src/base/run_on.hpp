// Runs a coroutine on another executor and resumes the caller on its own.
//
// The caller's cancellation does not reach the task: it runs to its end and the caller waits for it. Asio (1.81) hands a
// cancellation to another executor as a bare pointer to a signal that the caller owns; a task that ends just then leaves
// that pointer dangling. It would also cut a session's operation in two because a client hung up.
#pragma once
#include "base/asio.hpp"

namespace virserver {

template <class Executor, class T>
Task<T> run_on(Executor executor, Task<T> task) {
  auto uncancelled = asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable);
  co_return co_await asio::co_spawn(std::move(executor), std::move(task), std::move(uncancelled));
}

}  // namespace virserver
