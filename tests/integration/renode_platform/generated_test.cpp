// Renode loads what is generated: of every processor, every model, the library and boards made at random.
#include <set>

#include "backend/renode/catalogue.hpp"
#include "backend/renode/platform.hpp"
#include "board/processors.hpp"
#include "board/templates.hpp"
#include "renode.hpp"
#include "support/random_board.hpp"

namespace virserver::backend::renode {
namespace {

std::vector<std::string> refused(const test::RenodeFolder& folder) {
  std::vector<std::string> lines;
  for (const auto& line : folder.run("loadall"))
    if (line.starts_with("refused")) lines.push_back(line);
  return lines;
}

board::Node node_of(const std::string& processor) {
  board::Node node;
  const auto* known = board::find_processor(processor);
  node.processor = {std::string(known->name), processor, known->architecture, known->profile, 1, std::nullopt, {}};
  if (find_processor_model(processor)->family == "cortex-a")
    node.peripherals.push_back({"interrupt-controller", "GIC", 0xF0001000, {}, {{"cpu_interface", "0xF0010000"}}});
  return node;
}

TEST(RenodeGenerated, EveryProcessorAndEveryModelLoads) {
  NEEDS_RENODE
  const test::RenodeFolder folder;
  const auto add = [&](const std::string& name, board::Node node) {
    board::Board board;
    board.nodes.push_back(std::move(node));
    const auto platform = generate_platform(board);
    for (const auto& finding : platform.findings) EXPECT_NE(finding.severity, Severity::error) << name << ": " << finding.message;
    folder.write(name + ".repl", platform.text);
  };
  for (const auto& id : processor_ids()) {
    auto node = node_of(id);
    node.processor.cores = find_processor_model(id)->max_cores;
    if (find_processor_model(id)->family == "riscv") node.peripherals.push_back({"interrupt-controller", "CLINT", 0x02000000, {}, {}});
    add("processor-" + id, std::move(node));
  }
  for (const auto& model : models()) {
    if (model.shape != Shape::plain) continue;
    auto node = node_of("cortex-m4");
    board::Peripheral part{model.kind, "part", 0x40000000, {}, {{"model", model.id}}};
    for (std::size_t i = 0; i < model.outputs.size(); ++i) part.irq.push_back(static_cast<unsigned>(i));
    for (const auto& [property, type] : model.needs)
      for (const auto& other : models())
        if (other.renode == type && node.peripherals.empty()) node.peripherals.push_back({other.kind, "other", 0x50000000, {}, {{"model", other.id}}});
    node.peripherals.push_back(std::move(part));
    add("model-" + model.kind + "-" + model.id, std::move(node));
  }
  for (const auto& line : refused(folder)) ADD_FAILURE() << line;
}

TEST(RenodeGenerated, TheLibraryLoads) {
  NEEDS_RENODE
  const test::RenodeFolder folder;
  for (const auto& entry : board::builtin_templates())
    if (const auto platform = generate_platform(entry.config); platform.usable()) folder.write(entry.id + ".repl", platform.text);
  for (const auto& line : refused(folder)) ADD_FAILURE() << line;
}

TEST(RenodeGenerated, AnyBoardThatIsPlannedLoads) {
  NEEDS_RENODE
  const test::RenodeFolder folder;
  unsigned usable = 0;
  for (unsigned seed = 0; usable < 80 && seed < 10'000; ++seed)
    if (const auto platform = generate_platform(test::RandomBoard(seed).make()); platform.usable()) {
      folder.write(fmt::format("{:05}.repl", seed), platform.text);
      ++usable;
    }
  EXPECT_EQ(usable, 80u);
  for (const auto& line : refused(folder)) ADD_FAILURE() << line;
}

}  // namespace
}  // namespace virserver::backend::renode
