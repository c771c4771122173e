// The backends of this host and what they said about themselves.
//
// Discovery runs in parallel, once; until a backend has answered its information says `probing`. Thread-safe.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "backend/backend.hpp"
#include "base/broadcast.hpp"

namespace virserver::session {

class Backends {
 public:
  Backends(std::vector<std::unique_ptr<backend::Backend>> backends, asio::any_io_executor executor);

  // Starts the discovery of every backend, the first time it is called; returns at once.
  void discover();
  bool discovering() const;       // started and not finished
  Task<> wait_discovered();       // starts it if need be; until no backend is probing

  std::vector<std::shared_ptr<const backend::BackendInfo>> infos() const;
  std::shared_ptr<const backend::BackendInfo> info(std::string_view name) const;  // null: no such backend
  backend::Backend* find(std::string_view name) const;

  struct Choice {
    backend::Backend* backend;
    backend::EnginePlan plan;
  };
  struct Verdict {
    std::string backend;
    Result<backend::EnginePlan> plan;
  };
  // Plans the board on `wanted` or, for "auto", on the first backend that takes it, in the order qemu, renode, skyeye.
  // A node that names a backend wins over "auto". Errors: those of Backend::plan.
  Task<Result<Choice>> choose(const board::Board& board, std::string_view wanted);
  Task<std::vector<Verdict>> check(const board::Board& board, std::string_view wanted);

 private:
  struct Entry {
    std::unique_ptr<backend::Backend> backend;
    std::shared_ptr<const backend::BackendInfo> info;
  };
  std::vector<Entry> entries_;
  asio::any_io_executor executor_;
  std::atomic<bool> started_ = false;
  mutable std::mutex mutex_;  // guards Entry::info
  Broadcast discovered_;
};

}  // namespace virserver::session
