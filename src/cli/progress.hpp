// Tells on standard error what takes longer than about a second: a line that is rewritten on a terminal, one line
// elsewhere.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/asio.hpp"

namespace virserver::cli {

class Progress {
 public:
  // Appears a second from now unless it is destroyed before. `label`: "uploading fw.elf".
  Progress(asio::any_io_executor executor, std::string label);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::uint64_t done, std::uint64_t total);

 private:
  struct State;
  static Task<> tick(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace virserver::cli
