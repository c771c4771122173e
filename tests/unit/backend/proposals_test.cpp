#include "backend/proposals.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>

#include <fstream>
#include <iterator>

namespace virserver::backend {
namespace {

std::vector<const board::Template*> library() {
  std::vector<const board::Template*> all;
  for (const auto& known : board::builtin_templates()) all.push_back(&known);
  return all;
}

std::vector<std::string> ids(const std::vector<Proposal>& proposals) {
  std::vector<std::string> list;
  for (const auto& each : proposals) list.push_back(each.board->id);
  return list;
}

// A Cortex-M image at `address` with its stack at `stack`.
image::Image cortex_m(std::uint64_t address, std::uint32_t stack) {
  image::Image image;
  Bytes bytes(256);
  const auto reset = static_cast<std::uint32_t>(address + 0x41);
  for (unsigned i = 0; i < 4; ++i) {
    bytes[i] = std::byte(stack >> (8 * i));
    bytes[4 + i] = std::byte(reset >> (8 * i));
  }
  image.regions.push_back({address, bytes});
  image.metadata.format = image::Format::elf;
  image.metadata.architecture = Architecture::arm;
  image.metadata.arm_profile = 'M';
  return image;
}

TEST(Proposals, AddressesStackAndNamesFindTheBoard) {
  image::Hints hints;
  hints.arm_architecture = 13;
  hints.words = {"stm32f4xx", "hal2"};
  hints.handlers = {"USART2", "TIM2"};
  const auto found = propose(library(), cortex_m(0x08000000, 0x20020000), hints);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].board->id, "stm32f4-disco");
  std::string all;
  for (const auto& reason : found[0].reasons) all += reason + "\n";
  EXPECT_NE(all.find("stm32f4xx"), std::string::npos) << all;
  EXPECT_NE(all.find("end of the board's RAM"), std::string::npos) << all;
  EXPECT_NE(all.find("USART2"), std::string::npos) << all;
}

TEST(Proposals, CodeThatTheProcessorDoesNotExecuteIsLeftOut) {
  image::Hints v7em;
  v7em.arm_architecture = 13;
  for (const auto& id : ids(propose(library(), cortex_m(0, 0x20004000), v7em))) EXPECT_TRUE(id != "microbit" && id != "mps2-an385") << id;
  image::Hints v6m;
  v6m.arm_architecture = 12;
  const auto found = ids(propose(library(), cortex_m(0, 0x20004000), v6m));
  EXPECT_EQ(found.empty() ? "" : found[0], "microbit");
}

TEST(Proposals, RenodeTakesTheVectorTableFromTheImage) {
  const auto found = ids(propose(library(), cortex_m(0x08000000, 0x20080000), {}));
  EXPECT_NE(std::ranges::find(found, "nucleo-f767zi"), found.end());
}

TEST(Proposals, NoBoardWithoutTheMemoryOrAVectorTable) {
  EXPECT_TRUE(propose(library(), cortex_m(0x99000000, 0x20004000), {}).empty());
  EXPECT_TRUE(propose(library(), cortex_m(0x08000000, 0xfffffff0), {}).empty());
  EXPECT_TRUE(propose(library(), image::Image{}, {}).empty());
}

// The library's own firmware is recognised by its addresses and attributes alone.
TEST(Proposals, FirmwareOfEveryBoardFindsABoardOfItsKind) {
  for (const auto* known : library()) {
    std::ifstream file(fmt::format("{}/{}.elf", FIRMWARE_DIR, known->id), std::ios::binary);
    if (!file) continue;
    const std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const auto image = image::parse(as_bytes(content), {});
    ASSERT_TRUE(image) << known->id;
    const auto found = propose(library(), *image, image::read_hints(as_bytes(content), *image));
    const auto list = ids(found);
    EXPECT_NE(std::ranges::find(list, known->id), list.end()) << known->id << " is not among: " << fmt::format("{}", fmt::join(list, ", "));
  }
}

}  // namespace
}  // namespace virserver::backend
