#include "session/debug/fault.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace virserver::session {
namespace {

FaultView explained(const CortexMFault& fault) {
  FaultView view;
  explain(fault, view);
  return view;
}

bool says(const FaultView& view, std::string_view words) {
  return std::ranges::any_of(view.explanation, [words](const auto& each) { return each.find(words) != std::string::npos; });
}

TEST(CortexMFault, ABusErrorNamesTheAddress) {
  CortexMFault fault;
  fault.cfsr = 1u << 9 | 1u << 15;
  fault.hfsr = 1u << 30;
  fault.bfar = 0x50000000;
  fault.exception = 3;
  const auto view = explained(fault);
  EXPECT_TRUE(view.faulted);
  EXPECT_EQ(view.cause, "bus_fault");
  EXPECT_EQ(view.fault_address, 0x50000000u);
  EXPECT_TRUE(says(view, "CFSR.PRECISERR"));
  EXPECT_TRUE(says(view, "HFSR.FORCED"));
  EXPECT_TRUE(says(view, "0x50000000"));
  EXPECT_TRUE(view.summary.starts_with("HardFault: ")) << view.summary;
}

TEST(CortexMFault, AnAddressThatIsNotValidIsNotShown) {
  CortexMFault fault;
  fault.cfsr = 1u << 10;
  fault.bfar = 0x1234;
  fault.mmfar = 0x5678;
  const auto view = explained(fault);
  EXPECT_EQ(view.cause, "bus_fault");
  EXPECT_FALSE(view.fault_address);
  EXPECT_NE(view.summary.find("its handler has ended"), std::string::npos);
}

TEST(CortexMFault, EachClassHasItsCause) {
  struct Case {
    std::uint32_t cfsr, hfsr, sfsr;
    const char* cause;
    const char* word;
  };
  for (const auto& each : {Case{1u << 1, 0, 0, "mem_manage", "DACCVIOL"}, {1u << 16, 0, 0, "usage_fault", "UNDEFINSTR"}, {1u << 25, 1u << 30, 0, "usage_fault", "DIVBYZERO"},
                           {1u << 20, 0, 0, "usage_fault", "STKOF"}, {0, 1u << 1, 0, "hard_fault", "VECTTBL"}, {0, 0, 1u << 3, "secure_fault", "AUVIOL"}}) {
    CortexMFault fault;
    fault.cfsr = each.cfsr;
    fault.hfsr = each.hfsr;
    fault.sfsr = each.sfsr;
    const auto view = explained(fault);
    EXPECT_TRUE(view.faulted);
    EXPECT_EQ(view.cause, each.cause);
    EXPECT_TRUE(says(view, each.word)) << each.word;
  }
}

TEST(CortexMFault, Armv6MHasNoStatusButAnException) {
  CortexMFault fault;
  fault.exception = 3;
  const auto view = explained(fault);
  EXPECT_TRUE(view.faulted);
  EXPECT_EQ(view.cause, "hard_fault");
  EXPECT_NE(view.summary.find("Armv6-M"), std::string::npos);
}

TEST(CortexMFault, NothingHappened) {
  CortexMFault fault;
  fault.exception = 15;
  const auto view = explained(fault);
  EXPECT_FALSE(view.faulted);
  EXPECT_TRUE(view.cause.empty());
  EXPECT_FALSE(view.summary.empty());
}

TEST(ApplicationFault, Riscv) {
  FaultView view;
  explain(Architecture::riscv64, {{"mcause", 5}, {"mepc", 0x80000124}, {"mtval", 0x10}}, view);
  EXPECT_TRUE(view.faulted);
  EXPECT_EQ(view.cause, "load_access");
  EXPECT_EQ(view.registers.at("pc"), 0x80000124u);
  EXPECT_EQ(view.fault_address, 0x10u);
  for (const std::uint64_t mcause : {std::uint64_t{1} << 63 | 7, std::uint64_t{11}, std::uint64_t{99}}) {
    FaultView none;
    explain(Architecture::riscv64, {{"mcause", mcause}, {"mepc", 0x80000124}}, none);
    EXPECT_FALSE(none.faulted) << mcause;
  }
  FaultView reset;
  explain(Architecture::riscv32, {{"mcause", 0}, {"mepc", 0}}, reset);
  EXPECT_FALSE(reset.faulted);
}

TEST(ApplicationFault, Arm) {
  FaultView view;
  explain(Architecture::aarch64, {{"ESR_EL1", 0x25ull << 26 | 0x10}, {"ELR_EL1", 0x40000100}, {"FAR_EL1", 8}}, view);
  EXPECT_EQ(view.cause, "data_abort");
  EXPECT_EQ(view.fault_address, 8u);
  FaultView undefined;
  explain(Architecture::arm, {{"cpsr", 0x600001db}, {"lr", 0x8004}}, undefined);
  EXPECT_EQ(undefined.cause, "undefined_instruction");
  EXPECT_EQ(undefined.registers.at("pc"), 0x8000u);
  FaultView fine;
  explain(Architecture::arm, {{"cpsr", 0x600001d3}, {"lr", 0x8004}}, fine);
  EXPECT_FALSE(fine.faulted);
}

TEST(RegisterDump, OfALockup) {
  const auto registers = parse_register_dump(
      "R00=f0000000 R01=e000ed00 R02=00000000 R03=20000010\nR04=00000000 R05=00000000\nR12=00000000 R13=2001ffe0 R14=fffffff9 R15=0800012c\nXPSR=61000003 -ZC- T handler\n");
  EXPECT_EQ(registers.at("r0"), 0xf0000000u);
  EXPECT_EQ(registers.at("r12"), 0u);
  EXPECT_EQ(registers.at("sp"), 0x2001ffe0u);
  EXPECT_EQ(registers.at("lr"), 0xfffffff9u);
  EXPECT_EQ(registers.at("pc"), 0x0800012cu);
  EXPECT_EQ(registers.at("xpsr"), 0x61000003u);
  EXPECT_TRUE(parse_register_dump("").empty());
  EXPECT_TRUE(parse_register_dump("=== = ==").empty());
  EXPECT_EQ(parse_register_dump("a=ffffffffffffffffff").at("a"), ~std::uint64_t{0});
}

TEST(ApplicationFault, ArmKnowsThePlaceWhileTheHandlerKeepsLr) {
  const auto fault = [](std::uint64_t mode) {
    FaultView view;
    explain(Architecture::arm, {{"cpsr", 0x60000100 | mode}, {"lr", 0x40000108}, {"DFSR", 0x5}, {"DFAR", 0x10}}, view);
    return view;
  };
  for (const auto& [mode, good, bad] : {std::tuple(0x1b, "udf #0", "bl #0x40000200"), std::tuple(0x1b, ".word 0xffffffff", "mov r0, r1"),
                                        std::tuple(0x17, "ldr r0, [r1]", "cmp r0, #3")}) {
    FaultView view = fault(static_cast<std::uint64_t>(mode));
    check_place(good, view);
    EXPECT_TRUE(view.registers.contains("pc")) << good;
    view = fault(static_cast<std::uint64_t>(mode));
    check_place(bad, view);
    EXPECT_FALSE(view.registers.contains("pc")) << bad;
    EXPECT_TRUE(view.faulted);
    EXPECT_EQ(view.summary.find(" at 0x"), std::string::npos) << view.summary;
    EXPECT_NE(view.explanation.back().find("lr"), std::string::npos);
  }
}

}  // namespace
}  // namespace virserver::session
