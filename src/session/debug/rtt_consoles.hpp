// The RTT channels of the running program as consoles rtt0, rtt1, ...: looked for, read and written while it runs.
//
// What is read goes into the console's log as the shim writes it, so every reader of consoles has it. Belongs to one
// executor. `stop()` must be awaited before destruction and before the memory goes.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>

#include "base/async_mutex.hpp"
#include "base/fd.hpp"
#include "base/task_scope.hpp"
#include "session/debug/rtt.hpp"

namespace virserver::shim {
class LogWriter;
}

namespace virserver::session {

// Where a control block may be.
struct RttSearch {
  struct Range {
    std::uint64_t address = 0, size = 0;
  };
  std::vector<std::uint64_t> symbols;  // of _SEGGER_RTT in the loaded programs
  std::vector<Range> ranges;           // searched when there is no symbol; may be empty
  RttLayout layout;
};

class RttConsoles {
 public:
  // `memory` outlives it. `found` is called when channels() has changed, `grown` after a console's log has grown.
  RttConsoles(asio::any_io_executor executor, std::filesystem::path console_dir, RttMemory& memory, std::function<void()> found,
              std::function<void()> grown);
  ~RttConsoles();

  void start(RttSearch search);  // the program runs now
  Task<> stop();

  struct Channel {
    std::string console;  // "rtt0"
    std::string name;     // as the program calls it
    bool output = false, input = false;
  };
  std::vector<Channel> channels() const;  // of the control block that was found last

  // Completes when the program has room for all of it. Errors: CONSOLE_NOT_FOUND, CONSOLE_CLOSED (no control block now).
  Task<Result<void>> write(std::string console, Bytes bytes);

  static bool is_name(std::string_view console);  // "rtt" and a number

 private:
  Task<> look(RttSearch search);
  Task<bool> find(const RttSearch& search);
  Task<bool> find_in(const RttSearch& search, const RttSearch::Range& range);
  void keep(const Rtt::Output& output);

  asio::any_io_executor executor_;
  std::filesystem::path console_dir_;
  RttMemory& memory_;
  std::function<void()> found_, grown_;
  std::unique_ptr<TaskScope> scope_;
  asio::steady_timer pause_;  // between looks
  bool stopping_ = false;
  AsyncMutex turn_;  // reading and writing move offsets in the same block
  std::optional<Rtt> rtt_;
  std::vector<Channel> channels_;
  std::map<unsigned, std::unique_ptr<shim::LogWriter>> logs_;
  Fd directory_;
};

}  // namespace virserver::session
