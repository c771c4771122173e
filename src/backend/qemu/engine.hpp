// One running QEMU process.
#pragma once

#include "backend/backend.hpp"
#include "backend/event_outbox.hpp"
#include "backend/qemu/exit_cause.hpp"
#include "backend/qemu/machine.hpp"
#include "backend/qemu/guest_watch.hpp"
#include "backend/qemu/qmp.hpp"
#include "base/broadcast.hpp"
#include "base/task_scope.hpp"

namespace virserver::backend::qemu {

class QemuEngine final : public Engine {
 public:
  struct Options {
    std::filesystem::path engine_dir, console_dir;
    std::string version;              // of the emulator, "7.2.22"
    std::uint64_t output_offset = 0;  // of the emulator's own output, where this run begins
    bool semihosting = false;
    std::chrono::milliseconds command_timeout{5000};
    WatchSettings watch;
    bool guest_log = false;  // the emulator was started with a log of its own for GuestWatch
  };
  QemuEngine(asio::any_io_executor executor, std::unique_ptr<process::EngineProcess> process, Options options);

  // Connects to QMP and takes the state over. Starts watching for the end, whatever comes. An emulator that ended
  // already (a guest may run for a millisecond only) is no error: its exit is the first event.
  // Errors: ENGINE_START_FAILED (details.output: what QEMU printed), ENGINE_TIMEOUT, ENGINE_PROTOCOL.
  Task<Result<void>> connect(std::chrono::milliseconds timeout);

  process::EngineProcess& process() override { return *process_; }
  Task<Result<void>> type(std::string console, Bytes bytes) override;
  Task<Result<void>> pause() override;
  Task<Result<void>> resume() override;
  Task<Result<void>> reset() override;
  bool paused() const override { return paused_; }
  Task<> power_off(std::chrono::milliseconds grace) override;
  void watch_guest() override;
  Task<Result<Observation>> observe() override;
  Task<> stop() override;

  Machine* machine() override { return &machine_; }

  void warn(std::string message);

  // For QemuMachine. Errors as command(): ENGINE_DIED, ENGINE_TIMEOUT, ENGINE_PROTOCOL, UNSUPPORTED_BY_BACKEND.
  const std::string& version() const { return options_.version; }
  unsigned version_major() const;
  const std::filesystem::path& directory() const { return options_.engine_dir; }
  Task<Result<boost::json::value>> execute(std::string name, boost::json::object arguments);
  Task<Result<std::string>> monitor(std::string line);
  Task<Result<void>> reset_only();  // stands or runs as before
  // The next stop is a debugger's arrival: it and the resume after it are not announced.
  void hide_next_stop() { hiding_ = Hiding::stop; }
  void show_stops() { hiding_ = Hiding::nothing; }

 private:
  Task<Result<boost::json::value>> command(std::string name);
  Task<> watch_exit();
  Task<> announce_reset();
  Task<> finish_shutdown();
  void stir();
  Task<> keep_stirring();
  void on_qmp(std::string_view name, const boost::json::object& data);
  void set_paused(bool paused);
  std::string read_output() const;
  Task<bool> wait_ended(std::chrono::milliseconds patience);
  Error ended_error() const;

  asio::any_io_executor executor_;
  std::unique_ptr<process::EngineProcess> process_;
  Options options_;
  TaskScope scope_;
  EventOutbox outbox_{executor_, scope_, on_event};
  std::unique_ptr<QmpClient> qmp_;
  std::unique_ptr<GuestWatch> watch_;  // while qmp_ is connected and there is a log to look at
  bool watching_guest_ = false;
  Witness witness_;
  QemuMachine machine_{*this};
  enum class Hiding { nothing, stop, resume } hiding_ = Hiding::nothing;
  bool paused_ = false;
  bool watching_ = false;
  std::optional<ExitReport> report_;
  process::ExitStatus status_;
  Broadcast ended_;              // notified at the end
  asio::steady_timer reset_seen_;  // cancelled at every reset
  std::uint64_t resets_ = 0;
  std::chrono::steady_clock::time_point last_reset_event_{};
  bool reset_pending_ = false;
  asio::steady_timer stir_;  // cancelled by new input
  std::chrono::steady_clock::time_point last_input_{};
  unsigned typing_ = 0, stirred_ = 0;
  bool stirring_ = false;
};

}  // namespace virserver::backend::qemu
