#include "session/debug/register_player.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "../gdb/support.hpp"

namespace virserver::session {
namespace {

using gdb::Bridge;
using gdb::test::Board;
using testing::HasSubstr;
using namespace std::chrono_literals;

// What the programs of firmware/ agree on.
struct Program {
  const char* name;
  const char* machine;
  Architecture architecture;
  char profile;
  std::uint64_t code, block, results;
  unsigned result_size;  // of one tried form

  std::uint64_t done() const { return code + 0x2000; }
  std::string image() const { return fmt::format("{}/{}.elf", GDB_TEST_FIRMWARE, name); }
};
constexpr Program programs[] = {
    {"thumb", "cortex-m4", Architecture::arm, 'M', 0x08000000, 0x20008000, 0x20009000, 36},
    {"a32", "cortex-a15", Architecture::arm, 'A', 0x40010000, 0x40200000, 0x40201000, 36},
    {"a64", "cortex-a53", Architecture::aarch64, 'A', 0x40080000, 0x40200000, 0x40201000, 40},
    {"rv32", "riscv32", Architecture::riscv32, 0, 0x80000000, 0x80200000, 0x80201000, 16},
    {"rv64", "riscv64", Architecture::riscv64, 0, 0x80000000, 0x80200000, 0x80201000, 32},
};
constexpr unsigned words = 16;

struct Listener : gdb::Subscriber {
  void on_stopped(const gdb::StopReply& stop, bool) override { notes.push_back(stop.note); }
  void on_lost(const Error&, bool) override {}
  std::vector<std::string> notes;
};

// A board with a program in it, its block modelled or not, and one more member of the bridge: the test.
class Played {
 public:
  enum class Model { none, registers, observed };

  Played(const Program& program, Model model) : program_(program), board_(gdb::test::machine(program.machine), true, program.image()) {
    plan_.architecture = program.architecture;
    plan_.profile = program.profile;
    plan_.memory = {{"code", program.code, 0x10000, program.profile != 'M'}};
    auto name = std::string("/tmp/vs-player-XXXXXX");
    directory_ = ::mkdtemp(name.data());
    call([&](Bridge& bridge) -> Task<bool> {
      owner = bridge.join(listener, Bridge::Role::other);
      if (model != Model::none) {
        player = std::make_unique<RegisterPlayer>(host(bridge), blocks(model), program_.profile == 'M');
        co_await player->start(directory_ / "state");
      }
      co_return true;
    });
  }
  ~Played() {
    call([&](Bridge& bridge) -> Task<bool> {
      if (player) co_await player->stop();
      co_await bridge.leave(owner, Bridge::Leave::vanish);
      co_return true;
    });
    call([&](Bridge&) -> Task<bool> {
      player.reset();
      co_return true;
    });
    std::filesystem::remove_all(directory_);
  }

  RegisterPlayerHost host(Bridge& bridge) {
    auto set_line = [this](unsigned line, bool level) -> Task<Result<void>> {
      lines.emplace_back(line, level);
      co_return Result<void>();
    };
    return {bridge, plan_, std::move(set_line), [this](const RegisterLoad& load) { loads.push_back(load); }};
  }
  std::vector<registers::Block> blocks(Model model) const {
    registers::Block block{.name = "BLOCK", .base = program_.block, .size = 4 * words};
    for (unsigned i = 0; i < words; ++i)
      block.registers.push_back({.name = fmt::format("R{}", i), .offset = 4 * i, .writable = UINT32_MAX, .observe = model == Model::observed});
    return {block};
  }

  template <class T = bool>
  T call(std::type_identity_t<std::function<Task<T>(Bridge&)>> what) { return board_.on_bridge<T>(std::move(what)); }

  // The registers that every tried form left, and what the block holds at the end.
  void run_to_end() {
    call([&](Bridge& bridge) -> Task<bool> {
      (void)co_await bridge.insert(owner, end());
      auto resumed = co_await bridge.resume(owner, {});
      EXPECT_TRUE(resumed) << resumed.error().message;
      auto stop = co_await bridge.wait_stopped(20s);
      EXPECT_TRUE(stop) << stop.error().message;
      co_return true;
    });
    collect();
  }
  void collect() {
    EXPECT_EQ(pc(), program_.done());
    results = memory(program_.results, 0xc00);
    block = memory(program_.block, 4 * words);
  }
  Bytes memory(std::uint64_t address, std::size_t size) {
    return call<Bytes>([&](Bridge& bridge) -> Task<Bytes> {
      auto bytes = co_await bridge.read_memory(address, size);
      EXPECT_TRUE(bytes) << bytes.error().message;
      co_return bytes.value_or(Bytes());
    });
  }
  std::uint64_t pc() {
    return call<std::uint64_t>([](Bridge& bridge) -> Task<std::uint64_t> {
      auto value = co_await bridge.read_register(*bridge.description().program_counter());
      std::uint64_t number = 0;
      for (std::size_t i = 0; value && i < value->size(); ++i) number |= std::to_integer<std::uint64_t>((*value)[i]) << 8 * i;
      co_return number;
    });
  }
  gdb::Breakpoint end() const {
    return {gdb::BreakpointType::software, program_.done(), program_.architecture == Architecture::arm && program_.profile == 'M' ? 2u : 4u};
  }
  const Program& program() const { return program_; }
  Board& board() { return board_; }
  std::filesystem::path state() const { return directory_ / "state"; }

  Listener listener;
  gdb::Owner owner = 0;
  std::unique_ptr<RegisterPlayer> player;
  std::vector<std::pair<unsigned, bool>> lines;
  std::vector<RegisterLoad> loads;
  Bytes results, block;

 private:
  const Program& program_;
  backend::EnginePlan plan_;
  Board board_;
  std::filesystem::path directory_;
};

// Form by form, so that the first that differs is named.
void expect_same(const Played& real, const Played& played) {
  ASSERT_EQ(real.results.size(), played.results.size());
  const auto size = real.program().result_size;
  for (std::size_t at = 0; at + size <= real.results.size(); at += size)
    ASSERT_EQ(to_hex(std::span(played.results).subspan(at, size)), to_hex(std::span(real.results).subspan(at, size)))
        << "of the form number " << at / size << " in firmware/forms_*.S";
}

class RegisterPlayerForms : public testing::TestWithParam<Program> {};

TEST_P(RegisterPlayerForms, AreAsInTheProcessor) {
  Played real(GetParam(), Played::Model::none), played(GetParam(), Played::Model::registers);
  real.run_to_end();
  played.run_to_end();
  expect_same(real, played);
  EXPECT_EQ(to_hex(played.block), std::string(8 * words, '0')) << "the memory below was not touched";
  std::uint64_t hits = 0;
  for (const auto& each : played.player->hits()) hits += each.reads + each.writes;
  EXPECT_GT(hits, 40u);
  // Every register of the model holds what the memory does.
  played.call([&](Bridge& bridge) -> Task<bool> {
    registers::Bank bank(played.blocks(Played::Model::registers), false);
    RegisterJournal journal;
    auto resumed = journal.resume(played.state(), bank);
    EXPECT_TRUE(resumed) << resumed.error().message;
    for (unsigned i = 0; i < words; ++i) {
      std::uint32_t held = 0;
      for (unsigned byte = 0; byte < 4; ++byte) held |= std::to_integer<std::uint32_t>(real.block[4 * i + byte]) << 8 * byte;
      EXPECT_EQ(bank.read(GetParam().block + 4 * i, 4, 0).value, held) << "register " << i;
    }
    (void)bridge;
    co_return true;
  });
}

TEST_P(RegisterPlayerForms, ReachTheDeviceOfAnObservedRegister) {
  Played real(GetParam(), Played::Model::none), played(GetParam(), Played::Model::observed);
  real.run_to_end();
  played.run_to_end();
  expect_same(real, played);
  EXPECT_EQ(to_hex(played.block), to_hex(real.block));
}

// The places where single steps stop, all the way.
std::vector<std::uint64_t> step_through(Played& board, std::size_t most) {
  return board.call<std::vector<std::uint64_t>>([&](Bridge& bridge) -> Task<std::vector<std::uint64_t>> {
    std::vector<std::uint64_t> places;
    while (places.size() < most) {
      Bridge::Resume step{.kind = Bridge::Resume::Kind::step};
      auto resumed = co_await bridge.resume(board.owner, step);
      EXPECT_TRUE(resumed) << resumed.error().message;
      auto stop = co_await bridge.wait_stopped(10s);
      EXPECT_TRUE(stop && stop->signal == gdb::kSignalTrap && !stop->watch_address);
      auto value = co_await bridge.read_register(*bridge.description().program_counter());
      std::uint64_t number = 0;
      for (std::size_t i = 0; value && i < value->size(); ++i) number |= std::to_integer<std::uint64_t>((*value)[i]) << 8 * i;
      places.push_back(number);
      if (number == board.program().done()) break;
    }
    co_return places;
  });
}

TEST_P(RegisterPlayerForms, AreSingleSteps) {
  Played real(GetParam(), Played::Model::none), played(GetParam(), Played::Model::registers);
  const auto expected = step_through(real, 3000), places = step_through(played, 3000);
  EXPECT_EQ(places, expected);
  ASSERT_EQ(places.back(), GetParam().done());
  real.collect();
  played.collect();
  expect_same(real, played);
}

INSTANTIATE_TEST_SUITE_P(Sets, RegisterPlayerForms, testing::ValuesIn(programs),
                         [](const auto& program) { return std::string(program.param.name); });

const Program refused{"refused", "cortex-m4", Architecture::arm, 'M', 0x08000000, 0x20008000, 0x20009000, 36};

TEST(RegisterPlayer, StopsAtWhatItCannotPlay) {
  Played board(refused, Played::Model::registers);
  board.call([&](Bridge& bridge) -> Task<bool> {
    (void)co_await bridge.resume(board.owner, {});
    auto stop = co_await bridge.wait_stopped(10s);
    EXPECT_TRUE(stop) << stop.error().message;
    EXPECT_THAT(stop->note, HasSubstr("(bytes 91ed000a) accesses the modelled registers of BLOCK"));
    EXPECT_THAT(stop->note, HasSubstr("floating-point"));
    // It is there again after a resume, and nothing hangs.
    auto resumed = co_await bridge.resume(board.owner, {});
    EXPECT_TRUE(resumed);
    stop = co_await bridge.wait_stopped(10s);
    EXPECT_TRUE(stop && !stop->note.empty());
    co_return true;
  });
}

TEST(RegisterPlayer, GdbSeesOnlyItsOwnStops) {
  const Program& program = programs[0];
  Played board(program, Played::Model::registers);
  const auto& machine = gdb::test::machine(program.machine);
  const auto out = gdb::test::run_gdb(machine, board.board().port(),
      {"set confirm off", "info breakpoints", "break *0x08002000", "continue", "info registers pc", "detach"});
  EXPECT_THAT(out, HasSubstr("No breakpoints or watchpoints"));
  EXPECT_THAT(out, testing::ContainsRegex("Breakpoint 1, 0x08002000"));
  EXPECT_THAT(out, testing::Not(testing::ContainsRegex("SIGTRAP|SIGILL")));
}

// A client watches what is modelled: it is told, and goes on from there.
TEST(RegisterPlayer, AWatchpointOfGdbOnAModelledRegister) {
  const Program& program = programs[0];
  Played real(program, Played::Model::none), board(program, Played::Model::registers);
  real.run_to_end();
  const auto& machine = gdb::test::machine(program.machine);
  const auto out = gdb::test::run_gdb(machine, board.board().port(),
      {"set confirm off", "break *0x08002000", "awatch *(int*)0x2000802c", "continue", "continue", "delete 2", "continue"});
  EXPECT_THAT(out, testing::ContainsRegex("(read/write\\) watchpoint 2(.|\n)*){3}Breakpoint 1, 0x08002000"));
  board.call([&](Bridge& bridge) -> Task<bool> {  // it ran on when gdb left
    (void)co_await bridge.interrupt(board.owner);
    co_return true;
  });
  board.collect();
  expect_same(real, board);
}

}  // namespace
}  // namespace virserver::session
