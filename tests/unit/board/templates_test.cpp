#include "board/templates.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include <fstream>
#include <sstream>

#include "base/embedded.hpp"
#include "board/parse.hpp"

namespace virserver::board {
namespace {

Board example(const std::string& name) {
  std::ifstream file(std::string(VIRSERVER_EXAMPLES_DIR) + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  const auto document = parse_document(text.str());
  if (!document) throw std::runtime_error(document.error().message);
  const auto board = parse_board(*document);
  if (!board) throw std::runtime_error(board.error().message);
  return *board;
}

TEST(Templates, AreManyAndSorted) {
  std::vector<std::string> ids;
  for (const Template& entry : builtin_templates()) ids.push_back(entry.id);
  EXPECT_GE(ids.size(), 35u);
  EXPECT_TRUE(std::ranges::is_sorted(ids));
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

TEST(Templates, AFindingMayConcernOneBackend) {
  const std::vector<std::string> findings{"No radio.", "QEMU: No GPIO.", "Renode: No flash controller.", "QEMU has no more."};
  EXPECT_EQ(findings_on("qemu", findings), (std::vector<std::string>{"No radio.", "No GPIO.", "QEMU has no more."}));
  EXPECT_EQ(findings_on("renode", findings), (std::vector<std::string>{"No radio.", "No flash controller.", "QEMU has no more."}));
}

TEST(Templates, EachIsComplete) {
  for (const Template& entry : builtin_templates()) {
    SCOPED_TRACE(entry.id);
    EXPECT_FALSE(entry.name.empty());
    EXPECT_FALSE(entry.description.empty());
    EXPECT_FALSE(entry.findings.empty());
    EXPECT_FALSE(entry.tags.empty());
    ASSERT_FALSE(entry.backends.empty());
    ASSERT_EQ(entry.config.nodes.size(), 1u);
    const Node& node = entry.config.nodes[0];
    EXPECT_NE(node.processor.architecture, Architecture::other);
    EXPECT_FALSE(node.memory.empty());
    EXPECT_FALSE(node.consoles.empty());
    EXPECT_FALSE(node.default_console.empty());
    for (const Console& console : node.consoles) EXPECT_FALSE(console.peripheral.empty());
    if (!node.targets.contains("qemu")) {  // auto would look for a QEMU machine that comes close
      EXPECT_TRUE(node.backend == "renode" || node.backend == "skyeye") << node.backend;
      EXPECT_TRUE(node.targets.contains(node.backend));
      EXPECT_EQ(to_json(*parse_template(to_json(entry))), to_json(entry));
      continue;
    }
    EXPECT_TRUE(node.targets.at("qemu").as_object().contains("machine"));
    // Where a raw binary goes that says nothing is said, too.
    const auto& qemu = node.targets.at("qemu").as_object();
    EXPECT_TRUE(node.processor.profile == 'M' ? qemu.contains("vector_table") : qemu.contains("reset_address") || qemu.contains("load_address"));
    EXPECT_EQ(to_json(*parse_template(to_json(entry))), to_json(entry));
  }
}

TEST(Templates, EmbeddedFilesAreNamedAfterTheirTemplate) {
  for (const embedded::File& file : embedded::boards()) EXPECT_NE(find_builtin(file.path.substr(0, file.path.rfind('.'))), nullptr) << file.path;
  EXPECT_EQ(embedded::boards().size(), builtin_templates().size());
}

TEST(Templates, Find) {
  ASSERT_NE(find_builtin("stm32f4-disco"), nullptr);
  EXPECT_EQ(find_builtin("stm32f4-disco")->config.nodes[0].default_console, "usart2");
  EXPECT_EQ(find_builtin("nope"), nullptr);
}

TEST(Templates, Ids) {
  for (const std::string_view id : {"a", "stm32f4-disco", "0x", "a.b:c-d"}) EXPECT_TRUE(valid_template_id(id)) << id;
  for (const std::string_view id : {"", "-a", ".a", "A", "a_b", "a/b", "a b", "\xc3\xa9"}) EXPECT_FALSE(valid_template_id(id)) << id;
  EXPECT_FALSE(valid_template_id(std::string(129, 'a')));
}

TEST(Templates, ErrorsPointIntoTheTemplate) {
  const boost::json::value broken = {{"id", "x"}, {"config", {{"nodes", boost::json::array{{{"processor", {{"type", "rv33"}}}}}}}}};
  const auto parsed = parse_template(broken);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().details.at("errors").at(0).at("pointer"), "/config/nodes/0/processor/type");
  EXPECT_FALSE(parse_template({{"id", "X"}, {"config", {{"nodes", boost::json::array()}}}}));
  EXPECT_FALSE(parse_template({{"id", "x"}}));
  EXPECT_FALSE(parse_template("text"));
}

TEST(Examples, Stm32f4) {
  const Board board = example("stm32f4-custom/board.yaml");
  EXPECT_EQ(board.nodes.at(0).memory.at(0).size, 1u << 20);
  EXPECT_EQ(board.nodes[0].memory.at(1).size, 192u << 10);
  EXPECT_EQ(board.nodes[0].consoles.at(0).index, 1u);
}

TEST(Examples, TwoNodes) {
  const Board board = example("two-node/board.json");
  ASSERT_EQ(board.nodes.size(), 2u);
  EXPECT_EQ(board.nodes[1].processor.architecture, Architecture::riscv32);
  EXPECT_EQ(board.interconnect.at("shared_memory").at(0).at("address").to_number<std::uint64_t>(), 0xC0000000u);
}

}  // namespace
}  // namespace virserver::board
