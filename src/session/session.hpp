// A session: one virtual board with its owner, power, programs and consoles.
//
// An actor: it lives on one io thread and its state is touched only there. The public calls may be made from any
// executor; they hop to the session's and back. Operations that change power are serialised by a lock; a call that the
// state does not allow answers SESSION_STATE at once instead of queueing.
#pragma once
#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/backend.hpp"
#include "base/async_mutex.hpp"
#include "base/broadcast.hpp"
#include "base/task_scope.hpp"
#include "gdb/bridge.hpp"
#include "session/debug/debugger.hpp"
#include "session/debug/gdb_doors.hpp"
#include "session/debug/register_player.hpp"
#include "session/debug/rtt_consoles.hpp"
#include "session/outside.hpp"
#include "session/services.hpp"
#include "session/state.hpp"

namespace virserver::session {

struct ConsoleView {
  std::string name, kind, peripheral;  // kind: uart, semihosting, rtt, emulator; rtt: peripheral is the channel's own name
  bool is_default = false;
  bool input = false;                  // takes input now
  std::uint64_t begin = 0, end = 0;    // kept bytes
};

// A consistent copy for the API.
struct SessionView {
  store::SessionRow row;
  backend::EnginePlan plan;
  State state = State::created;
  std::optional<process::SandboxInfo> sandbox;
  std::optional<std::uint64_t> virtual_time_ns;
  std::vector<std::string> loaded;  // ids of the programs that the running board was started with
};

struct ProgramUpload {
  std::string name, role;
  std::optional<image::Format> format;
  std::optional<std::uint64_t> load_address;
  std::unique_ptr<store::Blobs::Writer> content;
};

struct Diagnosis;      // session/diagnosis.hpp
struct ElsewhereView;

struct StartOptions {
  std::vector<std::string> arguments;
  bool paused = false;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(asio::any_io_executor executor, const Services& services, store::SessionRow row);
  ~Session();

  const std::string& id() const { return id_; }
  asio::any_io_executor executor() const { return executor_; }

  Task<SessionView> view();

  // `wait` false: answers as soon as the way is entered (state starting, stopping, resetting).
  Task<Result<SessionView>> power(PowerAction action, bool wait);
  Task<Result<SessionView>> update(std::optional<std::string> name, std::optional<boost::json::object> labels,
                                   std::optional<std::optional<std::uint64_t>> ttl_sec);

  // Programs. The upload is checked against the board's plan; errors leave nothing.
  Task<Result<store::ProgramRow>> add_program(ProgramUpload upload);
  Task<Result<std::vector<store::ProgramRow>>> programs();
  Task<Result<store::ProgramRow>> program(std::string program_id);
  Task<Result<void>> remove_program(std::string program_id);
  Task<Result<store::ProgramRow>> start_program(std::string program_id, StartOptions options);
  Task<Result<store::ProgramRow>> stop_program(std::string program_id);

  // Why does it hang: looks for some 50 ms while the guest runs on. Errors: SESSION_STATE when the board is off.
  Task<Result<Diagnosis>> diagnose();

  // From outside (outside.cpp). Errors: TARGET_OFF, UNSUPPORTED_BY_BACKEND, those of find_interrupt, find_device and check_value.
  Task<Result<InterruptLine>> drive_interrupt(std::variant<std::uint64_t, std::string> wanted, LineAction action);
  Task<Result<std::vector<backend::DeviceState>>> devices();
  // Property -> value. All are checked before one is set; answers with the device as it is then.
  Task<Result<backend::DeviceState>> set_device(std::string name, boost::json::object values);
  // Runs the standing board for a span of its own time. Error: TARGET_RUNNING. At the timeout it answers, and the span goes on.
  Task<Result<SpanResult>> run_for(SpanRequest request);

  // Consoles. Readers open the log themselves and watch `output_changed`, so that a reader costs the session nothing.
  Task<std::vector<ConsoleView>> consoles();
  Task<Result<void>> write_console(std::string console, Bytes bytes);
  std::filesystem::path console_dir() const { return dir_ / "consoles"; }

  // Debugging. A connection that speaks RSP to the board, for whoever carries its bytes (a WebSocket); the TCP port is open
  // as long as the session lives. Also while the board is off: a gdb waits for the next power-on.
  Task<Result<Fd>> open_gdb();
  // The session's own debugger; its calls are made on executor() (base/run_on.hpp), by whoever holds the session.
  Debugger& debugger() { return *debugger_; }
  // Once, for a new session: opens its TCP port (0: a free one). Error: CONFLICT.
  Task<Result<std::uint16_t>> open_gdb_port(std::uint16_t port);

  unsigned console_changes() const { return console_changes_; }  // grows when consoles() has others; thread-safe
  Broadcast& output_changed() { return output_changed_; }  // also on every state change; thread-safe

  // Use keeps a session with a time to live alive. Thread-safe.
  void touch();
  void attach() { ++attached_; touch(); }
  void detach() { --attached_; touch(); }
  bool expired(Timestamp at) const;
  State state() const { return state_; }  // thread-safe; a snapshot

  // Once, before any other call: finds out what became of a session of an earlier server.
  Task<> restore();
  // Starts a sandbox ahead of the next power-on, if one is allowed.
  void prestart();
  Task<Result<void>> destroy();  // ends everything, removes files and rows; the object is then of no use
  Task<> stop();                 // server shutdown: lets go of the engine, or ends it on a private server

 private:
  template <class T>
  Task<T> here(Task<T> task);  // runs on the session's executor
  Task<Result<void>> on_power(PowerAction action, bool wait);
  Task<Result<void>> launch(std::shared_ptr<struct LoadSet> images, StartOptions options);
  Task<> end_engine();
  gdb::Target debug_target();
  Task<Result<gdb::Target::Connection>> dial_stub();
  Task<Result<void>> reset_machine();
  Task<Result<void>> interrupt_machine();
  Task<Result<std::uint64_t>> read_register_beside(std::string name);
  Task<Result<std::string>> ask_monitor(std::string command);
  Task<Result<Bytes>> read_beside(std::uint64_t address, std::size_t size);
  void keep_loaded();     // with the row, for a server that takes the engine over
  void restore_loaded();
  DebugHost debug_host();
  Task<Result<std::vector<ProgramFile>>> debugged_programs();
  struct Span;
  Result<void> require_feature(const char* name) const;
  static Task<> watch_span(std::shared_ptr<Session> self, std::shared_ptr<Span> span);
  bool stands() const;  // there is an engine
  void tell_device(const backend::DeviceChange& change, std::string_view by);
  static Task<> tell_accesses(std::shared_ptr<Session> self, std::vector<backend::GuestAccess> accesses);
  Task<> connect_debugger(bool held, bool stay_paused);
  bool debugger_waits() const;     // breakpoints are set, or gdbs attached
  // A board whose plan has register models: plays them from the engine's first instruction on.
  void make_player();
  Task<> start_player(bool adopted);
  Task<> resume_at_access(bool was_running);  // an engine whose server ended while an access was being played
  bool debugger_attached() const;  // run control goes through the bridge
  void settle(State state, std::string reason);
  void follow_debugger(std::string why = {});
  void reopen_gdb_port();
  class RttPort;
  void make_rtt();
  void start_rtt();  // after every start of an engine
  Task<std::vector<ElsewhereView>> find_elsewhere(const board::Board& board, std::vector<std::string> devices);
  Task<> discard_prepared();
  Task<Result<std::shared_ptr<struct LoadSet>>> load_images(std::string first_program);
  Result<void> require(bool allowed, std::string_view what) const;
  Result<void> require_settled() const;  // neither on its way between two states nor destroyed
  Result<std::filesystem::path> make_engine_dir();
  void wire_engine();
  void on_engine_event(const backend::EngineEvent& event);
  void ended(const backend::ExitReport& report);
  void set_state(State state, std::string reason = {});
  void save();
  Task<> save_now();
  SessionView view_here() const;
  std::vector<std::pair<std::string, std::uint64_t>> console_offsets() const;
  process::Limits limits() const;
  std::filesystem::path engine_dir(std::uint64_t number) const;

  asio::any_io_executor executor_;
  const Services& services_;
  std::string id_;
  std::filesystem::path dir_;
  store::SessionRow row_;
  backend::EnginePlan plan_;
  backend::Backend* backend_ = nullptr;
  std::atomic<State> state_ = State::created;  // written on executor_ only
  AsyncMutex operation_;
  TaskScope scope_;
  std::unique_ptr<process::EngineProcess> prepared_;
  std::shared_ptr<backend::Engine> engine_;  // shared with calls under way when it ends by itself
  std::unique_ptr<gdb::Bridge> bridge_;      // lives over power cycles
  std::unique_ptr<GdbDoors> doors_;
  std::unique_ptr<Debugger> debugger_;
  std::unique_ptr<RegisterPlayer> player_;   // null without models
  // The session's own run control; tells it what debuggers do to the machine.
  struct PowerKeys : gdb::Subscriber {
    explicit PowerKeys(Session& owner) : session(owner) {}
    void on_stopped(const gdb::StopReply& stop, bool) override { session.follow_debugger(stop.note); }
    void on_resumed() override { session.follow_debugger(); }
    void on_attached() override { session.follow_debugger(); }
    void on_lost(const Error&, bool) override {}
    Session& session;
  } power_keys_{*this};
  gdb::Owner debug_owner_ = 0;
  std::unique_ptr<RttMemory> rtt_memory_;
  std::unique_ptr<RttConsoles> rtt_;
  State settling_to_ = State::created;
  std::string settling_reason_;
  unsigned settle_changes_ = 0;
  bool settling_ = false;
  unsigned resets_ = 0;  // of the machine, since the session was made or restored
  std::shared_ptr<Span> span_;  // the last one
  std::optional<process::SandboxInfo> sandbox_;
  std::vector<std::string> loaded_;
  std::vector<gdb::MemoryRange> images_;  // where they lie; empty for an engine of an earlier server
  Broadcast output_changed_;
  bool dirty_ = false, saving_ = false, ending_ = false, destroying_ = false;
  std::atomic<int> attached_ = 0;
  std::atomic<unsigned> console_changes_ = 0;
  std::atomic<std::int64_t> last_used_us_;
  std::atomic<std::int64_t> ttl_sec_ = 0;  // 0: none; a copy for expired()
};

}  // namespace virserver::session
