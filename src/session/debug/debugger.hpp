// The session's own debugger: what the REST API knows of breakpoints, registers, memory, code and stops.
//
// A client of the session's bridge like any gdb, and lives as long as the session: breakpoints stay over resets, power
// cycles and restarts of the server. Belongs to the session's executor, all calls there. `stop()` before destruction.
// Errors of calls that need the machine: TARGET_OFF, TARGET_RUNNING, and those of gdb::Bridge.
#pragma once
#include <boost/json/object.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backend/types.hpp"
#include "base/async_mutex.hpp"
#include "base/task_scope.hpp"
#include "gdb/bridge.hpp"
#include "image/disassemble.hpp"
#include "session/debug/breakpoint_book.hpp"
#include "session/debug/fault.hpp"
#include "session/debug/symbols.hpp"
#include "session/debug/types.hpp"

namespace virserver::session {

// What the debugger needs of its session.
struct DebugHost {
  gdb::Bridge& bridge;
  const backend::EnginePlan& plan;
  asio::thread_pool& pool;
  std::function<bool()> powered;  // there is an engine
  std::function<bool()> paused;   // which stands
  // The programs that the running board was started with; of one that is off, those that a power-on would load.
  std::function<Task<Result<std::vector<ProgramFile>>>()> programs;
  std::function<void(boost::json::array breakpoints)> keep;
  std::function<boost::json::object()> last_exit;  // as the session shows it; empty: none
};

struct InstructionView {
  image::Instruction instruction;
  CodeLocation location;
  std::string target_symbol;
  bool current = false;
  std::vector<std::uint64_t> breakpoints;
};
struct DisassemblyQuery {
  std::optional<std::string> location;
  std::optional<std::size_t> count;
  bool whole_function = false;
  std::optional<unsigned> core;
};
struct SymbolSearch {
  image::SymbolQuery query;
  std::optional<std::string> address;
};
struct MemoryQuery {
  std::string location;
  std::optional<std::uint64_t> size;
  std::optional<unsigned> core;
};
struct MemoryChange {
  std::string location;
  Bytes bytes;
  std::optional<unsigned> core;
  bool halt = false;
};

class Debugger final : private gdb::Subscriber {
 public:
  static constexpr std::uint64_t max_memory = 16u << 20;  // of one call

  explicit Debugger(DebugHost host);
  ~Debugger() override;
  Debugger(const Debugger&) = delete;
  Debugger& operator=(const Debugger&) = delete;

  // The session tells.
  void restore(const boost::json::array& breakpoints);  // those it kept; before anything else
  void programs_changed();                              // uploaded, deleted, or others loaded
  // An engine has come, and the bridge is not attached to it yet: locations are looked up anew. `held`: it was started stopped.
  Task<> before_start(bool held);
  bool waits() const { return book_.any_enabled(); }  // breakpoints are to be set before the first instruction
  Task<> stop();

  // Run control (debugger_run.cpp, debugger_step.cpp).
  Task<Result<DebugState>> state(bool attach = true);  // without attaching, one that no debugger holds stands at an unknown place
  Task<Result<DebugState>> pause();
  Task<Result<DebugState>> resume(ContinueRequest request);
  Task<Result<DebugState>> step(StepRequest request);

  // Breakpoints (debugger_breakpoints.cpp). Errors: LOCATION_NOT_FOUND, BREAKPOINT_NOT_FOUND, BREAKPOINT_REFUSED.
  Task<Result<UserBreakpoint>> add_breakpoint(BreakpointRequest request);
  Task<Result<std::vector<UserBreakpoint>>> breakpoints();
  Task<Result<UserBreakpoint>> breakpoint(std::uint64_t id);
  Task<Result<UserBreakpoint>> change_breakpoint(std::uint64_t id, BreakpointChange change);
  Task<Result<void>> remove_breakpoint(std::uint64_t id);
  Task<Result<void>> remove_breakpoints();

  // Registers and memory (debugger_registers.cpp, debugger_memory.cpp).
  Task<Result<RegisterSet>> registers(RegisterQuery query);
  // The values as text; all are checked before one is written. Answers with the registers as they are then.
  Task<Result<RegisterSet>> write_registers(std::vector<std::pair<std::string, boost::json::value>> values, std::optional<unsigned> core, bool halt);
  Task<Result<MemoryRange>> read_memory(MemoryQuery query);
  Task<Result<std::uint64_t>> write_memory(MemoryChange change);  // the address
  bool big_endian() const { return host_.plan.big_endian; }

  // Code (debugger_code.cpp, debugger_stack.cpp, debugger_fault.cpp).
  Task<Result<BacktraceView>> backtrace(std::optional<unsigned> core, std::size_t limit, bool halt);
  Task<Result<std::vector<InstructionView>>> disassemble(DisassemblyQuery query);
  Task<Result<Symbols::Matches>> find_symbols(SymbolSearch search);
  Task<Result<std::vector<ThreadView>>> threads(bool halt);
  Task<Result<FaultView>> fault();

 private:
  friend class ClientSource;
  using ClientUse = std::function<Task<Result<void>>(gdb::Client& client)>;

  void on_stopped(const gdb::StopReply& stop, bool waiting) override;
  void on_resumed() override;
  void on_reset() override;
  void on_lost(const Error& why, bool waiting) override;
  void on_attached() override;

  // The machine, for one use: TARGET_OFF, or TARGET_RUNNING when it runs and `halt` is false.
  Task<Result<void>> at_rest(bool halt, ClientUse use);
  Result<void> may_use(bool halt) const;
  Task<Result<gdb::ThreadId>> thread_of(gdb::Client& client, std::optional<unsigned> core);
  static Task<unsigned> core_of(gdb::Client& client, gdb::ThreadId thread);
  Task<std::optional<std::uint64_t>> read_pointer(gdb::Client& client, const gdb::Register* reg, std::optional<gdb::ThreadId> thread = std::nullopt);
  std::uint64_t number(const Bytes& value) const;  // bytes in the target's order, at most the low 64 bits

  Task<Result<gdb::StopReply>> wait_stop(std::chrono::milliseconds timeout, std::function<bool()> give_up);

  Task<std::shared_ptr<const Symbols>> symbols();
  Task<Result<Symbols::Place>> find_data(std::string text);
  template <class Function>
  auto with_symbols(Function function) -> Task<std::invoke_result_t<Function, const Symbols&>>;

  // Breakpoints in the machine.
  Task<bool> judge(gdb::Client& client, gdb::StopReply stop);
  Task<Result<bool>> holds(const UserBreakpoint& breakpoint, gdb::Client& client);
  Task<> locate(UserBreakpoint& breakpoint, std::optional<Error>* why = nullptr);
  Task<> locate_all();
  gdb::Breakpoint place_of(const UserBreakpoint& breakpoint, const Symbols::Place& place, std::uint64_t address) const;
  gdb::Breakpoint code_place(std::uint64_t address, bool thumb) const;
  // Tells the bridge what is wanted now. The refusal of a place is noted in its breakpoints, and returned.
  Task<Result<void>> sync();
  void keep();

  // A place where the machine is to stop once, for a step or `until`.
  struct Guard {
    gdb::Breakpoint place;
    std::optional<std::uint64_t> lowest_sp;  // below it the stop is another call's, of a recursion
    bool until = false;                      // goes at the next stop, whatever that is
  };
  Task<Result<void>> add_guard(Guard guard);
  Task<> drop_guards(bool until_only);

  // Steps. One at a time; in the background, so that a step outlives the request that waits for it.
  struct Step;
  enum class Progress { stepped, arrived, interrupted };  // interrupted: something else stopped the machine, the step is over
  Task<> run_step(std::shared_ptr<Step> step);
  Task<Result<gdb::StopReply>> step_once(Step& step);
  Task<Result<Progress>> step_instruction(Step& step);
  Task<Result<Progress>> run_to(Step& step, Guard guard);
  Task<Result<Progress>> step_over(Step& step);
  Task<Result<Progress>> step_out(Step& step);
  Task<Result<Progress>> step_line(Step& step, bool into_calls);
  Task<Result<Progress>> enter_call(Step& step, const image::Instruction& call, bool into_calls);
  struct Position {
    std::uint64_t pc = 0, sp = 0;
  };
  Task<Result<Position>> position(Step& step);
  Task<Result<image::Instruction>> instruction_at(std::uint64_t address, gdb::ThreadId thread);

  // Stacks.
  struct Stack {
    image::Registers registers;
    image::Backtrace trace;
  };
  Task<Result<Stack>> unwind(gdb::Client& client, gdb::ThreadId thread, std::size_t limit);
  Task<std::vector<FrameView>> show_frames(image::Backtrace trace, std::size_t limit);
  static std::vector<FrameView> show_frames(const Symbols& symbols, const image::Backtrace& trace, std::size_t limit);

  Task<Result<Bytes>> read_bytes(std::uint64_t address, std::uint64_t size, std::optional<unsigned> core);
  Task<Result<Bytes>> read_readable(std::uint64_t address, std::uint64_t size);  // up to where memory ends
  Result<void> check_range(std::uint64_t address, std::uint64_t size) const;
  Task<Result<void>> machine_fault(gdb::Client& client, FaultView& view);
  Task<FaultView> exit_fault(const boost::json::object& exit);
  image::Code code_at(std::uint64_t address, std::span<const std::byte> bytes, const Symbols& symbols, bool thumb) const;

  DebugHost host_;
  gdb::Bridge& bridge_;
  gdb::Owner owner_ = 0;
  TaskScope scope_;

  std::shared_ptr<const Symbols> symbols_;
  std::vector<std::string> symbols_of_;  // ids of the programs in symbols_
  bool symbols_stale_ = true;
  AsyncMutex symbols_lock_;

  BreakpointBook book_;
  std::vector<Guard> guards_;
  std::set<gdb::Breakpoint> in_bridge_;
  AsyncMutex sync_lock_;

  // Why the machine stands.
  struct Verdict {
    std::vector<std::uint64_t> ids;
    bool guard = false;
    std::string message;
    bool others = false;  // a breakpoint of a gdb, which takes it out again as soon as it is told
  };
  std::optional<Verdict> verdict_;  // of the stop that is announced next
  struct Stop {
    StopReason reason = StopReason::none;
    std::string message;
    std::vector<std::uint64_t> ids;
    std::optional<DebugState::Watch> watch;
  } stop_;
  bool attaching_ = false, starting_ = false, closing_ = false;
  std::shared_ptr<Step> step_;
};

}  // namespace virserver::session
