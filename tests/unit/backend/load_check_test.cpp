#include "backend/load_check.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace virserver::backend {
namespace {

EnginePlan board() {
  EnginePlan p;
  p.architecture = Architecture::arm;
  p.profile = 'M';
  p.memory = {{"flash", 0, 0x1000, false}, {"flash", 0x08000000, 0x1000, false}, {"sram", 0x20000000, 0x1000, true}, {"sram2", 0x20001000, 0x1000, true}};
  p.data = {{"vector_table", 0}};
  return p;
}

image::Image table(std::uint64_t address, std::uint32_t stack, std::uint32_t reset, std::size_t size = 64) {
  image::Image image;
  Bytes bytes(size);
  for (unsigned i = 0; i < 4 && size >= 8; ++i) {
    bytes[i] = std::byte(stack >> (8 * i));
    bytes[4 + i] = std::byte(reset >> (8 * i));
  }
  image.regions.push_back({address, bytes});
  return image;
}

ErrorCode check(const EnginePlan& plan, std::vector<const image::Image*> images) {
  std::vector<LoadImage> list;
  for (auto* image : images) list.push_back({"fw", "application", image});
  auto checked = check_images(plan, list);
  return checked ? ErrorCode::INTERNAL : checked.error().code;  // INTERNAL stands for "fine"
}
constexpr auto fine = ErrorCode::INTERNAL;

TEST(LoadCheck, AcceptsATableInEitherViewOfFlash) {
  auto low = table(0, 0x20002000, 0x41), high = table(0x08000000, 0x20001000, 0x08000041);
  EXPECT_EQ(check(board(), {&low}), fine);
  EXPECT_EQ(check(board(), {&high}), fine);
}

TEST(LoadCheck, RefusesBadVectorTables) {
  for (auto [stack, reset] : {std::pair{0u, 0x41u}, {0x30000000u, 0x41u}, {0x00000800u, 0x41u}, {0x20001000u, 0x40u}, {0x20001000u, 0x70000001u}, {0xffffffffu, 0xffffffffu}}) {
    auto bad = table(0, stack, reset);
    EXPECT_EQ(check(board(), {&bad}), ErrorCode::IMAGE_BAD_VECTOR_TABLE) << stack << " " << reset;
  }
  auto elsewhere = table(0x20000000, 0x20001000, 0x41), cut = table(0, 0, 0, 6);
  EXPECT_EQ(check(board(), {&elsewhere}), ErrorCode::IMAGE_BAD_VECTOR_TABLE);
  EXPECT_EQ(check(board(), {&cut}), ErrorCode::IMAGE_BAD_VECTOR_TABLE);
}

TEST(LoadCheck, RefusesBytesWithoutMemory) {
  auto beyond = table(0x08000fc1, 0x20001000, 0x41), nowhere = table(0x60000000, 0, 0), end = table(~0ull - 10, 0, 0);
  EXPECT_EQ(check(board(), {&beyond}), ErrorCode::IMAGE_OUTSIDE_MEMORY);
  EXPECT_EQ(check(board(), {&nowhere}), ErrorCode::IMAGE_OUTSIDE_MEMORY);
  EXPECT_EQ(check(board(), {&end}), ErrorCode::IMAGE_OUTSIDE_MEMORY);
}

TEST(LoadCheck, AcceptsBytesAcrossNeighbouringRegions) {
  auto vectors = table(0, 0x20002000, 0x41), data = table(0x20000ff0, 0, 0);
  EXPECT_EQ(check(board(), {&vectors, &data}), fine);
}

TEST(LoadCheck, RefusesOverlaps) {
  auto one = table(0, 0x20001000, 0x41), two = table(63, 0, 0), after = table(64, 0, 0);
  EXPECT_EQ(check(board(), {&one, &two}), ErrorCode::IMAGE_OVERLAP);
  EXPECT_EQ(check(board(), {&one, &after}), fine);
}

TEST(LoadCheck, RefusesOtherArchitectures) {
  auto image = table(0, 0x20001000, 0x41);
  image.metadata.architecture = Architecture::riscv32;
  EXPECT_EQ(check(board(), {&image}), ErrorCode::IMAGE_WRONG_ARCHITECTURE);
  image.metadata.architecture = Architecture::arm;
  image.metadata.arm_profile = 'A';
  EXPECT_EQ(check(board(), {&image}), ErrorCode::IMAGE_WRONG_ARCHITECTURE);
  image.metadata.arm_profile = 'M';
  EXPECT_EQ(check(board(), {&image}), fine);
  image.metadata.big_endian = true;
  EXPECT_EQ(check(board(), {&image}), ErrorCode::IMAGE_WRONG_ARCHITECTURE);
}

TEST(LoadCheck, OneOfSeveralNeedsNoTableOfItsOwn) {
  const auto upload = [](const image::Image& image) {
    const auto checked = check_one_of_several(board(), {"app.bin", "application", &image});
    return checked ? fine : checked.error().code;
  };
  EXPECT_EQ(upload(table(0x20000ff0, 0, 0)), fine);
  EXPECT_EQ(upload(table(0, 0x20002000, 0x41)), fine);
  EXPECT_EQ(upload(table(0, 0, 0)), ErrorCode::IMAGE_BAD_VECTOR_TABLE) << "its table is wrong";
  EXPECT_EQ(upload(table(0x90000000, 0, 0)), ErrorCode::IMAGE_OUTSIDE_MEMORY);
}

TEST(LoadCheck, DataBesideTheProgramHasNoTableWhereTheProgramsIsTaken) {
  auto plan = board();
  plan.data = {{"vector_table_from_image", true}};
  const auto program = table(0, 0x20002000, 0x41), data = table(0x20000000, 0, 0);
  EXPECT_TRUE(check_one_of_several(plan, {"data.bin", "data", &data}));
  EXPECT_FALSE(check_one_of_several(plan, {"data.bin", "application", &data}));
  const std::vector<LoadImage> both{{"app-data.bin", "app-data", &data}, {"app.bin", "application", &program}};
  EXPECT_TRUE(check_images(plan, both)) << "the application starts, whatever comes first";
  EXPECT_EQ(starting_image(both).name, "app.bin");
}

TEST(LoadCheck, DefaultAddress) {
  auto plan = board();
  EXPECT_EQ(default_load_address(plan), 0u);
  plan.data = {{"reset_address", 0x20000000}};
  EXPECT_EQ(default_load_address(plan), 0x20000000u);
  plan.data = {};
  plan.memory.clear();
  ASSERT_FALSE(default_load_address(plan));
  EXPECT_EQ(default_load_address(plan).error().code, ErrorCode::IMAGE_ADDRESS_REQUIRED);
}

}  // namespace
}  // namespace virserver::backend
