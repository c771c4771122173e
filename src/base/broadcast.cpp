#include "base/broadcast.hpp"

namespace virserver {

Task<bool> Watch::wait(std::chrono::milliseconds timeout) {
  if (pending_.exchange(false)) co_return true;
  waiting_ = true;
  timer_.expires_after(timeout);
  if (pending_.exchange(false)) {  // between the check and the arming
    waiting_ = false;
    co_return true;
  }
  auto [ec] = co_await timer_.async_wait(tuple_awaitable);
  waiting_ = false;
  const bool notified = pending_.exchange(false);
  if (!ec) co_return notified;
  // The timer is cancelled by a notification (perhaps one whose news an earlier wait has already returned), or with the coroutine.
  const auto cancelled = co_await asio::this_coro::cancellation_state;
  if (cancelled.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);
  co_return true;
}

void Watch::notify() {
  if (pending_.exchange(true)) return;
  auto wake = [self = shared_from_this()] {
    if (self->waiting_) self->timer_.cancel();
  };
  asio::post(timer_.get_executor(), std::move(wake));
}

std::shared_ptr<Watch> Broadcast::watch(asio::any_io_executor executor) {
  auto created = std::make_shared<Watch>(std::move(executor));
  std::lock_guard lock(mutex_);
  std::erase_if(watches_, [](const auto& weak) { return weak.expired(); });
  watches_.push_back(created);
  return created;
}

void Broadcast::notify() {
  std::lock_guard lock(mutex_);
  for (const auto& weak : watches_)
    if (const auto watch = weak.lock()) watch->notify();
}

}  // namespace virserver
