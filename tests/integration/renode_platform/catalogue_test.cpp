// The catalogue against the types of the installed Renode.
#include "backend/renode/catalogue.hpp"

#include "renode.hpp"

namespace virserver::backend::renode {
namespace {

TEST(RenodeCatalogueReal, EveryTypePropertyAndOutputExists) {
  NEEDS_RENODE
  std::string text;
  for (const auto& model : models()) {
    std::string properties, outputs;
    for (const auto& rule : model.properties) properties += rule.name + " ";
    for (const auto& [name, value] : model.set) properties += name + " ";
    for (const auto& [name, type] : model.needs) properties += name + " ";
    for (const auto& output : model.outputs) outputs += (output.empty() ? "default" : output) + " ";
    text += fmt::format("{}\t{}\t{}\t{}\n", model.renode, properties, outputs, model.shape != Shape::plain ? "wired" : model.ranged ? "ranged" : "sized");
  }
  for (const auto& id : processor_ids()) text += fmt::format("{}\tcpuType\t\twired\n", find_processor_model(id)->renode);
  const test::RenodeFolder folder;
  folder.write("types", text);
  for (const auto& line : folder.run("checktypes")) EXPECT_TRUE(line == "ok" || line == "done") << line;
}

}  // namespace
}  // namespace virserver::backend::renode
