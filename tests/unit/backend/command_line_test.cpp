#include "backend/qemu/command_line.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace virserver::backend::qemu {
namespace {

using ::testing::Contains;
using ::testing::Not;

EnginePlan plan(char profile) {
  EnginePlan p;
  p.profile = profile;
  p.architecture = Architecture::arm;
  p.semihosting = true;
  p.consoles = {{"uart0", "", 0}, {"uart2", "", 2}};
  p.data = {{"binary", "/usr/bin/qemu-system-arm"}, {"machine", "virt"}, {"cpu", "cortex-a15"}, {"memory", "512M"}, {"cores", 2}, {"bios_none", false},
            {"reset_address", 0x40000000}};
  return p;
}

image::Image bytes_at(std::uint64_t address, std::optional<std::uint64_t> entry) {
  image::Image image;
  image.regions.push_back({address, Bytes(16)});
  image.metadata.entry = entry;
  return image;
}

std::string after(const std::vector<std::string>& argv, std::string_view name, int nth = 0) {
  for (std::size_t i = 0; i + 1 < argv.size(); ++i)
    if (argv[i] == name && nth-- == 0) return argv[i + 1];
  return "";
}

TEST(CommandLine, MachineConsolesAndSemihosting) {
  LaunchSpec spec;
  spec.console_offsets = {{"uart2", 77}};
  spec.arguments = {"fw", "a,b"};
  auto line = command_line(plan('A'), spec, true);
  EXPECT_EQ(line.argv[0], "/usr/bin/qemu-system-arm");
  EXPECT_EQ(after(line.argv, "-M"), "virt");
  EXPECT_EQ(after(line.argv, "-cpu"), "cortex-a15");
  EXPECT_EQ(after(line.argv, "-m"), "512M");
  EXPECT_EQ(after(line.argv, "-smp"), "2");
  EXPECT_EQ(after(line.argv, "-serial", 0), "chardev:c_uart0");
  EXPECT_EQ(after(line.argv, "-serial", 1), "null");
  EXPECT_EQ(after(line.argv, "-serial", 2), "chardev:c_uart2");
  EXPECT_EQ(after(line.argv, "-semihosting-config"), "enable=on,target=native,chardev=c_semihosting,arg=fw,arg=a,,b");
  EXPECT_EQ(after(line.argv, "-D"), "diagnosis.out");
  ASSERT_EQ(line.consoles.size(), 4u);
  EXPECT_EQ(line.consoles[0].name, "diagnosis");
  EXPECT_EQ(line.consoles[2].first_offset, 77u);
  EXPECT_EQ(line.consoles[3].name, "semihosting");
  EXPECT_THAT(line.argv, Not(Contains("-S")));
}

TEST(CommandLine, SemihostingIsOffWhereItCannotBeConfined) {
  auto line = command_line(plan('A'), {}, false);
  EXPECT_THAT(line.argv, Not(Contains("-semihosting-config")));
  EXPECT_EQ(line.consoles.size(), 3u);
}

TEST(CommandLine, ImagesAreLoadedAndTheEntryIsSetWhereItIsNotTheReset) {
  auto boot = bytes_at(0x40000000, 0x40000000), app = bytes_at(0x40100000, 0x40100004);
  LaunchSpec spec;
  spec.start_paused = true;
  spec.images = {{"app", "application", &app}};
  auto line = command_line(plan('A'), spec, true);
  EXPECT_EQ(after(line.argv, "-device", 0), "loader,file=load0.bin,addr=0x40100000,force-raw=on");
  EXPECT_EQ(after(line.argv, "-device", 1), "loader,addr=0x40100004,cpu-num=0");
  EXPECT_THAT(line.argv, Contains("-S"));
  spec.images.push_back({"boot", "bootloader", &boot});
  EXPECT_EQ(start_address(plan('A'), spec.images), std::nullopt) << "the bootloader starts, where the reset is";
  EXPECT_EQ(start_address(plan('M'), {{"app", "application", &app}}), std::nullopt);
}

TEST(CommandLine, ARawBinaryStartsWhereItLies) {
  auto raw = bytes_at(0x41000000, std::nullopt);
  EXPECT_EQ(start_address(plan('A'), {{"raw", "application", &raw}}), 0x41000000u);
}

// What stands for the boot code that QEMU leaves out.
struct Started {
  std::vector<std::string> argv;
  std::string bios, all;
};

Started start_on(std::string machine, unsigned cores, image::Image& image, std::optional<std::uint64_t> reset) {
  EnginePlan p = plan('A');
  p.data["machine"] = machine;
  p.data["cores"] = cores;
  p.data.erase("reset_address");
  if (reset) p.data["reset_address"] = *reset;
  LaunchSpec spec;
  spec.images = {{"fw.elf", "application", &image}};
  Started started{command_line(p, spec, false).argv, "", ""};
  for (const auto& argument : started.argv) started.all += argument + " ";
  started.bios = after(started.argv, "-bios");
  return started;
}

TEST(BootStub, AtTheStartOfMemoryUnlessAnImageIsThere) {
  auto image = bytes_at(0x8000, 0x8000);
  auto started = start_on("raspi2b", 4, image, 0);
  EXPECT_THAT(started.argv, Contains("loader,file=boot.bin,addr=0x0,force-raw=on"));
  EXPECT_THAT(started.argv, Contains("loader,addr=0x8000,cpu-num=0"));
  auto low = bytes_at(0x20, 0x20);
  EXPECT_THAT(start_on("raspi2b", 4, low, 0).all, Not(::testing::HasSubstr("boot.bin")));
}

TEST(BootStub, OtherProcessorsAreParkedOrEnterTheProgram) {
  auto image = bytes_at(0x80000000, 0x80000000);
  EXPECT_THAT(start_on("ast2600-evb", 2, image, std::nullopt).argv, Contains("loader,addr=0x10000000,cpu-num=1"));
  auto icicle = start_on("microchip-icicle-kit", 3, image, std::nullopt);
  EXPECT_THAT(icicle.argv, Contains("loader,addr=0x80000000,cpu-num=2"));
  EXPECT_THAT(icicle.all, Not(::testing::HasSubstr("boot.bin")));
}

TEST(BootStub, IsTheFirmwareOfMachinesThatInsistOnOne) {
  auto image = bytes_at(0x40000000, 0x40000000);
  EXPECT_EQ(start_on("leon3_generic", 1, image, 0).bios, "boot.bin");
  auto prom = bytes_at(0, 0);
  auto started = start_on("leon3_generic", 1, prom, 0);
  EXPECT_EQ(started.bios, "load0.bin");
  EXPECT_THAT(started.all, Not(::testing::HasSubstr("loader,")));
  auto e500 = start_on("ppce500", 1, image, std::nullopt);
  EXPECT_EQ(e500.bios, "boot.bin");
  EXPECT_THAT(e500.all, Not(::testing::HasSubstr("cpu-num=0")));  // QEMU enters by the ELF, as it prepares a kernel
}

TEST(BootStub, BytesAreInTheTargetsOrder) {
  const auto arm = boot_stub("ast2600-evb")->bytes(0);
  EXPECT_EQ(arm.front(), std::byte{0x03});
  const auto elf = boot_stub("ppce500")->bytes(0x12345678);
  ASSERT_EQ(elf.size(), 88u);
  EXPECT_EQ(elf[0], std::byte{0x7f});
  EXPECT_EQ(elf[24], std::byte{0x12});
  EXPECT_EQ(elf[27], std::byte{0x78});
  EXPECT_EQ(boot_stub("virt"), nullptr);
}

TEST(CommandLine, WhatNewerQemuWantsToKnowOfSound) {
  EnginePlan p = plan('A');
  EXPECT_THAT(command_line(p, {}, false).argv, Not(Contains("-audio")));
  p.data["no_audio"] = true;
  EXPECT_EQ(after(command_line(p, {}, false).argv, "-audio"), "none");
}

// QEMU's loader takes address 0 for none unless it has a file.
TEST(CommandLine, EntryAtZero) {
  auto image = bytes_at(0, 0);
  EXPECT_THAT(start_on("xlnx-zcu102", 1, image, std::nullopt).argv, Contains("loader,file=load0.bin,addr=0x0,force-raw=on,cpu-num=0"));
}

}  // namespace
}  // namespace virserver::backend::qemu
