// docs/register-models.md: its examples are boards, its table has every built-in model.
#include <fstream>
#include <regex>
#include <sstream>

#include "models.hpp"

namespace virserver::registers {
namespace {

std::string page() {
  std::ifstream file(VIRSERVER_SOURCE_DIR "/docs/register-models.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The lists of the YAML examples, without `register_models:`.
std::vector<std::string> examples() {
  std::vector<std::string> found;
  const std::string text = page(), open = "```yaml\nregister_models:\n";
  for (std::size_t at = text.find(open); at != std::string::npos; at = text.find(open, at + 1)) {
    const std::size_t begin = at + open.size();
    found.push_back(text.substr(begin, text.find("```", begin) - begin));
  }
  return found;
}

TEST(RegisterModelsDocument, TheTenLinesDoWhatThePageSays) {
  ASSERT_GE(examples().size(), 3u);
  const std::string ten = examples().front();
  EXPECT_EQ(std::ranges::count(ten, '\n'), 9) << "ten lines, with the first";
  Bank bank = virserver::testing::bank_of(ten);
  bank.write(0x400E0620, 4, 1, 0);
  EXPECT_EQ(bank.read(0x400E0620, 4, 0).value, 1u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bank.read(0x400E0668, 4, 0).value, 0u) << i;
  EXPECT_EQ(bank.read(0x400E0668, 4, 0).value, 1u);
}

TEST(RegisterModelsDocument, EveryExampleIsValid) {
  for (const std::string& example : examples()) {
    const auto board = virserver::testing::board_of(example);
    EXPECT_TRUE(board) << example << board.error().message;
  }
}

TEST(RegisterModelsDocument, EveryBuiltinModelIsListed) {
  for (const auto& model : board::builtin_models()) EXPECT_TRUE(page().contains("`" + model.id + "`")) << model.id;
}

}  // namespace
}  // namespace virserver::registers
