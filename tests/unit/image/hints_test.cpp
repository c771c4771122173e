#include "image/hints.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace virserver::image {
namespace {

Image text(std::string_view bytes) {
  Image image;
  const auto view = as_bytes(bytes);
  image.regions.push_back({0, Bytes(view.begin(), view.end())});
  return image;
}

TEST(Hints, WordsOfTexts) {
  const auto hints = read_hints({}, text("\1micro:bit with nRF51822\0\2STM32F4xx_HAL 7up abc12\xff\3xyz1"));
  EXPECT_TRUE(hints.words.contains("nrf51822"));
  const auto more = read_hints({}, text(std::string_view("\0\0STM32F4xx_HAL_Driver\0stm32\0", 30)));
  EXPECT_TRUE(more.words.contains("stm32f4xx"));
  EXPECT_FALSE(more.words.contains("stm32")) << "shorter than a text counts";
}

TEST(Hints, AreBounded) {
  std::string many;
  for (int i = 0; i < 20000; ++i) many += "word" + std::to_string(i) + " ";
  EXPECT_EQ(read_hints({}, text(many)).words.size(), 4096u);
  EXPECT_TRUE(read_hints({}, text(std::string(100000, 'a') + "1")).words.empty());
}

TEST(Hints, OfAnElf) {
  std::ifstream file(FIRMWARE_DIR "/stm32f4-disco.elf", std::ios::binary);
  if (!file) GTEST_SKIP() << "the cross compiler is not installed";
  const std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto image = parse(as_bytes(content), {});
  ASSERT_TRUE(image);
  const auto hints = read_hints(as_bytes(content), *image);
  EXPECT_EQ(hints.arm_architecture, 13u);
  EXPECT_TRUE(hints.arm_processor == "7E-M" || hints.arm_processor == "Cortex-M4") << hints.arm_processor;
  // Cut short at any place it is at most less of a hint.
  for (std::size_t cut = 0; cut < content.size(); cut += 997) read_hints(as_bytes(content).first(cut), *image);
}

}  // namespace
}  // namespace virserver::image
