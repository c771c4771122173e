// A running Renode process with one machine in it.
#pragma once

#include "backend/engine.hpp"
#include "backend/event_outbox.hpp"
#include "backend/renode/exit_cause.hpp"
#include "backend/renode/guest_log.hpp"
#include "backend/renode/machine.hpp"
#include "backend/renode/outside.hpp"
#include "backend/renode/robot.hpp"
#include "backend/renode/start.hpp"
#include "base/broadcast.hpp"
#include "base/task_scope.hpp"
#include "process/console_log.hpp"

namespace virserver::backend::renode {

class RenodeEngine final : public Engine {
 public:
  struct Options {
    std::filesystem::path engine_dir, console_dir;
    std::string version;  // "1.16.1"
    RunState run;
    std::vector<MemoryRegion> memory;
    std::vector<DeviceRegion> devices;
    bool big_endian = false;
    std::vector<Name> cpus;
    std::chrono::milliseconds command_timeout{10'000};
  };
  RenodeEngine(asio::any_io_executor executor, std::unique_ptr<process::EngineProcess> process, Options options);

  // Waits until the process answers. Starts watching for its end, whatever comes. Errors: ENGINE_START_FAILED
  // (details.output: what Renode printed), ENGINE_TIMEOUT, ENGINE_PROTOCOL.
  Task<Result<void>> connect(std::chrono::milliseconds timeout);
  // Runs the steps of a start; the first that fails is ENGINE_START_FAILED.
  Task<Result<void>> perform(std::vector<Step> steps, std::chrono::milliseconds timeout);
  // Whether the emulation runs, asked of Renode: for an engine that is taken over.
  Task<Result<void>> ask_state();

  process::EngineProcess& process() override { return *process_; }
  Machine* machine() override { return &machine_; }
  Task<Result<void>> pause() override;
  Task<Result<void>> resume() override;
  Task<Result<void>> reset() override;
  bool paused() const override { return paused_; }
  std::optional<std::uint64_t> virtual_time_ns() const override { return time_ns_; }
  Task<> look_at_time() override;
  Task<Result<void>> begin_span(std::uint64_t nanoseconds, bool at_full_speed) override;
  Task<Result<bool>> span_over() override;
  Task<Result<void>> end_span() override;
  Task<> power_off(std::chrono::milliseconds grace) override;
  Task<Result<Observation>> observe() override;
  Task<> stop() override;

  void warn(std::string message);
  // Its server did not open: it ended in order and says nothing of it, or crashed because somebody connected while it opened.
  bool server_did_not_open() const {
    return report_ && (report_->cause == ExitCause::powered_off || report_->output.contains("System.Net.HttpEndPointListener.ProcessAccept"));
  }

  // For RenodeMachine. Errors: ENGINE_DIED, ENGINE_TIMEOUT, ENGINE_PROTOCOL, UNSUPPORTED_BY_BACKEND.
  Task<Result<std::string>> execute(Command command);
  Task<Result<std::string>> monitor(std::string line);
  Task<Result<void>> reset_only();  // stands or runs as before
  const std::string& version() const { return options_.version; }
  const std::filesystem::path& directory() const { return options_.engine_dir; }
  const Ports& ports() const { return options_.run.ports; }
  std::uint16_t stub_port() const { return options_.run.ports.stub; }
  std::uint64_t memory_behind(std::uint64_t address) const;  // bytes of a region from there to its end
  bool is_device(std::uint64_t address, std::size_t size) const;
  bool big_endian() const { return options_.big_endian; }
  // A command of machine.py, which is read into Renode before the first. What it says ends with a line of its own: without
  // one it is ENGINE_PROTOCOL.
  Task<Result<std::string>> ask_machine(Command command);
  // Tells what the board changes in devices from now on: it looks ten times a second while the guest runs.
  void watch_devices();
  void devices_changed() { devices_fresh_ = true; }  // from outside; what follows from it in the board is looked at too
  // Its stub holds the processors from now on; the emulation runs. An abort of a processor is then the debugger's to see.
  void debugger_came();

 private:
  Task<Result<MachineTime>> ask_time(Command command);
  Task<> follow_devices();
  Task<Result<std::string>> answered(Result<std::string> answer);
  Task<> watch_exit();
  Task<> follow_log();
  Task<> end_aborted(Abort abort);
  Task<bool> wait_ended(std::chrono::milliseconds patience);
  void set_paused(bool paused);
  void read_log();
  std::string read_output() const;
  Error ended_error() const;

  asio::any_io_executor executor_;
  std::unique_ptr<process::EngineProcess> process_;
  Options options_;
  TaskScope scope_;
  EventOutbox outbox_{executor_, scope_, on_event};
  RobotClient robot_;
  RenodeMachine machine_{*this};
  Witness witness_;
  GuestLog log_;
  process::ConsoleLog output_;
  std::uint64_t log_at_ = 0;
  asio::steady_timer log_grew_;  // cancelled when it did
  bool log_fresh_ = false;
  unsigned own_resets_ = 0;  // that the log has not told of yet
  std::chrono::steady_clock::time_point own_resets_until_{};  // it may never: without images a reset writes no line
  bool started_ = false;   // the guest may have run
  bool paused_ = true;     // the emulation stands; with a debugger, see open_stub
  std::optional<std::uint64_t> time_ns_;
  std::chrono::steady_clock::time_point time_seen_{};
  bool machine_script_read_ = false;
  bool watching_devices_ = false, devices_fresh_ = false;  // fresh: looked at once more, though the guest stands
  bool watching_ = false, debugged_ = false, ending_aborted_ = false;
  std::optional<ExitReport> report_;
  Broadcast ended_;
};

}  // namespace virserver::backend::renode
