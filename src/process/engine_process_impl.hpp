// The implementation behind EngineProcess; private to this folder.
#pragma once
#include <map>

#include "base/task_scope.hpp"
#include "process/cgroup.hpp"
#include "process/control_channel.hpp"
#include "process/engine_process.hpp"
#include "process/spawn.hpp"
#include "shim/protocol.hpp"

namespace virserver::process {

class EngineProcessImpl final : public EngineProcess {
 public:
  EngineProcessImpl(asio::any_io_executor executor, std::filesystem::path engine_dir, std::filesystem::path console_dir);
  ~EngineProcessImpl() override;

  // Connects, checks the hello, starts the tasks. `spawned`: our child, or -1.
  Task<Result<void>> attach(pid_t spawned);
  void set_support(const SandboxSupport& support);
  void set_cgroup(Cgroup cgroup) { cgroup_ = std::move(cgroup); }

  SandboxInfo sandbox() const override { return info_; }
  pid_t pid() const override { return pid_; }
  bool executed() const override { return executed_; }
  Task<Result<void>> exec(ExecSpec spec) override;
  Task<Result<Fd>> dial(std::string name, std::chrono::milliseconds timeout) override;
  Task<Result<Fd>> dial(std::uint16_t port, std::chrono::milliseconds timeout) override;
  Task<Result<void>> write(std::string console, Bytes bytes) override;
  Task<ExitStatus> wait_exit() override;
  void terminate() override;
  Task<> kill() override;
  Task<> stop() override;

 private:
  // One question to the shim; lives in the asking coroutine.
  struct Request {
    explicit Request(asio::any_io_executor executor) : wake(executor, asio::steady_timer::time_point::max()) {}
    asio::steady_timer wake;
    bool done = false;
    bool lost = false;      // the connection ended before the answer
    std::string answer;     // the fields after the header
    Fd fd;
  };
  // stop() waits for calls that are under way.
  class InUse {
   public:
    explicit InUse(EngineProcessImpl& engine) : engine_(engine) { ++engine_.in_use_; }
    ~InUse() {
      if (--engine_.in_use_ == 0) engine_.idle_.cancel();
    }
    InUse(const InUse&) = delete;

   private:
    EngineProcessImpl& engine_;
  };

  Task<bool> ask(Request& request, shim::Type type, std::string fields, Fd fd);  // false: the engine is gone
  Task<Result<Fd>> dial_either(std::string name, std::uint16_t port, std::chrono::milliseconds timeout);
  Task<> read_control();
  Task<> watch_process();
  bool receive_all();  // false when the connection is over
  void handle(ControlChannel::Packet packet);
  void connection_lost();
  Task<> reap_child();

  asio::any_io_executor executor_;
  std::filesystem::path engine_dir_, console_dir_;
  Fd engine_dir_fd_;
  ControlChannel control_;
  asio::posix::stream_descriptor pidfd_;
  pid_t pid_ = -1;
  pid_t child_ = -1;  // bubblewrap, or the shim when reduced; -1 when another server started it
  SandboxSupport support_;
  SandboxInfo info_;
  Cgroup cgroup_;
  bool executed_ = false, exec_started_ = false, stopped_ = false;
  std::optional<ExitStatus> exit_;
  std::uint32_t next_request_ = 1;
  std::map<std::uint32_t, Request*> requests_;
  asio::steady_timer ended_;  // cancelled when exit_ is set or the object stops
  asio::steady_timer idle_;   // cancelled when in_use_ becomes zero
  int in_use_ = 0;
  TaskScope scope_;
};

}  // namespace virserver::process
