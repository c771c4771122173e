// Sessions share uploaded content. Storing it together with its row, and removing it once no row is left, must not
// overlap, or a removal takes away what another session has just found to be there. Thread-safe.
#pragma once
#include <mutex>
#include <utility>

#include "base/broadcast.hpp"

namespace virserver::session {

class ContentLock {
 public:
  class Hold {
   public:
    explicit Hold(ContentLock& lock) : lock_(&lock) {}
    Hold(Hold&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {}
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
      if (!lock_) return;
      {
        std::lock_guard guard(lock_->mutex_);
        lock_->held_ = false;
      }
      lock_->released_.notify();
    }

   private:
    ContentLock* lock_;
  };

  Task<Hold> lock() {
    const auto watch = released_.watch(co_await asio::this_coro::executor);
    while (!try_lock()) co_await watch->wait();
    co_return Hold(*this);
  }

 private:
  bool try_lock() {
    std::lock_guard guard(mutex_);
    return !std::exchange(held_, true);
  }

  std::mutex mutex_;
  bool held_ = false;
  Broadcast released_;
};

}  // namespace virserver::session
