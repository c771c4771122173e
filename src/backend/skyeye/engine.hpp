// A running SkyEye process with one machine in it. A reset is another process in the same directory.
#pragma once

#include "backend/backend.hpp"
#include "backend/engine.hpp"
#include "backend/event_outbox.hpp"
#include "backend/skyeye/cli.hpp"
#include "backend/skyeye/exit_cause.hpp"
#include "backend/skyeye/machine.hpp"
#include "backend/skyeye/start.hpp"
#include "base/broadcast.hpp"
#include "base/task_scope.hpp"
#include "process/console_log.hpp"

namespace virserver::backend::skyeye {

class SkyEyeEngine final : public Engine {
 public:
  struct Options {
    EnginePlan plan;
    std::string version;  // "1.3.5"
    RunState run;
    bool debugger = true;  // its stub may be started
    process::PrepareSpec sandbox;  // of every process of the engine; names its directories
    std::function<Task<Result<std::unique_ptr<process::EngineProcess>>>(process::PrepareSpec sandbox)> prepare;
    std::chrono::milliseconds start_timeout{30'000}, command_timeout{10'000};
  };
  SkyEyeEngine(asio::any_io_executor executor, std::unique_ptr<process::EngineProcess> process, Options options);

  // Waits for the command line of the process, which was executed, and makes the machine of its files; it stands then.
  // Errors: ENGINE_START_FAILED (details.output: what SkyEye printed), ENGINE_TIMEOUT.
  Task<Result<void>> start();
  // An engine that is taken over: does it answer, does it run. Errors: ENGINE_TIMEOUT, ENGINE_DIED.
  Task<Result<void>> take_over();

  process::EngineProcess& process() override { return *process_; }
  Task<Result<void>> type(std::string console, Bytes bytes) override;  // in the distance that the machine's UART needs
  Machine* machine() override { return options_.run.stub ? &machine_ : nullptr; }
  Task<Result<void>> pause() override;
  Task<Result<void>> resume() override;
  Task<Result<void>> reset() override;
  bool paused() const override { return paused_; }
  void set_limits(const process::Limits& limits) override { options_.sandbox.limits = limits; }
  Task<> power_off(std::chrono::milliseconds grace) override;
  Task<> stop() override;

  // For SkyEyeMachine. Errors: ENGINE_DIED, ENGINE_TIMEOUT.
  Task<Result<Cli::Answer>> command(std::string line);
  Task<Result<Fd>> dial_stub();
  Task<Result<void>> restart(bool stand);  // a reset; the machine stands afterwards or runs
  void debugger_came() { paused_ = false; }
  const std::string& version() const { return options_.version; }
  const EnginePlan& plan() const { return options_.plan; }

 private:
  void adopt_process(std::unique_ptr<process::EngineProcess> process);
  Task<> watch_exit();
  Task<bool> wait_ended(std::chrono::milliseconds patience);
  Task<Result<void>> next_process();
  void over(ExitReport report);
  Result<void> keep_state();
  void read_output();
  std::string all_output() const;
  void set_paused(bool paused);
  Error ended_error() const;

  asio::any_io_executor executor_;
  std::unique_ptr<process::EngineProcess> process_;
  Options options_;
  TaskScope scope_;
  EventOutbox outbox_{executor_, scope_, on_event};
  AsyncMutex typing_{executor_};
  Cli cli_;
  SkyEyeMachine machine_{*this};
  Witness witness_;
  process::ConsoleLog output_;
  std::uint64_t output_at_ = 0;
  bool paused_ = true, started_ = false;
  bool restarting_ = false, gone_ = false;  // gone_: the process of the moment has ended
  std::optional<ExitReport> report_;
  Broadcast ended_;
};

}  // namespace virserver::backend::skyeye
