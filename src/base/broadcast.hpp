// "Something changed": from any thread to any number of waiting coroutines on their own executors.
//
// A notification between two waits is never lost, many are merged into one. It carries no data: the waiter looks at
// the source (a log's end offset, the event table), which is what keeps slow readers from costing memory.
#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "base/asio.hpp"

namespace virserver {

// One waiter; all calls on the executor it was made with.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  explicit Watch(asio::any_io_executor executor) : timer_(executor) {}

  // Completes at the next notification (at once if one came since the last wait), true; or false after `timeout`.
  // Throws operation_aborted when the waiting coroutine is cancelled.
  Task<bool> wait(std::chrono::milliseconds timeout = std::chrono::hours(24));

  void notify();  // thread-safe

 private:
  asio::steady_timer timer_;
  std::atomic<bool> pending_ = false;
  bool waiting_ = false;
};

class Broadcast {
 public:
  std::shared_ptr<Watch> watch(asio::any_io_executor executor);  // thread-safe
  void notify();                                                 // thread-safe

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<Watch>> watches_;
};

}  // namespace virserver
