#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "board/parse.hpp"

namespace virserver::board {
namespace {

Result<Board> board_of(std::string_view text) {
  auto document = parse_document(text);
  if (!document) return pass(document);
  return parse_board(*document);
}

// Every error as "pointer: message" or "pointer@line:column: message".
std::vector<std::string> errors_of(std::string_view text) {
  const auto board = board_of(text);
  std::vector<std::string> list;
  if (board) return list;
  EXPECT_EQ(board.error().code, ErrorCode::BOARD_INVALID) << board.error().message;
  for (const auto& entry : board.error().details.at("errors").as_array()) {
    const auto& error = entry.as_object();
    list.push_back(fmt::format("{}@{}:{}: {}", std::string_view(error.at("pointer").as_string()), error.at("line").as_int64(),
                               error.at("column").as_int64(), std::string_view(error.at("message").as_string())));
  }
  return list;
}

std::string only_error(std::string_view text) {
  const auto errors = errors_of(text);
  return errors.size() == 1 ? errors[0] : fmt::format("{} errors: {}", errors.size(), fmt::join(errors, " | "));
}

// A node of one line with `more` fields.
std::string node(std::string_view more) {
  return fmt::format("nodes:\n- {{id: n, processor: {{type: cortex-m4}}, {}}}\n", more);
}

constexpr std::string_view typical = R"({
  "system_id": "stm32f4", "name": "STM32F4", "description": "typical",
  "nodes": [{
    "id": "mcu", "backend": "qemu",
    "processor": {"type": "ARM Cortex-M4", "cores": 1, "frequency": 168000000, "features": {"fpu": true, "dsp": true}},
    "memory": [
      {"type": "Flash", "address": 134217728, "size": 1048576, "access": "RX"},
      {"type": "RAM", "address": 536870912, "size": 196608, "access": "RW"}],
    "peripherals": [
      {"type": "UART", "name": "USART2", "address": 1073759232, "irq": [38], "properties": {"baudrate": 115200}},
      {"type": "GPIO", "name": "GPIOD", "address": 1073875968, "properties": {"pins": 16}},
      {"type": "Timer", "name": "TIM2", "address": 1073741824, "irq": [28]}]}],
  "interconnect": {"shared_memory": null, "irq_routes": null, "mmio_map": null},
  "boot": {"bootrom": "", "bootargs": ["console=ttyS0"], "env": {"A": "b"}},
  "resources": {"cpu_cores": 1, "memory_mb": 256, "disk_gb": 0, "timeout_sec": 300}})";

TEST(ParseBoard, TypicalBoardOfTheEarlierApi) {
  const auto board = board_of(typical);
  ASSERT_TRUE(board) << board.error().message;
  const Node& node = board->nodes.at(0);
  EXPECT_EQ(board->system_id, "stm32f4");
  EXPECT_EQ(node.backend, "qemu");
  EXPECT_EQ(node.processor.id, "cortex-m4");
  EXPECT_EQ(node.processor.type, "ARM Cortex-M4");
  EXPECT_EQ(node.processor.architecture, Architecture::arm);
  EXPECT_EQ(node.processor.profile, 'M');
  EXPECT_EQ(node.processor.frequency_hz, 168'000'000u);
  EXPECT_EQ(node.processor.features.at("fpu"), true);
  ASSERT_EQ(node.memory.size(), 2u);
  EXPECT_EQ(node.memory[0].type, MemoryType::flash);
  EXPECT_EQ(node.memory[0].address, 0x08000000u);
  EXPECT_FALSE(node.memory[0].write);
  EXPECT_TRUE(node.memory[0].execute);
  EXPECT_TRUE(node.memory[1].write);
  EXPECT_FALSE(node.memory[1].execute);
  ASSERT_EQ(node.peripherals.size(), 3u);
  EXPECT_EQ(node.peripherals[0].type, "uart");
  EXPECT_EQ(node.peripherals[0].address, 0x40004400u);
  EXPECT_EQ(node.peripherals[0].irq, std::vector<unsigned>{38});
  ASSERT_EQ(node.consoles.size(), 1u);
  EXPECT_EQ(node.consoles[0].name, "usart2");
  EXPECT_EQ(node.consoles[0].peripheral, "USART2");
  EXPECT_EQ(board->resources.memory_mb, 256u);
  EXPECT_FALSE(board->resources.disk_gb);
}

TEST(ParseBoard, TheSameBoardAsTheContentOfAJsonString) {
  const boost::json::value quoted = boost::json::string(typical);
  const auto inner = board_of(quoted.as_string());
  ASSERT_TRUE(inner);
  EXPECT_EQ(to_json(*inner), to_json(*board_of(typical)));
}

TEST(ParseBoard, TextNumbersSuffixesAndAliases) {
  const auto board = board_of(R"(
nodes:
- processor: {type: cortex_m4f}
  backend: QEMU
  memory:
  - {type: FLASH, address: "0x0800_0000", size: 1MiB}
  - {type: sram, address: "0x20000000", size: "64k", access: read-write}
  - {type: boot-rom, address: 536936448, size: 4_096, access: r}
  peripherals:
  - {type: USART, name: A, irq: 5}
  - {type: Serial Port}
  - {type: lpuart, name: a-2, irq: ["0x10", 3]}
  - {type: TIM, name: T}
)");
  ASSERT_TRUE(board) << board.error().message;
  const Node& node = board->nodes[0];
  EXPECT_EQ(node.id, "node0");
  EXPECT_EQ(node.backend, "qemu");
  EXPECT_EQ(node.memory[0].size, 1u << 20);
  EXPECT_EQ(node.memory[1].size, 65536u);
  EXPECT_EQ(node.memory[1].type, MemoryType::ram);
  EXPECT_FALSE(node.memory[1].execute);
  EXPECT_EQ(node.memory[2].type, MemoryType::rom);
  EXPECT_EQ(node.peripherals[0].irq, std::vector<unsigned>{5});
  EXPECT_EQ(node.peripherals[2].irq, (std::vector<unsigned>{16, 3}));
  EXPECT_EQ(node.peripherals[3].type, "timer");
  ASSERT_EQ(node.consoles.size(), 3u);
  EXPECT_EQ(node.consoles[0].name, "a");
  EXPECT_EQ(node.consoles[1].name, "uart1");
  EXPECT_EQ(node.consoles[2].name, "a-2");
  EXPECT_EQ(node.consoles[2].index, 2u);
}

TEST(ParseBoard, TargetsAloneAreEnough) {
  const auto parsed = board_of("schema: 1\nnodes:\n- targets: {qemu: {machine: netduinoplus2, reset_address: \"0x10\"}}\n");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->nodes[0].targets.at("qemu").at("reset_address").to_number<std::uint64_t>(), 16u);
  EXPECT_EQ(parsed->nodes[0].backend, "auto");
}

TEST(ParseBoard, ErrorsHaveExactPlacesInYaml) {
  const auto errors = errors_of(R"(name: x
flavour: vanilla
nodes:
  - id: mcu
    processor:
      type: ARM Cortex-M44
      corse: 2
    memory:
      - type: Flash
        address: 0x08000000
        size: 0
      - {type: RAM, address: 0x20000000, size: 64KB}
    peripherals:
      - {type: UART, name: U1, irq: [5, 1024]}
)");
  ASSERT_EQ(errors.size(), 6u) << fmt::format("{}", fmt::join(errors, "\n"));
  EXPECT_TRUE(errors[0].starts_with("/flavour@2:1: unknown field \"flavour\"")) << errors[0];
  EXPECT_TRUE(errors[1].starts_with("/nodes/0/processor/corse@7:7: unknown field \"corse\"; did you mean cores")) << errors[1];
  EXPECT_TRUE(errors[2].starts_with("/nodes/0/processor/type@6:13: ")) << errors[2];
  EXPECT_TRUE(errors[2].contains("ARM Cortex-M4")) << errors[2];
  EXPECT_EQ(errors[3], "/nodes/0/memory/0/size@11:15: must not be 0");
  EXPECT_TRUE(errors[4].starts_with("/nodes/0/memory/1/size@12:48: must be a size")) << errors[4];
  EXPECT_EQ(errors[5], "/nodes/0/peripherals/0/irq/1@14:41: must be an interrupt number from 0 to 1023, is 1024");
}

TEST(ParseBoard, ErrorsHaveExactPlacesInJson) {
  EXPECT_EQ(only_error("{\n  \"nodes\": [\n    {\"processor\": {\"type\": \"rv32\", \"cores\": 0}}]}"),
            "/nodes/0/processor/cores@3:45: must be from 1 to 256, is 0");
  const auto board = board_of("{\n  \"nodes\": [\n    {\"processor\": {\"type\": \"rv32\", \"cores\": 0}}]}");
  EXPECT_EQ(board.error().message,
            "the board is not valid: line 3, column 45: /nodes/0/processor/cores: must be from 1 to 256, is 0");
}

TEST(ParseBoard, AValueWithoutTextHasNoPositions) {
  const auto board = parse_board(boost::json::value(boost::json::object{{"nodes", boost::json::array()}}));
  ASSERT_FALSE(board);
  const auto& error = board.error().details.at("errors").as_array().at(0).as_object();
  EXPECT_EQ(error.at("pointer"), "/nodes");
  EXPECT_FALSE(error.contains("line"));
}

TEST(ParseBoard, Suggestions) {
  const auto board = board_of("nodes:\n- processor: {type: rv32}\n  perpherals: []\n");
  ASSERT_FALSE(board);
  const auto& error = board.error().details.at("errors").as_array().at(0).as_object();
  EXPECT_EQ(error.at("suggestions").as_array().at(0), "peripherals");
}

TEST(ParseBoard, Structure) {
  EXPECT_EQ(only_error("nodes: []"), "/nodes@1:8: a board has at least one node");
  EXPECT_EQ(only_error("name: x"), "@1:1: the field \"nodes\" is missing");
  EXPECT_TRUE(only_error("just text").contains("must be an object with fields"));
  EXPECT_TRUE(only_error("[1]").contains("must be an object with fields, is a list"));
  EXPECT_TRUE(only_error("nodes: [7]").starts_with("/nodes/0@1:9: must be an object"));
  EXPECT_TRUE(only_error("nodes: [{id: a}]").contains("\"processor\" is missing"));
  EXPECT_TRUE(only_error("schema: 2\nnodes: [{processor: {type: rv32}}]").starts_with("/schema@1:9: version 2"));
  EXPECT_TRUE(only_error("name: 7\nnodes: [{processor: {type: rv32}}]").contains("put it in quotes"));
  EXPECT_TRUE(only_error(node("backend: quemu")).contains("did you mean qemu"));
  EXPECT_TRUE(only_error(node("memory: {}")).contains("must be a list, is an object"));
  EXPECT_TRUE(only_error("nodes:\n- {id: a, processor: {type: rv32}}\n- {id: A, processor: {type: rv32}}").starts_with("/nodes/1/id@3:8: another node"));
  EXPECT_TRUE(only_error("nodes: [{id: ../x, processor: {type: rv32}}]").contains("is not a name"));
}

TEST(ParseBoard, Memory) {
  EXPECT_EQ(only_error(node("memory: [{type: RAM, address: 0, size: 64K}, {type: RAM, address: 0xfffc, size: 8}]")).substr(0, 18), "/nodes/0/memory/1@");
  EXPECT_TRUE(only_error(node("memory: [{type: RAM, address: 0, size: 64K}, {type: RAM, address: 0xfffc, size: 8}]")).contains("overlaps with region 0"));
  EXPECT_TRUE(errors_of(node("memory: [{type: RAM, address: 0, size: 64K}, {type: RAM, address: 0x10000, size: 8}]")).empty());
  // A region inside of a large one is found even when another lies between.
  EXPECT_EQ(errors_of(node("memory: [{type: RAM, address: 0, size: 1M}, {type: RAM, address: 16, size: 8}, {type: RAM, address: 64, size: 8}]")).size(), 2u);
  EXPECT_TRUE(only_error(node("memory: [{type: RAM, address: 0xffffffffffffff00, size: 257}]")).contains("ends past the last address"));
  EXPECT_TRUE(errors_of(node("memory: [{type: RAM, address: 0xffffffffffffff00, size: 256}]")).empty());
  EXPECT_TRUE(only_error(node("memory: [{type: RAM, address: 0x10000000000000000, size: 4}]")).contains("whole number"));
  EXPECT_TRUE(only_error(node("memory: [{type: RAM, address: -4, size: 4}]")).contains("whole number"));
  EXPECT_TRUE(only_error(node("memory: [{type: Flsh, address: 0, size: 4}]")).contains("did you mean flash"));
  EXPECT_TRUE(only_error(node("memory: [{type: RAM, address: 0, size: 4, access: RQ}]")).contains("use R, RW, RX or RWX"));
  EXPECT_EQ(errors_of(node("memory: [{}]")).size(), 3u);
}

TEST(ParseBoard, Counts) {
  std::string regions, peripherals, nodes = "nodes:\n";
  for (int i = 0; i < 257; ++i) regions += fmt::format("{{type: RAM, address: {}, size: 16}}, ", i * 16);
  for (int i = 0; i < 10'000; ++i) peripherals += fmt::format("{{type: gpio, name: G{}}}, ", i);
  for (int i = 0; i < 65; ++i) nodes += fmt::format("- {{id: n{}, processor: {{type: rv32}}}}\n", i);
  EXPECT_TRUE(only_error(node("memory: [" + regions + "]")).contains("at most 256"));
  EXPECT_TRUE(only_error(node("peripherals: [" + peripherals + "]")).contains("at most 1024"));
  EXPECT_TRUE(only_error(nodes).contains("at most 64"));
  std::string many = "nodes: [{processor: {type: rv32}}]\n";
  for (int i = 0; i < 500; ++i) many += fmt::format("z{}: 1\n", i);
  const auto board = board_of(many);
  ASSERT_FALSE(board);
  EXPECT_EQ(board.error().details.at("errors").as_array().size(), 100u);
  EXPECT_EQ(board.error().details.at("more").to_number<int>(), 400);
}

TEST(ParseBoard, Consoles) {
  EXPECT_TRUE(only_error(node("peripherals: [{type: uart, name: A}, {type: gpio, name: a}]")).contains("another peripheral"));
  EXPECT_TRUE(only_error(node("consoles: [{name: a}, {name: A}]")).contains("another console is named"));
  EXPECT_TRUE(only_error(node("consoles: [{name: a, index: 1}, {name: b, index: 1}]")).contains("serial port 1 too"));
  EXPECT_TRUE(only_error(node("peripherals: [{type: uart, name: U1}], default_console: u2")).contains("did you mean u1"));
  EXPECT_TRUE(only_error(node("consoles: [{name: a, peripheral: U9}]")).contains("no UART named \"U9\""));
  EXPECT_TRUE(only_error(node("consoles: [{name: Emulator}]")).contains("makes itself"));
  const auto board = board_of(node("peripherals: [{type: uart, name: USART1}, {type: uart, name: USART2}], default_console: USART2"));
  ASSERT_TRUE(board) << board.error().message;
  EXPECT_EQ(board->nodes[0].default_console, "usart2");
}

TEST(ParseBoard, Targets) {
  EXPECT_TRUE(only_error(node("targets: {quemu: {machine: x}}")).contains("did you mean qemu"));
  EXPECT_TRUE(only_error(node("targets: {qemu: {machin: x}}")).contains("did you mean machine"));
  for (const std::string_view bad : {"machine: 'virt,dumpdtb=/tmp/x'", "machine: -virt", "cpu: 'max,x=y'", "machine: ''", "memory: 512",
                                     "memory: '512M,maxmem=1T'", "machine_options: ['dumpdtb=x']", "machine_options: ['secure=on,dumpdtb=x']",
                                     "preferred_machines: ['a b']", "reset_address: -1", "semihosting: 1"})
    EXPECT_EQ(errors_of(node(fmt::format("targets: {{qemu: {{{}}}}}", bad))).size(), 1u) << bad;
  EXPECT_TRUE(errors_of(node("targets: {qemu: {machine: virt, cpu: cortex-a53, memory: 512M, machine_options: [secure=on]}}")).empty());
  EXPECT_TRUE(only_error(node("targets: {renode: {platform: ../../etc/passwd}}")).contains("platform"));
  EXPECT_TRUE(errors_of(node("targets: {renode: {platform: boards/stm32f4_discovery}, skyeye: {cpu: arm7tdmi, mach: at91}}")).empty());
  EXPECT_TRUE(errors_of(node("targets: {renode: {platform_text: \"a: B.C\", models: {Magic: \"class Magic {}\"}}}")).empty());
  EXPECT_TRUE(only_error(node("targets: {renode: {models: {Magic: x}}}")).contains("platform_text"));
  for (const char* models : {"{\"a/b\": x}", "{\"\": x}", "{A: 1}", "{A: \"\"}", "{A: \"\\x01\"}"})
    EXPECT_FALSE(errors_of(node(std::string("targets: {renode: {platform_text: \"a: B.C\", models: ") + models + "}}")).empty()) << models;
  EXPECT_TRUE(errors_of(node("targets: {skyeye: {mach: at91, registers: [{address: 0xf0000000, size: 256M}]}}")).empty());
  EXPECT_EQ(errors_of(node("targets: {skyeye: {mach: at91, registers: [{address: here}, 7]}}")).size(), 3u);
}

TEST(ParseBoard, AroundTheNodes) {
  const std::string two = "nodes:\n- {id: a, processor: {type: rv32}}\n- {id: b, processor: {type: rv32}}\n";
  EXPECT_TRUE(errors_of(two + "interconnect: {shared_memory: [{id: m, address: 0xC0000000, size: 64K, nodes: [a, b]}], irq_routes: [{source_node: a, source_irq: 16, target_node: b, target_irq: 16, latency: 10}], mmio_map: []}\n").empty());
  EXPECT_TRUE(only_error(two + "interconnect: {shared_memory: [{address: 0, size: 4, nodes: [a, c]}]}").starts_with("/interconnect/shared_memory/0/nodes/1@4:65: must be the id of a node"));
  EXPECT_TRUE(only_error(two + "interconnect: {irq_routes: [{source_node: a, source_irq: 1024, target_node: b, target_irq: 1}]}").contains("from 0 to 1023"));
  EXPECT_TRUE(only_error(two + "interconnect: {shared_mem: []}").contains("did you mean shared_memory"));
  EXPECT_TRUE(only_error(two + "boot: {bootargs: [1]}").starts_with("/boot/bootargs/0@"));
  EXPECT_TRUE(only_error(two + "resources: {cpu_cores: -1}").contains("/resources/cpu_cores"));
  EXPECT_TRUE(only_error(two + "resources: {memory_mb: lots}").contains("/resources/memory_mb"));
}

}  // namespace
}  // namespace virserver::board
