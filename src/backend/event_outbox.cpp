#include "backend/event_outbox.hpp"

#include <chrono>

namespace virserver::backend {

void EventOutbox::put(EngineEvent event) {
  if (listener_ && waiting_.empty()) return listener_(event);
  waiting_.push_back(std::move(event));
  if (delivering_) return;
  delivering_ = true;
  scope_.spawn(deliver());
}

void EventOutbox::flush() {
  while (listener_ && !waiting_.empty()) {
    const EngineEvent event = std::move(waiting_.front());
    waiting_.pop_front();
    listener_(event);
  }
}

// The owner can listen only once it has the engine in hand; a guest may have ended by then.
Task<> EventOutbox::deliver() {
  asio::steady_timer timer(executor_);
  while (!waiting_.empty() && !scope_.stopping()) {
    flush();
    if (waiting_.empty()) break;
    timer.expires_after(std::chrono::milliseconds(1));
    co_await timer.async_wait(tuple_awaitable);
  }
  delivering_ = false;
}

}  // namespace virserver::backend
