// One engine's process tree as the server sees it: sandbox -> virserver-shim -> emulator.
//
// Life: `prepare` starts sandbox and shim, which wait; `exec` starts the emulator in it (once). The emulator's exit is
// `wait_exit`; the tree lives on after the server's death and is found again by `adopt`. Belongs to one executor; all
// calls on it. `stop()` must be awaited before destruction: it ends the connection, never the emulator; `kill()` ends the tree.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/asio.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"

namespace virserver::process {

// Whether engines run in namespaces on this host, found out once at start-up by trying.
struct SandboxSupport {
  bool full = false;         // bubblewrap with all namespaces works
  std::string cause;         // why not, when reduced: what failed, in a sentence
  std::string remedy;        // what the operator can do about it
  bool landlock = false;     // the reduced sandbox confines file access by Landlock
  std::optional<unsigned> uid;  // the unprivileged user engines run as when the server is root
  bool no_nested_userns = false;  // bubblewrap can forbid user namespaces inside the sandbox (0.8 or newer)
};

struct HostConfig {
  std::filesystem::path shim;        // virserver-shim executable
  std::filesystem::path bwrap = "bwrap";
  bool die_with_server = false;      // a private server: engines end with it
  bool force_reduced = false;        // configuration `sandbox: reduced`
  unsigned sandbox_uid = 65534;      // when started as root
};
// Blocking (tens of milliseconds); call once before anything else.
SandboxSupport probe_sandbox(const HostConfig& config);

struct Limits {
  std::optional<double> cpu_cores;          // cgroup quota where a writable cgroup exists; else not enforced, and said so
  std::optional<std::uint64_t> memory_mb;   // cgroup memory.max, else RLIMIT_DATA
  std::uint64_t file_size_mb = 1024;        // RLIMIT_FSIZE
};

struct PrepareSpec {
  std::filesystem::path engine_dir;   // exists, private to this engine, mode 0700; bound read-write at the same path
  std::filesystem::path console_dir;  // exists; the session's console logs, bound read-write at the same path
  std::vector<std::filesystem::path> read_only;  // further binds (an emulator outside /usr)
  Limits limits;
  bool network_loopback_only = true;  // own network namespace (full sandbox)
};

enum class ConsoleKind {
  socketpair,  // the shim makes a socketpair; the emulator inherits one end as descriptor ConsoleSpec::child_fd
  pty,         // the shim holds a pty; its path is `pty/<name>` (a symlink) in the engine directory
  fifo,        // two pipes in the engine directory, `<name>.in` and `<name>.out`, as QEMU's `-chardev pipe` opens them
  tcp,         // the shim connects to 127.0.0.1:port in its namespace, retrying until the emulator listens
};
struct ConsoleSpec {
  std::string name;                 // [a-z0-9_-]+, unique in the engine
  ConsoleKind kind = ConsoleKind::socketpair;
  int child_fd = -1;                // socketpair: the number in the emulator
  std::uint16_t port = 0;           // tcp
  std::uint64_t first_offset = 0;   // the log goes on from here
};
struct ExecSpec {
  std::vector<std::string> argv;    // argv[0] is an absolute path
  std::vector<std::string> env;     // whole environment, "NAME=value"; HOME and TMPDIR are set by the shim
  std::vector<ConsoleSpec> consoles;
  std::uint64_t log_bound = 16u << 20;  // kept bytes a console
  std::uint64_t emulator_first_offset = 0;  // of the pseudo-console "emulator": stdout and stderr of the emulator
  bool terminal = false;            // its stdin, stdout and stderr are a terminal in raw mode, and "emulator" takes write()
};

struct ExitStatus {
  std::optional<int> code;     // exited by itself
  std::optional<int> signal;   // ended by a signal
  bool unknown = false;        // the whole tree was killed: no exit.json was written
};

struct SandboxInfo {
  std::string mode;   // "full" or "reduced"
  std::string cause;  // when reduced
};

class EngineProcess {
 public:
  // Errors: ENGINE_START_FAILED (details.output: what the sandbox printed), STORAGE_*.
  static Task<Result<std::unique_ptr<EngineProcess>>> prepare(asio::any_io_executor executor, const HostConfig& config,
                                                              const SandboxSupport& support, PrepareSpec spec);
  // Connects to the shim that holds `engine_dir`'s lock. Errors: NOT_FOUND when no process holds it (then
  // `read_exit(engine_dir)` tells how it ended), ENGINE_PROTOCOL.
  static Task<Result<std::unique_ptr<EngineProcess>>> adopt(asio::any_io_executor executor, std::filesystem::path engine_dir,
                                                            std::filesystem::path console_dir);
  static ExitStatus read_exit(const std::filesystem::path& engine_dir);

  virtual ~EngineProcess() = default;

  virtual SandboxInfo sandbox() const = 0;
  virtual pid_t pid() const = 0;            // of the shim, in the server's namespace
  virtual bool executed() const = 0;

  // Starts the emulator; completes when it was spawned. Errors: ENGINE_START_FAILED.
  virtual Task<Result<void>> exec(ExecSpec spec) = 0;

  // Connects to a unix socket `name` in the engine directory, or to 127.0.0.1:port inside the engine's network.
  // Retries until `timeout` while nobody listens yet. Errors: ENGINE_TIMEOUT, ENGINE_DIED.
  virtual Task<Result<Fd>> dial(std::string name, std::chrono::milliseconds timeout) = 0;
  virtual Task<Result<Fd>> dial(std::uint16_t port, std::chrono::milliseconds timeout) = 0;

  // Writes to a console; completes when the emulator has taken all bytes (guest pace). Errors: CONSOLE_CLOSED, CONSOLE_NOT_FOUND.
  virtual Task<Result<void>> write(std::string console, Bytes bytes) = 0;

  // Called on the executor whenever a console's log has grown; `end` is the offset after the newest byte.
  // Notices are coalesced. Set before exec or right after adopt; the current ends are reported at once after adopt.
  std::function<void(std::string_view console, std::uint64_t end)> on_output;

  // The same for the emulator's own output, for the backend that reads it.
  std::function<void()> on_emulator_output;

  // Completes when the emulator (and with it the tree) has ended and all its output is in the logs. Any number of waiters.
  virtual Task<ExitStatus> wait_exit() = 0;

  virtual void terminate() = 0;             // SIGTERM to the emulator
  virtual Task<> kill() = 0;                // ends the tree; completes when it is gone
  virtual Task<> stop() = 0;                // ends this object's connection and tasks
};

}  // namespace virserver::process
