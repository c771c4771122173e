// Looks now and then whether the guest touches what is not emulated, by opening QEMU's log for a moment.
//
// The log costs a guest that spins on such a register 30 times its speed while it is open, and QEMU waits for whoever
// reads it. So: a window of at most 20 ms a second, closed early when much has come, less often while nothing new is
// seen; the log goes through the shim into a log of its own, never to the user's consoles. Belongs to the engine's executor.
#pragma once
#include <functional>

#include "backend/qemu/guest_log.hpp"
#include "backend/qemu/qmp.hpp"
#include "backend/qemu/watch_settings.hpp"
#include "base/async_mutex.hpp"
#include "process/console_log.hpp"

namespace virserver::backend::qemu {

class GuestWatch {
 public:
  // The pseudo-console that QEMU's log goes to; `-D` names the pipe that the shim makes for it.
  static constexpr const char* console = "diagnosis";
  static constexpr const char* pipe = "diagnosis.out";

  GuestWatch(asio::any_io_executor executor, QmpClient& qmp, process::ConsoleLog log, WatchSettings settings);

  std::function<bool()> running;                                // does the guest run: without it nothing is looked at
  std::function<void(std::vector<GuestAccess>)> on_new;  // accesses of kinds not seen before

  Task<> run();        // until stop() or the connection's end
  Task<> look();       // one window now; returns at once when the guest does not run. Serialised with run()
  Task<> close();      // makes sure that no window is open: before letting go of the emulator, and after taking it over
  void stop();         // run() returns soon

  const GuestLog& seen() const { return seen_; }

 private:
  Task<bool> command(std::string line);
  void read();

  asio::any_io_executor executor_;
  QmpClient& qmp_;
  process::ConsoleLog log_;
  WatchSettings settings_;
  GuestLog seen_;
  AsyncMutex one_window_;
  asio::steady_timer timer_;
  std::uint64_t offset_;
  bool open_ = false, stopping_ = false;
};

}  // namespace virserver::backend::qemu
