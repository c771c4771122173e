// Planning against what the real QEMU says of its machines.
#include <algorithm>
#include <set>

#include "backend/parts.hpp"
#include "board/parse.hpp"
#include "fixture.hpp"
#include "unit/board/random_board.hpp"

namespace virserver::backend {
namespace {

board::Board derived(const char* id) { return board::find_builtin(id)->config; }

const Part& part(const std::vector<Part>& parts, std::string_view name) {
  const auto found = std::ranges::find(parts, name, &Part::name);
  if (found == parts.end()) throw std::runtime_error(fmt::format("no part {}", name));
  return *found;
}

TEST_F(QemuTest, DevicesAreKnownByAddressWithTheirSerialPorts) {
  const auto disco = plan("stm32f4-disco");
  const auto* rcc = device_at(disco, 0x40023800);
  ASSERT_NE(rcc, nullptr);
  EXPECT_TRUE(rcc->stub) << rcc->model;
  EXPECT_EQ(rcc->name, "RCC");
  const auto* usart2 = device_at(disco, 0x40004400);
  ASSERT_NE(usart2, nullptr);
  EXPECT_EQ(usart2->model, "stm32f2xx-usart");
  EXPECT_EQ(usart2->kind, "uart");
  EXPECT_EQ(usart2->serial, 1u);
  // Behind a protection controller.
  const auto secure = plan("mps2-an505");
  const auto* uart3 = device_at(secure, 0x50203000);
  ASSERT_NE(uart3, nullptr);
  EXPECT_EQ(uart3->model, "cmsdk-apb-uart");
  EXPECT_EQ(uart3->serial, 3u);
}

TEST_F(QemuTest, EveryTemplatesConsolesAreTheUartsTheyName) {
  for (const auto& entry : board::builtin_templates()) {
    if (std::ranges::find(entry.backends, "qemu") == entry.backends.end()) continue;
    auto planned = run(qemu->plan(entry.config));
    ASSERT_TRUE(planned) << entry.id << ": " << planned.error().message;
    const auto& node = entry.config.nodes[0];
    for (const auto& console : planned->consoles) {
      const auto peripheral = std::ranges::find(node.peripherals, console.peripheral, &board::Peripheral::name);
      if (peripheral == node.peripherals.end() || !peripheral->address) continue;
      const auto* device = device_at(*planned, *peripheral->address);
      ASSERT_NE(device, nullptr) << entry.id << " " << console.name;
      EXPECT_EQ(device->serial, console.index) << entry.id << " " << console.name << " on " << device->model;
    }
    for (const auto& each : parts_of(entry.config, *planned))
      if (each.kind == "processor" || each.kind == "console") EXPECT_EQ(each.state, PartState::runs) << entry.id << " " << each.pointer << ": " << each.reason;
  }
}

TEST_F(QemuTest, ABoardWithoutAMachineGetsTheNearest) {
  auto board = derived("microbit");
  board.nodes[0].targets = {};
  auto planned = run(qemu->plan(board));
  ASSERT_TRUE(planned) << planned.error().message;
  EXPECT_EQ(planned->data.at("machine").as_string(), "microbit");
  EXPECT_EQ(planned->findings.front().pointer, "/nodes/0/targets");

  // More RAM than it has, somewhere else: it is still the nearest, and the difference is told.
  board.nodes[0].memory.push_back({board::MemoryType::ram, "far", 0x90000000, 0x1000, true, true, true});
  planned = run(qemu->plan(board));
  ASSERT_TRUE(planned) << planned.error().message;
  EXPECT_EQ(part(parts_of(board, *planned), "far").state, PartState::missing);

  // By its memory map alone, among the machines with a Cortex-M3.
  auto other = derived("mps2-an385");
  other.nodes[0].targets = {};
  other.nodes[0].soc = "";
  planned = run(qemu->plan(other));
  ASSERT_TRUE(planned) << planned.error().message;
  EXPECT_TRUE(planned->data.at("machine").as_string().starts_with("mps2-an385")) << planned->data.at("machine").as_string();

  // Without its flash nothing can start: refused, with the nearest machine and the differences.
  board.nodes[0].memory[0].address = 0x70000000;
  planned = run(qemu->plan(board));
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().code, ErrorCode::BOARD_UNPLANNABLE);
  const auto text = boost::json::serialize(planned.error().details);
  EXPECT_NE(text.find("the nearest is"), std::string::npos) << text;
  EXPECT_NE(text.find("/nodes/0/memory/0"), std::string::npos) << text;
}

TEST_F(QemuTest, AUartAtAnotherAddressKeepsItsPortAndSaysSo) {
  auto board = derived("stm32f4-disco");
  for (auto& peripheral : board.nodes[0].peripherals)
    if (peripheral.name == "USART2") peripheral.address = 0x40099000;
  auto planned = run(qemu->plan(board));
  ASSERT_TRUE(planned) << planned.error().message;
  EXPECT_EQ(planned->consoles[1].index, 1u);
  const auto parts = parts_of(board, *planned);
  EXPECT_EQ(part(parts, "USART2").state, PartState::missing);
  EXPECT_EQ(part(parts, "usart2").state, PartState::approximated) << part(parts, "usart2").reason;
}

// Any valid board plans, or is refused with reasons that name places in it.
TEST_F(QemuTest, AnyValidBoardPlansOrIsRefusedWithReasons) {
  const std::set<ErrorCode> refusals{ErrorCode::BOARD_UNPLANNABLE, ErrorCode::BACKEND_ABSENT, ErrorCode::UNSUPPORTED_BY_BACKEND};
  static constexpr const char* machines[] = {"virt", "microbit", "netduinoplus2", "mps2-an385", "sifive_e", "versatilepb"};
  int planned_boards = 0;
  for (unsigned seed = 0; seed < 80; ++seed) {
    auto document = board::testing::RandomBoard(seed, 1).board();
    auto& node = document["nodes"].as_array()[0].as_object();
    // Half of them on a machine that may fit, with the library's own memory, so that both outcomes occur.
    if (seed % 2) {
      const auto& library = board::builtin_templates();
      const auto known = board::to_json(library[seed / 2 % library.size()].config).at("nodes").as_array()[0].as_object();
      node["processor"] = known.at("processor");
      node["memory"] = known.at("memory");
      if (seed % 3 == 0) node.erase("targets");
      else node["targets"] = {{"qemu", {{"machine", machines[seed % std::size(machines)]}}}};
    }
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, boost::json::serialize(document)));
    const auto board = board::parse_board(document);
    ASSERT_TRUE(board) << board.error().message;
    const boost::json::value json = board::to_json(*board);
    auto planned = run(qemu->plan(*board));
    boost::json::array findings;
    if (planned) {
      ++planned_boards;
      EXPECT_FALSE(planned->memory.empty());
      for (const auto& finding : planned->findings) {
        EXPECT_NE(finding.severity, Severity::error);
        findings.push_back({{"pointer", finding.pointer}, {"message", finding.message}});
      }
      for (const auto& each : parts_of(*board, *planned)) findings.push_back({{"pointer", each.pointer}, {"message", each.state == PartState::runs ? "runs" : each.reason}});
    } else {
      EXPECT_TRUE(refusals.contains(planned.error().code)) << planned.error().message;
      EXPECT_FALSE(planned.error().message.empty());
      if (planned.error().code == ErrorCode::BOARD_UNPLANNABLE) findings = planned.error().details.at("findings").as_array();
    }
    for (const auto& finding : findings) {
      EXPECT_FALSE(finding.as_object().at("message").as_string().empty());
      std::string pointer(finding.as_object().at("pointer").as_string());
      boost::system::error_code ec;
      // What a board does not say (targets, cores) may be the reason too; its node is there.
      while (!pointer.starts_with("/nodes/0/memory") && pointer.size() > 8 && !json.find_pointer(pointer, ec)) pointer.resize(pointer.rfind('/'));
      EXPECT_TRUE(json.find_pointer(pointer, ec)) << std::string_view(finding.as_object().at("pointer").as_string());
    }
  }
  EXPECT_GT(planned_boards, 5);
}

}  // namespace
}  // namespace virserver::backend
