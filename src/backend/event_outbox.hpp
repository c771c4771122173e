// An engine's events on their way to its owner: in order, and none is lost that comes before the owner listens.
#pragma once
#include <deque>
#include <functional>

#include "backend/engine.hpp"
#include "base/task_scope.hpp"

namespace virserver::backend {

// Belongs to an engine and its executor; all calls there. `scope` and `listener` (Engine::on_event, which may be set later)
// are the engine's and outlive it; stop the scope before destruction.
class EventOutbox {
 public:
  using Listener = std::function<void(const EngineEvent&)>;
  EventOutbox(asio::any_io_executor executor, TaskScope& scope, const Listener& listener)
      : executor_(std::move(executor)), scope_(scope), listener_(listener) {}

  // At once when the owner listens; else as soon as it does.
  void put(EngineEvent event);
  // Delivers what waits, if the owner listens: nobody may hear of an end later than of the call that caused it.
  void flush();

 private:
  Task<> deliver();

  asio::any_io_executor executor_;
  TaskScope& scope_;
  const Listener& listener_;
  std::deque<EngineEvent> waiting_;
  bool delivering_ = false;
};

}  // namespace virserver::backend
