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
  ASSERT_EQ(line.consoles.size(), 3u);
  EXPECT_EQ(line.consoles[1].first_offset, 77u);
  EXPECT_EQ(line.consoles[2].name, "semihosting");
  EXPECT_THAT(line.argv, Not(Contains("-S")));
}

TEST(CommandLine, SemihostingIsOffWhereItCannotBeConfined) {
  auto line = command_line(plan('A'), {}, false);
  EXPECT_THAT(line.argv, Not(Contains("-semihosting-config")));
  EXPECT_EQ(line.consoles.size(), 2u);
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

}  // namespace
}  // namespace virserver::backend::qemu
