#include "gdb/target_description.hpp"

#include <gmock/gmock.h>

#include "gdb/client.hpp"

namespace virserver::gdb {
namespace {

using testing::HasSubstr;

constexpr const char* kTarget =
    R"(<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target><architecture>arm</architecture>
       <xi:include href="core.xml"/><xi:include href="vfp.xml"/></target>)";
constexpr const char* kCore = R"(<feature name="org.gnu.gdb.arm.m-profile"><reg name="r0" bitsize="32"/><reg name="r1" bitsize="32"/>
  <reg name="sp" bitsize="32" type="data_ptr"/><reg name="pc" bitsize="32" regnum="15" type="code_ptr"/>
  <reg name="xpsr" bitsize="32" regnum="25"/></feature>)";
constexpr const char* kVfp = R"(<feature name="org.gnu.gdb.arm.vfp"><vector id="v2" type="ieee_single" count="2"/>
  <union id="d"><field name="f64" type="ieee_double"/><field name="v" type="v2"/></union>
  <union id="q"><field name="v" type="v2"/></union>
  <reg name="d0" bitsize="64" type="d"/><reg name="q0" bitsize="128" type="q"/><reg name="fpscr" bitsize="32" group="float"/>
  <reg name="MSP_S" bitsize="32" group="cp_regs"/></feature>)";

Documents documents() { return {{"target.xml", kTarget}, {"core.xml", kCore}, {"vfp.xml", kVfp}}; }

TEST(TargetDescription, IsReadWithItsParts) {
  const auto d = parse_target_description(documents());
  ASSERT_TRUE(d) << d.error().message;
  EXPECT_EQ(d->architecture(), "arm");
  ASSERT_EQ(d->registers().size(), 9u);
  const auto* pc = d->program_counter();
  ASSERT_TRUE(pc);
  EXPECT_EQ(pc->number, 15);
  EXPECT_EQ(pc->offset, 12u) << "registers without a number between do not count";
  EXPECT_EQ(pc->type, "code_ptr");
  EXPECT_EQ(d->find("d0")->number, 26);
  EXPECT_EQ(d->find(25)->name, "xpsr");
  EXPECT_EQ(d->find("r15"), pc);
  EXPECT_EQ(d->find("cpsr")->name, "xpsr");
  EXPECT_EQ(d->find("r99"), nullptr);
}

TEST(TargetDescription, GroupsByTypeAndFeature) {
  const auto d = parse_target_description(documents());
  ASSERT_TRUE(d);
  EXPECT_EQ(d->find("r0")->group, RegisterGroup::general);
  EXPECT_EQ(d->find("xpsr")->group, RegisterGroup::general);
  EXPECT_EQ(d->find("d0")->group, RegisterGroup::floating);
  EXPECT_EQ(d->find("q0")->group, RegisterGroup::vector);
  EXPECT_EQ(d->find("fpscr")->group, RegisterGroup::floating);
  EXPECT_EQ(d->find("MSP_S")->group, RegisterGroup::special);
}

TEST(TargetDescription, ListsWhatItIncludes) {
  const auto list = included_documents(kTarget);
  ASSERT_TRUE(list);
  EXPECT_THAT(*list, testing::ElementsAre("core.xml", "vfp.xml"));
}

TEST(TargetDescription, HostileOnesAreRefused) {
  const auto refused = [](std::string xml) {
    const auto d = parse_target_description(Documents{{"target.xml", std::move(xml)}});
    return d ? std::string("taken") : d.error().message;
  };
  EXPECT_THAT(refused("<target>"), HasSubstr("is not XML at line 1"));
  EXPECT_THAT(refused("<target><xi:include href='target.xml'/></target>"), HasSubstr("nested too deeply"));
  EXPECT_THAT(refused("<target><xi:include href='other.xml'/></target>"), HasSubstr("'other.xml'"));
  EXPECT_THAT(refused("<target><feature><reg name='r' bitsize='0'/></feature></target>"), HasSubstr("0 bits"));
  EXPECT_THAT(refused("<target><feature><reg name='r' bitsize='99999999'/></feature></target>"), HasSubstr("99999999 bits"));
  EXPECT_THAT(refused("<target><feature><reg name='r'/></feature></target>"), HasSubstr("without name"));
  EXPECT_THAT(refused("<target><feature><reg name='r' bitsize='32' regnum='-4'/></feature></target>"), HasSubstr("without name"));
  EXPECT_THAT(refused("<!DOCTYPE t [<!ENTITY a 'aaaa'>]><target>&a;</target>"), HasSubstr("declares an entity"));
  std::string deep, many = "<target>";
  for (int i = 0; i < 1000; ++i) deep += "<a>";
  EXPECT_THAT(refused(deep), HasSubstr("nested too deeply"));
  for (int i = 0; i < 10000; ++i) many += fmt::format("<reg name='r{}' bitsize='8'/>", i);
  EXPECT_THAT(refused(many + "</target>"), HasSubstr("too many registers"));
}

TEST(TargetDescription, NamesTwiceKeepTheFirst) {
  const auto d = TargetDescription::make("arm", {{.name = "a", .number = 1, .bits = 32}, {.name = "a", .number = 2, .bits = 64},
                                                 {.name = "b", .number = 2, .bits = 8}});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->registers().size(), 2u);
  EXPECT_EQ(d->find("a")->number, 1);
}

TEST(DefaultDescription, LaysOutTheReplyToG) {
  const auto arm = default_description(Architecture::arm);  // SkyEye: 168 bytes, cpsr is 0x19
  EXPECT_EQ(arm.find("cpsr")->number, 0x19);
  EXPECT_EQ(arm.find("cpsr")->offset + 4, 168u);
  EXPECT_EQ(arm.find("pc")->offset, 60u);
  EXPECT_EQ(default_description(Architecture::sparc).find("pc")->number, 68);
  EXPECT_EQ(default_description(Architecture::mips).find("pc")->number, 37);
  EXPECT_EQ(default_description(Architecture::riscv32).find("pc")->offset, 128u);
  EXPECT_EQ(default_description(Architecture::riscv32).find("x10")->name, "a0");
  EXPECT_EQ(default_description(Architecture::aarch64).find("lr")->name, "x30");
  EXPECT_TRUE(default_description(Architecture::other).empty());
}

}  // namespace
}  // namespace virserver::gdb
