// Everyone who debugs a machine, at once, over the one connection that its stub has.
//
// One bridge a machine, on its session's executor; all calls there. It lives as long as the session, over power cycles: the
// machine comes and goes below it. Subscribers are the gdbs and the session's own debugger.
//  - Breakpoints belong to who set them and are counted: the machine has one as long as anyone wants it, also in the next
//    engine. They can be set and removed while the machine runs: where the stub needs it, the machine is stopped for that
//    moment and no subscriber hears of it.
//  - Run control: whoever resumes a stopped machine runs it for all. A continue of another one while it runs joins: it is
//    told of the next stop too. A step while it runs is TARGET_RUNNING. An interrupt works for everyone, always.
//  - Continue steps off a breakpoint under the pc first, as gdb itself does.
// Errors of calls that need the machine: TARGET_OFF (no engine now), TARGET_RUNNING (pause first), and Client's.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/asio.hpp"
#include "base/async_mutex.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/task_scope.hpp"
#include "gdb/breakpoints.hpp"
#include "gdb/client.hpp"
#include "gdb/downloads.hpp"
#include "gdb/quirks.hpp"
#include "gdb/stop_reply.hpp"
#include "gdb/target_description.hpp"

namespace virserver::gdb {

// What the bridge needs of the machine. Called on the bridge's executor; only `dial` must be there.
struct Target {
  struct Connection {
    Fd socket;
    bool was_running = false;  // before this connection stopped it
  };
  // Connects to the stub of the present engine; TARGET_OFF when there is none.
  std::function<Task<Result<Connection>>()> dial;
  // Resets the machine and completes when that has happened; stopped stays stopped, running stays running. Empty: refused.
  std::function<Task<Result<void>>()> reset;
  // A command of the emulator's monitor. Empty: qRcmd.
  std::function<Task<Result<std::string>>(std::string command)> monitor;
  // Memory of a running machine. Empty: only while stopped, unless the stub answers then.
  std::function<Task<Result<Bytes>>(std::uint64_t address, std::size_t size)> read_memory_running;
  // Stops a running machine whose stub does not listen then (Quirks::Interrupt::outside).
  std::function<Task<Result<void>>()> interrupt;

  // A register that the stub answers wrongly (Quirks::outside_registers), of a machine that stands.
  std::function<Task<Result<std::uint64_t>>(std::string name)> read_register;

  // The images that a reset writes again: what debuggers have written over them is put back after it.
  std::vector<MemoryRange> images;
  std::optional<std::uint64_t> vector_table;  // Cortex-M: where a reset takes sp and pc from

  std::vector<MemoryRange> mapped;  // memory and devices of the machine, for a stub that does not tell (Quirks::tells_unmapped)

  Quirks quirks;
  Architecture architecture = Architecture::other;  // names the registers where the stub does not
  std::string version;                              // for `monitor version`: "QEMU 7.2.22"
};

enum class TargetState { detached, stopped, running };  // detached: not connected to a stub; the machine may well run

// Told of what happens; on the bridge's executor, in order, must not block and not destroy the bridge. Calls back into the
// bridge only from a coroutine of its own.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // `waiting`: this subscriber resumed the machine, or joined.
  virtual void on_stopped(const StopReply& stop, bool waiting) = 0;
  virtual void on_resumed() {}
  virtual void on_reset() {}
  // The engine, or the connection to its stub, is gone. Who waited goes on waiting: the next engine may come.
  virtual void on_lost(const Error& why, bool waiting) = 0;
  // Connected (again), breakpoints are back.
  virtual void on_attached() {}
};

// Makes memory that the machine only seems to have: its accesses stop at watchpoints, and the player completes them in the
// machine's place. No subscriber hears of such a stop, and a step over such an access is a finished step.
class Player {
 public:
  struct Played {
    enum class Outcome {
      not_mine,  // goes the way of any other stop, as `stop` says it
      done,      // the access is complete when `writes` are in the registers, the program counter among them
      passed,    // Bridge::let_access_happen was called and the instruction is over; `writes` correct what it left
      failed,    // stops for everyone, with stop.note
    };
    Outcome outcome = Outcome::not_mine;
    StopReply stop;
    std::vector<Client::RegisterValue> writes;
  };
  virtual ~Player() = default;
  // Asked about every stop at a watchpoint, whoever ran the machine and how, before anyone is told. On the bridge's executor;
  // it uses the client that it is given, and of the bridge only `let_access_happen` and what is const.
  virtual Task<Played> play(Client& client, StopReply stop) = 0;
};

class Bridge {
 public:
  Bridge(asio::any_io_executor executor, Target target);
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  asio::any_io_executor executor() const { return executor_; }
  const Target& target() const { return target_; }
  // Another engine may have other quirks and another processor; while detached.
  void set_target(Target target);

  // A gdb keeps a machine stopped that it stopped, and lets it run when it detaches; others never do so by leaving.
  enum class Role { gdb, other };
  Owner join(Subscriber& subscriber, Role role);
  enum class Leave {
    detach,  // in order (D): a machine that only this gdb held runs on
    vanish,  // the connection broke: it stays as it is
  };
  // Removes its breakpoints. No call reaches the subscriber after this was called.
  Task<> leave(Owner owner, Leave how);
  std::size_t subscribers(Role role) const;

  enum class Then {
    as_before,  // the machine runs on if it ran
    halt,       // it stays stopped, and everyone is told
    run,        // it runs: it was started stopped, so that breakpoints are in before the first instruction
  };
  // Connects if that has not happened, and puts breakpoints in. Does nothing when attached, whatever `then` says.
  // `by`: who halts the machine, if it ran.
  Task<Result<void>> attach(Then then = Then::as_before, Owner by = 0);
  // Lets go of the stub, the machine runs on or stands as it is. Breakpoints are taken out of the machine, but for the
  // player's, and kept here.
  Task<> detach();
  TargetState state() const { return state_; }
  const std::optional<StopReply>& last_stop() const { return last_stop_; }        // of a stopped machine
  const TargetDescription& description() const { return description_; }           // empty before the first attach
  const Client* client() const { return client_.get(); }                          // what the stub can; null while detached

  // Run control; attaches first. `resume` completes when the packet is out, or the machine was running already. Whoever
  // resumes is told of the next stop as a waiting one, unless `waits` is false.
  struct Resume {
    enum class Kind { resume, step, packet };
    Kind kind = Kind::resume;
    std::optional<ThreadId> thread;  // of a step; the current one without
    std::string packet;              // vCont;..., bc, bs: as it is
    bool steps = false;              // the packet steps or reverses: it cannot join
    bool waits = true;
  };
  Task<Result<void>> resume(Owner owner, Resume how);
  // Stops a running machine; the stop it ended with, its own or a breakpoint that was faster. Of a stopped one the last stop.
  Task<Result<StopReply>> interrupt(Owner owner);
  // The next stop; at once when stopped. ENGINE_TIMEOUT when it does not come.
  Task<Result<StopReply>> wait_stopped(std::chrono::milliseconds timeout);

  // Decides on a stop at a breakpoint or watchpoint before anyone is told: true lets the machine run on, unseen. Stops of
  // steps and interrupts are not asked about. It uses the client that it is given, and no call of the bridge.
  using Judge = std::function<Task<bool>(Client& client, StopReply stop)>;
  void set_judge(Judge judge) { judge_ = std::move(judge); }

  // `owner`'s breakpoints are nobody's business: they do not count as others', and stay in a machine that is let go of.
  // `player` outlives its registration; null ends it, once the access that is played now is over.
  Task<> set_player(Player* player, Owner owner);
  // Runs the instruction at which the machine stands, which accesses just this, unwatched. Only from within Player::play.
  struct Range {
    std::uint64_t address = 0, size = 0;
  };
  Task<Result<void>> let_access_happen(std::vector<Range> accessed);

  // Kept for the next engine when there is none now. Errors: BREAKPOINT_REFUSED; remove also BREAKPOINT_NOT_FOUND.
  Task<Result<void>> insert(Owner owner, Breakpoint breakpoint);
  Task<Result<void>> remove(Owner owner, Breakpoint breakpoint);
  const BreakpointTable& breakpoints() const { return breakpoints_; }

  // While stopped, or while running where it can be; see Client for the rest.
  Task<Result<Bytes>> read_memory(std::uint64_t address, std::size_t size, std::optional<ThreadId> thread = std::nullopt);
  Task<Result<void>> write_memory(std::uint64_t address, Bytes bytes, std::optional<ThreadId> thread = std::nullopt);
  Task<Result<std::vector<std::optional<Bytes>>>> read_registers(std::vector<Register> which,
                                                                 std::optional<ThreadId> thread = std::nullopt);
  Task<Result<Bytes>> read_register(Register reg, std::optional<ThreadId> thread = std::nullopt);
  Task<Result<void>> write_register(Register reg, Bytes value, std::optional<ThreadId> thread = std::nullopt);
  Task<Result<std::vector<Client::Thread>>> threads();
  Task<Result<std::vector<ThreadId>>> thread_ids();
  Task<Result<std::string>> request(std::string payload, std::optional<ThreadId> thread = std::nullopt,
                                    std::string* output = nullptr);
  Task<Result<std::string>> monitor(std::string command);
  // One use of the client while the machine stands: a running one is stopped for that moment, and nobody is told.
  Task<Result<void>> briefly(std::function<Task<Result<void>>(Client& client)> use);

  enum class Reset { keep, halt, run };  // afterwards: as it was, stopped at the first instruction, running
  Task<Result<void>> reset(Owner owner, Reset after);

  // The machine was reset, by a call here or by itself: subscribers are told. One that reset itself and whose images were
  // written over is reset once more, so that what was written is what runs.
  void machine_was_reset();
  // The engine ended. Subscribers are told with `why`; breakpoints are kept.
  void engine_ended(std::string why);

  // Ends all calls that wait. Everyone should have left.
  Task<> stop();

 private:
  struct Member {
    Subscriber* subscriber;
    Role role;
    bool waiting = false;
  };
  // A stop that is awaited and not announced: around a change of breakpoints, or a step off one.
  enum class Quiet { no, interrupt, step };

  Task<Result<void>> attach_locked(Then then, Owner by);
  // Another client in the place of the one there is, if any; the machine stands. True: it ran before. The lock is held.
  Task<Result<bool>> connect();
  void lost(Error why);
  void retire();
  Task<> reap();

  // Those who are told of something now, in the order in which they came; what they do changes nothing of it.
  struct Told {
    Owner owner;
    Subscriber* subscriber;
    bool waiting;
  };
  std::vector<Told> everyone() const;
  void stopped(StopReply stop);
  void decide(StopReply stop);  // what is not the player's
  Task<> play(StopReply stop, unsigned connection, unsigned resets);
  Task<Result<void>> after_play(Player::Played played);
  Task<> judge();
  Task<Result<void>> judge_locked();  // undecided_, if there is one: announced, or the machine runs on
  void announce(const StopReply& stop);
  void announce_resumed(Owner by);
  // Until `done` holds (looked at after every stop and loss), or the machine is lost. False after `timeout`.
  Task<bool> wait_for(std::chrono::milliseconds timeout, bool (Bridge::*done)() const);
  bool at_rest() const { return state_ != TargetState::running; }
  bool quiet_over() const { return quiet_ == Quiet::no || quiet_stop_.has_value(); }
  bool passed_over() const { return !passing_ || passed_stop_.has_value(); }
  void wake();
  Task<Result<void>> send_resume();  // running_packet_
  Task<Result<void>> send_interrupt();
  Task<> interrupt_again(unsigned connection);
  Task<Result<bool>> pause_quietly();  // true: resume_quietly must follow
  Task<Result<void>> resume_quietly();
  // Over the instruction at the pc if a breakpoint is there. False: that ended in a stop of its own, which was announced, or will be.
  Task<Result<bool>> step_off();
  Task<Result<bool>> quiet_step();
  Task<Result<void>> run(Owner owner, Resume how);
  Task<Result<void>> put_in(Breakpoint breakpoint);
  Task<Result<void>> forget_unwanted();  // takes breakpoints out of a stopped machine that nobody wants any more
  Task<Result<void>> forget_all();  // but for the player's
  Task<Result<void>> put_breakpoints();
  Task<Result<void>> reset_machine();
  Task<Result<void>> reset_unplayed();
  Task<Result<void>> reset_reconnecting();
  Task<Result<void>> put_downloads();
  Task<Result<void>> answering();  // attached, and the stub answers now
  // The client, for one call of `use` on a machine that may run: stopped for that moment if need be. The lock is held.
  Task<Result<void>> at_any_time(std::function<Task<Result<void>>()> use);
  ThreadId thread_or_current(const std::optional<ThreadId>& thread) const;

  asio::any_io_executor executor_;
  Target target_;
  TargetState state_ = TargetState::detached;
  std::unique_ptr<Client> client_;
  std::vector<std::unique_ptr<Client>> retired_;
  std::optional<StopReply> last_stop_;
  TargetDescription description_;

  std::map<Owner, Member> members_;
  Owner next_owner_ = 1;
  std::set<Owner> holders_;  // who stopped the machine, or waited for it to stop
  std::optional<Owner> interrupter_;

  BreakpointTable breakpoints_;      // what is wanted
  std::set<Breakpoint> installed_;   // what the stub has

  Downloads downloads_;
  bool resetting_ = false;  // by a call here, and machine_was_reset has not come yet
  bool reconnecting_ = false;  // the end of the connection is no news: another one follows
  bool interrupting_ = false;  // asked from outside, and no stop has come since

  AsyncMutex lock_;  // attaching, resuming, changing breakpoints
  Quiet quiet_ = Quiet::no;
  std::optional<StopReply> quiet_stop_;
  Player* player_ = nullptr;
  AsyncMutex play_lock_;  // an access is played; never waits for lock_
  unsigned playing_ = 0;  // the connection on which that access came
  bool passing_ = false;  // the step of let_access_happen
  std::optional<StopReply> passed_stop_;
  unsigned connection_ = 0, resets_ = 0;
  Judge judge_;
  std::optional<StopReply> undecided_;  // the machine stands, and still counts as running
  std::string running_packet_;
  bool running_steps_ = false;
  bool aborted_ = false;
  std::vector<asio::steady_timer*> waiters_;
  std::optional<Error> lost_;
  bool closing_ = false;
  TaskScope scope_;
};

}  // namespace virserver::gdb
