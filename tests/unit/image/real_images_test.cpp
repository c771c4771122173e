// Images as compilers and distributions make them: this project's firmware, and Debian's where it is installed.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "image/image.hpp"
#include "support/needs.hpp"

namespace virserver::image {
namespace {

struct Firmware {
  const char* board;
  Architecture architecture;
  std::optional<char> profile;
  std::uint64_t address;
};

class FirmwareImage : public ::testing::TestWithParam<Firmware> {
 protected:
  std::filesystem::path path(std::string_view extension) const {
    return std::filesystem::path(FIRMWARE_DIR) / fmt::format("{}.{}", GetParam().board, extension);
  }
};

TEST_P(FirmwareImage, ElfHexAndBinAgree) {
  NEEDS(path("elf"));
  const auto elf = read(path("elf"), {});
  ASSERT_TRUE(elf) << elf.error().message;
  EXPECT_EQ(elf->metadata.architecture, GetParam().architecture);
  EXPECT_EQ(elf->metadata.arm_profile, GetParam().profile);
  EXPECT_TRUE(elf->metadata.has_symbols);
  EXPECT_TRUE(elf->metadata.has_dwarf);
  EXPECT_EQ(elf->regions.at(0).address, GetParam().address);
  EXPECT_EQ(elf->metadata.vector_table.has_value(), GetParam().profile == 'M');
  if (elf->metadata.vector_table) EXPECT_EQ(*elf->metadata.vector_table, GetParam().address);

  const auto hex = read(path("hex"), {});
  ASSERT_TRUE(hex) << hex.error().message;
  const auto bin = read(path("bin"), {.load_address = GetParam().address});
  ASSERT_TRUE(bin) << bin.error().message;
  ASSERT_EQ(hex->regions.size(), elf->regions.size());
  for (std::size_t i = 0; i < elf->regions.size(); ++i) {
    EXPECT_EQ(hex->regions[i].address, elf->regions[i].address);
    EXPECT_EQ(hex->regions[i].bytes, elf->regions[i].bytes);
  }
  EXPECT_EQ(bin->regions.at(0).bytes, elf->regions[0].bytes);
  EXPECT_EQ(hex->metadata.entry.value_or(0), elf->metadata.entry) << "objcopy writes none for 0";
}

INSTANTIATE_TEST_SUITE_P(
    Boards, FirmwareImage,
    ::testing::Values(Firmware{"stm32f4-disco", Architecture::arm, 'M', 0x08000000}, Firmware{"microbit", Architecture::arm, 'M', 0},
                      Firmware{"mps2-an385", Architecture::arm, 'M', 0}, Firmware{"mps2-an505", Architecture::arm, 'M', 0x10000000},
                      Firmware{"arm-virt-a15", Architecture::arm, 'A', 0x40200000},
                      Firmware{"arm-virt-a53", Architecture::aarch64, {}, 0x40200000},
                      Firmware{"versatile", Architecture::arm, {}, 0}, Firmware{"sifive-e", Architecture::riscv32, {}, 0x20400000},
                      Firmware{"riscv-virt32", Architecture::riscv32, {}, 0x80000000},
                      Firmware{"riscv-virt64", Architecture::riscv64, {}, 0x80000000}),
    [](const auto& test) {
      std::string name = test.param.board;
      for (char& c : name)
        if (c == '-') c = '_';
      return name;
    });

#define READ_INSTALLED(variable, path, ...) \
  NEEDS(path); \
  const auto variable = read(path, Options{__VA_ARGS__}); \
  ASSERT_TRUE(variable) << variable.error().message

TEST(DebianImages, MicroPythonForTheMicrobit) {
  const char* const path = "/usr/share/firmware-microbit-micropython/firmware.hex";
  READ_INSTALLED(image, path);
  ASSERT_EQ(image->regions.size(), 2u);
  EXPECT_EQ(image->regions[0].address, 0u);
  EXPECT_GT(image->regions[0].bytes.size(), 200'000u);
  EXPECT_EQ(image->regions[1].address, 0x100010c0u);  // the chip's configuration registers (UICR)
  EXPECT_EQ(image->metadata.entry, 0x1ccd9u);
  // A broken download of it
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  for (const std::size_t size : {content.size() / 2, content.size() / 3, content.size() - 14})
    EXPECT_EQ(parse(as_bytes(content.substr(0, size)), {}).error().code, ErrorCode::IMAGE_TRUNCATED) << size;
}

TEST(DebianImages, UBootForArmIsAStaticPie) {
  const char* const path = "/usr/lib/u-boot/qemu_arm/uboot.elf";
  READ_INSTALLED(image, path);
  EXPECT_EQ(image->metadata.architecture, Architecture::arm);
  EXPECT_EQ(image->regions.at(0).address, 0u);
}

TEST(DebianImages, OpenSbi) {
  const char* const path = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.elf";
  READ_INSTALLED(image, path);
  EXPECT_EQ(image->metadata.architecture, Architecture::riscv64);
  EXPECT_EQ(image->metadata.entry, 0x80000000u);
  EXPECT_GT(image->metadata.memory_size, image->regions.at(0).bytes.size());
}

TEST(DebianImages, FirmwareVolumeIsRaw) {
  const char* const path = "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd";
  READ_INSTALLED(image, path, .load_address = 0);
  EXPECT_EQ(image->metadata.format, Format::bin);
}

TEST(HostPrograms, NeedALoaderAndAreRefused) {
  const auto image = read("/proc/self/exe", {});
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, ErrorCode::IMAGE_UNSUPPORTED) << image.error().message;
}

}  // namespace
}  // namespace virserver::image
