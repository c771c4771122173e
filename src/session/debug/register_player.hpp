// Plays the register models of a board: stops the machine where it accesses a modelled register, asks the bank, completes the
// instruction in its place, and lets it run on.
//
// One a session, for a board with models; lives over power cycles. Belongs to the session's executor, all calls there. An
// instruction that cannot be played stops the machine with the reason. Virtual time is the time that the machine ran.
#pragma once
#include <boost/json/object.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "backend/types.hpp"
#include "base/task_scope.hpp"
#include "gdb/bridge.hpp"
#include "image/memory_access.hpp"
#include "registers/bank.hpp"
#include "session/debug/register_journal.hpp"

namespace virserver::session {

// Of one block, while it is played.
struct RegisterLoad {
  std::string block;
  std::uint64_t per_second = 0;
  std::chrono::microseconds each{0};  // mean
};

struct RegisterPlayerHost {
  gdb::Bridge& bridge;
  const backend::EnginePlan& plan;
  // Drives a line of the interrupt controller.
  std::function<Task<Result<void>>(unsigned line, bool level)> set_line;
  // A block that costs the guest much; once for each block and life of an engine.
  std::function<void(const RegisterLoad&)> on_load;
};

class RegisterPlayer final : public gdb::Player, private gdb::Subscriber {
 public:
  static constexpr std::uint64_t busy_rate = 1000;  // accesses a second, above which a block is reported

  // `bit_band`: the processor has the alias of the peripherals.
  RegisterPlayer(RegisterPlayerHost host, std::vector<registers::Block> blocks, bool bit_band);
  ~RegisterPlayer() override;
  RegisterPlayer(const RegisterPlayer&) = delete;
  RegisterPlayer& operator=(const RegisterPlayer&) = delete;

  // A new engine is to start, stopped; the bridge is not attached to it. The state is kept in `directory`, which is made.
  Task<> start(std::filesystem::path directory);
  // An engine of an earlier server was taken over; the bridge is not attached. Without a state the models begin at reset.
  Task<> adopt(std::filesystem::path directory);
  // The machine, which stands, waits at an access for its completion: an earlier server ended in between.
  Task<bool> waits_at_access();
  // At once, at every reset.
  void machine_was_reset();
  Task<> stop();

  std::vector<registers::Hits> hits() const { return bank_.hits(); }

  Task<Played> play(gdb::Client& client, gdb::StopReply stop) override;

 private:
  // An instruction that was met; by address, where code cannot change.
  struct Site {
    std::array<std::byte, 4> bytes{};
    std::size_t size = 0;
    bool thumb = false;
    std::expected<image::MemoryAccess, std::string> access = std::unexpected<std::string>("its bytes cannot be read");
  };
  struct Processor {
    std::vector<std::uint64_t> values;  // by RegisterNumber
    std::uint64_t pc = 0, status = 0;
  };
  // The instruction under the program counter.
  struct Instruction {
    Processor processor;
    Site site;
    image::ResolvedAccess resolved;  // of a load or store
  };
  struct Meter {
    std::chrono::steady_clock::time_point since;
    std::chrono::steady_clock::duration busy{};
    std::uint64_t count = 0;
    bool reported = false;
  };

  void on_stopped(const gdb::StopReply&, bool) override { stand(); }
  void on_resumed() override { run(); }
  void on_lost(const Error&, bool) override { stand(); }
  void on_attached() override;

  Task<> insert_watches();
  Task<Result<Instruction>> look(gdb::Client& client);
  Task<Result<Site>> site_at(gdb::Client& client, std::uint64_t pc, bool thumb);
  image::Code code_of(const Site& site, std::uint64_t pc) const;
  bool is_thumb(const Processor& processor) const;
  bool concerns(const image::ResolvedAccess& resolved) const;
  bool is_own_watch(const gdb::StopReply& stop) const;
  // Somebody else watches what is accessed: told as that one's stop.
  bool others_watch(const image::ResolvedAccess& resolved, gdb::StopReply& stop) const;

  Task<Played> complete(gdb::Client& client, gdb::StopReply stop);
  Task<Result<Played>> perform(gdb::Client& client, const Instruction& instruction);
  registers::Answer ask(bool store, std::uint64_t address, unsigned size, std::uint64_t value);
  Task<> drive(const std::vector<registers::LineChange>& changes);
  void add_write(std::vector<gdb::Client::RegisterValue>& writes, const gdb::Register* reg, std::uint64_t value) const;
  std::uint64_t number(const Bytes& bytes) const;
  Played failed(gdb::StopReply stop, const Instruction* instruction, std::string_view why) const;
  void measure(std::uint64_t address, std::chrono::steady_clock::duration spent);
  std::string block_at(std::uint64_t address) const;

  // Virtual time.
  void run();
  void stand();
  std::uint64_t now() const;

  RegisterPlayerHost host_;
  std::vector<registers::Block> blocks_;
  bool bit_band_;
  registers::Bank bank_;
  RegisterJournal journal_;
  gdb::Owner owner_ = 0;
  bool watching_ = false;
  std::vector<gdb::Register> registers_;  // the general ones by number, then pc, then status where there is one
  std::size_t general_ = 0;
  std::unordered_map<std::uint64_t, Site> sites_;
  std::map<std::string, Meter> meters_;
  bool lines_refused_ = false;
  TaskScope scope_;
  bool running_ = false;
  std::chrono::steady_clock::time_point running_since_;
  std::chrono::steady_clock::duration ran_{};
};

}  // namespace virserver::session
