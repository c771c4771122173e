// The backends of this host and what they said about themselves.
//
// Discovery runs in parallel at start-up; until a backend has answered its information says `probing`, or what was kept
// from the last run of the server, if the tools are still the same. Thread-safe.
#pragma once
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "backend/backend.hpp"
#include "base/broadcast.hpp"

namespace virserver::session {

class Backends {
 public:
  explicit Backends(std::vector<std::unique_ptr<backend::Backend>> backends);

  // Starts discovery of every backend on `executor`; returns at once.
  void discover(asio::any_io_executor executor);
  Task<> wait_discovered();  // until no backend is probing

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
  mutable std::mutex mutex_;  // guards Entry::info
  Broadcast discovered_;
};

}  // namespace virserver::session
