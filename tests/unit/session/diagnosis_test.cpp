#include "session/diagnosis.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>

namespace virserver::session {
namespace {

backend::EnginePlan plan() {
  backend::EnginePlan p;
  p.backend = "qemu";
  p.architecture = Architecture::arm;
  p.profile = 'M';
  p.memory = {{"flash", 0x08000000, 0x1000, false}, {"sram", 0x20000000, 0x1000, true}};
  p.devices = {{"RCC", "unimplemented-device", "other", 0x40023800, 0x400, true, {}}};
  p.data = {{"machine", "netduinoplus2"}};
  return p;
}

// wait: ldr r2, [r3, #0x800]; lsls r2, r2, #14; bpl wait; bx lr
const unsigned char spin[] = {0xd3, 0xf8, 0x00, 0x28, 0x92, 0x03, 0xfb, 0xd5, 0x70, 0x47};

ProgramCode code_at(std::uint64_t begin, std::span<const unsigned char> code) {
  return {nullptr, [=](std::uint64_t address, std::size_t size) -> Bytes {
            Bytes bytes;
            for (auto at = address; at < begin + code.size() && at - address < size && at >= begin; ++at) bytes.push_back(std::byte(code[at - begin]));
            return bytes;
          }};
}

backend::ProcessorSample at(std::uint64_t pc, std::map<std::string, std::uint64_t> registers = {}) {
  registers["pc"] = pc;
  return {0, pc, std::move(registers)};
}

TEST(ReadAddress, OfArmAndRiscV) {
  const std::map<std::string, std::uint64_t> registers{{"r3", 0x40023000}, {"a5", 0x10013000}, {"x1", 0x9000000}};
  EXPECT_EQ(read_address("ldr.w", "r2, [r3, #0x800]", registers), 0x40023800u);
  EXPECT_EQ(read_address("ldrb", "r2, [r3]", registers), 0x40023000u);
  EXPECT_EQ(read_address("ldr", "w0, [x1, #24]", registers), 0x9000018u);
  EXPECT_EQ(read_address("lw", "a4, 8(a5)", registers), 0x10013008u);
  EXPECT_EQ(read_address("lw", "a4, -4(a5)", registers), 0x10012ffcu);
  EXPECT_FALSE(read_address("str", "r2, [r3]", registers));
  EXPECT_FALSE(read_address("ldr", "r2, [r3, r4]", registers));
  EXPECT_FALSE(read_address("ldr", "r2, [pc, #20]", registers));
  EXPECT_FALSE(read_address("ldr", "r2, [r9]", registers));
  EXPECT_FALSE(read_address("lsls", "r2, r2, #14", registers));
  for (const char* odd : {"", "[", "r2, [", "(", "8(", "]", "r2, [r3, #]", "a, 99999999999999999999(a5)"}) {
    read_address("ldr", odd, registers);
    read_address("lw", odd, registers);
  }
}

TEST(Loop, IsFoundWithoutSymbolsAndNamesWhatItReads) {
  const ProgramCode programs[] = {code_at(0x0800006a, spin)};
  std::vector<backend::ProcessorSample> samples(16, at(0x0800006a, {{"r3", 0x40023000}}));
  const auto states = processor_states(samples, programs, plan());
  ASSERT_EQ(states.size(), 1u);
  ASSERT_TRUE(states[0].loop);
  EXPECT_EQ(states[0].loop->begin, 0x0800006au);
  EXPECT_EQ(states[0].loop->end, 0x08000072u);
  ASSERT_EQ(states[0].loop->reads.size(), 1u);
  EXPECT_EQ(states[0].loop->reads[0].address, 0x40023800u);
  EXPECT_EQ(states[0].loop->instructions.size(), 3u);
  EXPECT_EQ(states[0].loop->instructions[0].samples, 16u);
}

TEST(Loop, AProcessorThatSleepsWaits) {
  const unsigned char idle[] = {0x30, 0xbf, 0xfd, 0xe7};  // wfi; b .-2
  const ProgramCode programs[] = {code_at(0x08000000, idle)};
  std::vector<backend::ProcessorSample> asleep(16, at(0x08000002)), busy(16, at(0x08000100));
  EXPECT_TRUE(processor_states(asleep, programs, plan())[0].waits) << "seen behind the wfi";
  EXPECT_FALSE(processor_states(busy, programs, plan())[0].waits);
}

TEST(Loop, StraightCodeAndUnknownPlacesHaveNone) {
  const unsigned char straight[] = {0x00, 0xbf, 0x00, 0xbf, 0x70, 0x47};  // nop; nop; bx lr
  const ProgramCode programs[] = {code_at(0x08000000, straight)};
  std::vector<backend::ProcessorSample> samples{at(0x08000000), at(0xdeadbeef)};
  const auto states = processor_states(samples, programs, plan());
  ASSERT_EQ(states.size(), 1u);
  EXPECT_EQ(states[0].seen.size(), 2u);
  EXPECT_FALSE(states[0].loop);
  EXPECT_TRUE(processor_states({}, programs, plan()).empty());
}

TEST(AccessView, TakesAddressFromTheMapAndNameFromTheTable) {
  backend::GuestAccess access;
  access.kind = backend::GuestAccess::Kind::unimplemented;
  access.device = "RCC";
  access.offset = 0;
  access.count = 7;
  const auto view = view_of(access, plan(), "STM32F407VG");
  EXPECT_EQ(view.address, 0x40023800u);
  EXPECT_EQ(view.register_name, "RCC_CR");
  const auto unknown = view_of(access, plan(), "Z80");
  EXPECT_EQ(unknown.register_name, "");
  access.device = "XYZ";
  EXPECT_FALSE(view_of(access, plan(), "STM32F407VG").address);
  EXPECT_EQ(access_json(view).at("register"), "RCC_CR");
}

TEST(Summary, SaysWhereWhatAndWhoHasIt) {
  Diagnosis diagnosis;
  const ProgramCode programs[] = {code_at(0x0800006a, spin)};
  std::vector<backend::ProcessorSample> samples(3, at(0x0800006a, {{"r3", 0x40023000}}));
  diagnosis.processors = processor_states(samples, programs, plan());
  diagnosis.polled = {{0x40023800, 0x0800006a, "RCC", "unimplemented-device", "RCC_CR", true}};
  backend::GuestAccess access;
  access.kind = backend::GuestAccess::Kind::invalid;
  access.address = 0x60000000;
  access.count = 2;
  diagnosis.accesses = {view_of(access, plan(), "STM32F407VG")};
  diagnosis.elsewhere = {{"RCC", "renode", "", "STM32F4_RCC"}};
  std::string all;
  for (const auto& sentence : summarize(diagnosis, plan())) all += sentence + "\n";
  EXPECT_EQ(all,
            "the processor sits in a loop at 0x0800006a to 0x08000072, last seen at 0x0800006a\n"
            "the loop reads RCC_CR (0x40023800), which the machine netduinoplus2 does not emulate: it reads 0\n"
            "0x60000000 was read 2 times while it was looked at, where the machine netduinoplus2 has nothing\n"
            "RCC is emulated by renode (STM32F4_RCC)\n");
}

TEST(Summary, ALoopOnAModelledRegisterNamesTheModel) {
  Diagnosis diagnosis;
  diagnosis.polled = {{0x40023800, 0x0800006a, "RCC", "the register model stm32f4-rcc", "RCC_CR", false, true}};
  EXPECT_THAT(summarize(diagnosis, plan()),
              testing::ElementsAre("the loop reads RCC_CR (0x40023800), which the register model stm32f4-rcc plays; no rule of it brings what the loop waits for"));
}

}  // namespace
}  // namespace virserver::session
