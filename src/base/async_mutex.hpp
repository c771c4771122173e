// Mutual exclusion between the coroutines of one executor (never between threads).
#pragma once
#include <deque>
#include <memory>

#include "base/asio.hpp"

namespace virserver {

class AsyncMutex {
 public:
  explicit AsyncMutex(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  class Lock {
   public:
    Lock() = default;
    explicit Lock(AsyncMutex* mutex) : mutex_(mutex) {}
    Lock(Lock&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Lock& operator=(Lock&& other) noexcept {
      if (this != &other) {
        release();
        mutex_ = std::exchange(other.mutex_, nullptr);
      }
      return *this;
    }
    ~Lock() { release(); }
    void release() {
      if (auto* mutex = std::exchange(mutex_, nullptr)) mutex->unlock();
    }

   private:
    AsyncMutex* mutex_ = nullptr;
  };

  // Waiters are served in order; a waiter that is cancelled throws operation_aborted and leaves the queue.
  Task<Lock> lock() {
    if (!locked_) {
      locked_ = true;
      co_return Lock(this);
    }
    auto timer = std::make_shared<asio::steady_timer>(executor_, asio::steady_timer::time_point::max());
    waiters_.push_back(timer);
    co_await timer->async_wait(tuple_awaitable);
    if (std::erase(waiters_, timer) > 0) throw boost::system::system_error(asio::error::operation_aborted);
    co_return Lock(this);  // unlock() took us from the queue: the mutex is ours
  }
  bool locked() const { return locked_; }

 private:
  void unlock() {
    if (waiters_.empty()) {
      locked_ = false;
      return;
    }
    auto next = std::move(waiters_.front());
    waiters_.pop_front();
    next->cancel();
  }
  asio::any_io_executor executor_;
  std::deque<std::shared_ptr<asio::steady_timer>> waiters_;
  bool locked_ = false;
};

}  // namespace virserver
