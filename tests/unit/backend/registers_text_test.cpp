#include "backend/qemu/registers_text.hpp"

#include <gtest/gtest.h>

namespace virserver::backend::qemu {
namespace {

// Cut from QEMU 7.2.22.
TEST(RegistersText, CortexM) {
  const auto samples = parse_registers("\r\nCPU#0\r\nR00=080000cd R01=c0000000 R02=00000000 R03=40023000\r\nR12=00000000 R13=2001bff8 R14=08000091 R15=0800006a\r\n"
                                       "XPSR=41000000 -Z-- T priv-thread\r\ns00=00000000 s01=00000000 d00=0000000000000000\r\nFPSCR: 00000000\r\n");
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_EQ(samples[0].pc, 0x0800006au);
  EXPECT_EQ(samples[0].registers.at("r3"), 0x40023000u);
  EXPECT_EQ(samples[0].registers.at("lr"), 0x08000091u);
  EXPECT_EQ(samples[0].registers.at("sp"), 0x2001bff8u);
}

TEST(RegistersText, AArch64) {
  const auto samples = parse_registers("CPU#0\n PC=0000000040200010 X00=0000000000000001 X01=0000000009000000\nX30=0000000040200500  SP=0000000040220000\n"
                                       "PSTATE=400003c5 -Z-- EL1h    FPU disabled\n\nCPU#1\n PC=0000000000000000 X00=0000000000000000\n");
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].pc, 0x40200010u);
  EXPECT_EQ(samples[0].registers.at("x1"), 0x09000000u);
  EXPECT_EQ(samples[1].index, 1u);
}

TEST(RegistersText, RiscV) {
  const auto samples = parse_registers("CPU#0\n pc       0000000080000100\n mhartid  0000000000000000\n x0/zero  0000000000000000 x1/ra    0000000080000042\n"
                                       " x14/a4   0000000010013000 x15/a5   0000000000000008\n");
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_EQ(samples[0].pc, 0x80000100u);
  EXPECT_EQ(samples[0].registers.at("ra"), 0x80000042u);
  EXPECT_EQ(samples[0].registers.at("x14"), 0x10013000u);
  EXPECT_EQ(samples[0].registers.at("a4"), 0x10013000u);
}

TEST(RegistersText, OthersTellAtLeastTheirProgramCounter) {
  EXPECT_EQ(parse_registers("CPU#0\npc: 40000010  npc: 40000014\n").at(0).pc, 0x40000010u);
  EXPECT_EQ(parse_registers("CPU#0\nNIP 0000000000f00000   LR 0000000000000000 CTR 0000000000000000\n").at(0).pc, 0xf00000u);
  EXPECT_EQ(parse_registers("CPU#0\npc=0xbfc00000 HI=0x00000000 LO=0x00000000\n").at(0).pc, 0xbfc00000u);
}

TEST(RegistersText, NonsenseIsBounded) {
  EXPECT_TRUE(parse_registers("").empty());
  EXPECT_TRUE(parse_registers("R15=08000000").empty()) << "of no processor";
  std::string many, registers = "CPU#0\n";
  for (int i = 0; i < 1000; ++i) many += "CPU#1\n";
  for (int i = 0; i < 1000; ++i) registers += "q" + std::to_string(i) + "=00000000 ";
  EXPECT_EQ(parse_registers(many).size(), 64u);
  EXPECT_LE(parse_registers(registers).at(0).registers.size(), 128u);
  EXPECT_FALSE(parse_registers("CPU#0\nR15=zz PC= =1 pc\n").at(0).pc);
}

}  // namespace
}  // namespace virserver::backend::qemu
