#include "base/task_scope.hpp"

#include <cassert>

#include "base/log.hpp"

namespace virserver {

TaskScope::TaskScope(asio::any_io_executor executor, std::string name)
    : executor_(executor), name_(std::move(name)), idle_(executor, asio::steady_timer::time_point::max()) {}

TaskScope::~TaskScope() { assert(tasks_.empty() && "TaskScope destroyed before stop()"); }

void TaskScope::spawn(Task<> task) {
  if (stopping_) return;
  const auto entry = tasks_.emplace(tasks_.end());
  auto done = [this, entry](std::exception_ptr exception) {
    if (exception) {
      try {
        std::rethrow_exception(exception);
      } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted) log::error("task of {} failed: {}", name_, error.what());
      } catch (const std::exception& error) {
        log::error("task of {} failed: {}", name_, error.what());
      }
    }
    tasks_.erase(entry);
    if (tasks_.empty()) idle_.cancel();
  };
  asio::co_spawn(executor_, std::move(task), asio::bind_cancellation_slot(entry->cancel.slot(), std::move(done)));
}

Task<> TaskScope::stop() {
  stopping_ = true;
  // stop() itself must finish even when its caller is cancelled.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  for (auto it = tasks_.begin(); it != tasks_.end();) (it++)->cancel.emit(asio::cancellation_type::terminal);
  while (!tasks_.empty()) co_await idle_.async_wait(tuple_awaitable);
}

}  // namespace virserver
