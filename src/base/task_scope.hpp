// The owner of concurrent tasks: whatever is spawned here ends before `stop()` completes.
//
// Contract: belongs to one executor, all calls on it. `stop()` cancels every task (terminal cancellation) and waits for
// them; after it, `spawn` ignores its task. The destructor only checks that stop() was called when anything ran.
#pragma once
#include <list>
#include <string>

#include "base/asio.hpp"

namespace virserver {

class TaskScope {
 public:
  TaskScope(asio::any_io_executor executor, std::string name);
  ~TaskScope();
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;

  // Runs `task` concurrently on the scope's executor. An escaping exception is logged with the scope's name.
  void spawn(Task<> task);
  Task<> stop();
  bool stopping() const { return stopping_; }
  std::size_t running() const { return tasks_.size(); }

 private:
  struct Entry {
    asio::cancellation_signal cancel;
  };
  asio::any_io_executor executor_;
  std::string name_;
  std::list<Entry> tasks_;
  bool stopping_ = false;
  asio::steady_timer idle_;
};

}  // namespace virserver
