// Backtraces. snapshots/ holds programs that were stopped in a real emulator, with what gdb said of them; see make there.
#include "image/unwind.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "image/debug_info.hpp"

namespace virserver::image {
namespace {

struct Snapshot {
  UnwindInput input;
  std::vector<Bytes> memory;
  struct Frame {
    std::uint64_t pc = 0;  // 0: not known
    std::string function;
    std::uint64_t sp = 0;  // of this frame; 0: not known
  };
  std::vector<Frame> frames;
  std::shared_ptr<const DebugInfo> info;

  explicit Snapshot(const std::string& name, bool with_cfi = true) {
    const std::filesystem::path base = std::filesystem::path(SNAPSHOTS_DIR) / name;
    std::ifstream elf(base.string() + ".elf", std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(elf), {}};
    // A section of another name is not read.
    for (const std::string_view section : {".debug_frame", ".eh_frame"})
      if (const std::size_t at = content.find(section); at != content.npos && !with_cfi) content[at + 1] = '_';
    info = DebugInfo::parse(as_bytes(content)).value_or(nullptr);
    std::ifstream file(base.string() + ".txt");
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::string kind, word, text, last;
      words >> kind >> word >> text >> last;
      if (kind == "architecture") input.architecture = parse_architecture(word).value_or(Architecture::other);
      if (kind == "cortex_m") input.cortex_m = true;
      if (kind == "big_endian") input.big_endian = true;
      if (kind == "register") input.registers[word] = parse_u64(text).value_or(0);
      if (kind == "frame") frames.push_back({parse_u64(word).value_or(0), text, parse_u64(last).value_or(0)});
      if (kind != "memory") continue;
      Bytes bytes;
      for (std::size_t i = 0; i + 1 < text.size(); i += 2) bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
      memory.push_back(std::move(bytes));
      input.memory.push_back({.address = parse_u64(word).value_or(0), .bytes = {}});
    }
    for (std::size_t i = 0; i < memory.size(); ++i) input.memory[i].bytes = memory[i];
  }

  std::string function(const UnwoundFrame& frame) const {
    const auto frames_here = info->locate(frame.lookup).frames;
    return frames_here.empty() ? "" : frames_here.back().function;
  }
};

class UnwindSnapshot : public ::testing::TestWithParam<const char*> {};

TEST_P(UnwindSnapshot, AgreesWithGdb) {
  const Snapshot snapshot(GetParam());
  ASSERT_TRUE(snapshot.info);
  ASSERT_GE(snapshot.frames.size(), 7u);
  const Backtrace trace = unwind(snapshot.info.get(), snapshot.input);
  ASSERT_EQ(trace.frames.size(), snapshot.frames.size()) << trace.reason;
  for (std::size_t i = 0; i < trace.frames.size(); ++i) {
    SCOPED_TRACE(i);
    if (snapshot.frames[i].pc) EXPECT_EQ(trace.frames[i].pc, snapshot.frames[i].pc);
    EXPECT_EQ(snapshot.function(trace.frames[i]), snapshot.frames[i].function);
    EXPECT_EQ(trace.frames[i].registers.at("pc"), trace.frames[i].pc);
    if (snapshot.frames[i].sp) EXPECT_EQ(trace.frames[i].registers.at(snapshot.input.architecture == Architecture::ppc ? "r1" : "sp"), snapshot.frames[i].sp);
    if (i + 1 < trace.frames.size() && !trace.frames[i + 1].interrupted)
      EXPECT_EQ(trace.frames[i].cfa, trace.frames[i + 1].registers.at(snapshot.input.architecture == Architecture::ppc ? "r1" : "sp"));
  }
  EXPECT_EQ(trace.end, UnwindEnd::outermost) << trace.reason;
  EXPECT_FALSE(trace.reason.empty());
  EXPECT_EQ(trace.frames[0].found_by, FoundBy::registers);
}

// The same from code and registers alone. What optimised code did not save, and what no one else tells, ends the backtrace.
TEST_P(UnwindSnapshot, WithoutCallFrameInformation) {
  const Snapshot snapshot(GetParam(), false);
  ASSERT_TRUE(snapshot.info);
  const Backtrace trace = unwind(snapshot.info.get(), snapshot.input);
  std::string found;
  for (const UnwoundFrame& frame : trace.frames) found += fmt::format("{} ({}) ", snapshot.function(frame), to_string(frame.found_by));
  ASSERT_EQ(trace.frames.size(), snapshot.frames.size()) << found << trace.reason;
  for (std::size_t i = 0; i < trace.frames.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_NE(trace.frames[i].found_by, FoundBy::cfi);
    if (snapshot.frames[i].pc) EXPECT_EQ(trace.frames[i].pc, snapshot.frames[i].pc);
    EXPECT_EQ(snapshot.function(trace.frames[i]), snapshot.frames[i].function);
  }
}

// Bytes are asked for until they are there, and then the result is the same.
TEST_P(UnwindSnapshot, AsksForMemory) {
  const Snapshot snapshot(GetParam());
  const Backtrace whole = unwind(snapshot.info.get(), snapshot.input);
  UnwindInput input = snapshot.input;
  input.memory.clear();
  Backtrace trace;
  int rounds = 0;
  for (; rounds < 200; ++rounds) {
    trace = unwind(snapshot.info.get(), input);
    if (!trace.need) break;
    EXPECT_EQ(trace.end, UnwindEnd::need_memory);
    ASSERT_FALSE(trace.frames.empty());
    bool given = false;
    for (const MemoryWindow& window : snapshot.input.memory) {
      if (trace.need->address < window.address || trace.need->address - window.address + trace.need->size > window.bytes.size()) continue;
      given = true;
      input.memory.push_back({trace.need->address, window.bytes.subspan(trace.need->address - window.address, trace.need->size)});
    }
    ASSERT_TRUE(given) << hex_address(trace.need->address);
  }
  EXPECT_GT(rounds, 1);
  EXPECT_EQ(trace.frames.size(), whole.frames.size());
}

INSTANTIATE_TEST_SUITE_P(Snapshots, UnwindSnapshot,
                         ::testing::Values("arm-O0", "arm-O2", "thumb-O0", "thumb-O2", "aarch64-O0", "aarch64-O2", "riscv32-O0",
                                           "riscv32-O2", "riscv64-O0", "riscv64-O2", "ppc-O0", "ppc-O2", "sparc-O0", "sparc-O2",
                                           "exceptions-m3-O0", "exceptions-m3-O2", "exceptions-m4f-O0", "exceptions-m4f-O2"),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name)
                             if (c == '-') c = '_';
                           return name;
                         });

TEST(Unwind, SaysHowEachFrameWasFound) {
  const Snapshot snapshot("exceptions-m4f-O0");
  const Backtrace trace = unwind(snapshot.info.get(), snapshot.input);
  std::vector<std::string> found;
  for (const UnwoundFrame& frame : trace.frames) found.emplace_back(to_string(frame.found_by));
  EXPECT_EQ(found, (std::vector<std::string>{"registers", "cfi", "cfi", "exception_frame", "cfi", "exception_frame", "cfi", "cfi"}));
  EXPECT_TRUE(trace.frames[3].interrupted);
  EXPECT_EQ(trace.frames[3].lookup, trace.frames[3].pc) << "the instruction itself, not the one before";
  EXPECT_EQ(trace.frames[4].lookup, trace.frames[4].pc - 1);
  EXPECT_TRUE(trace.frames[3].registers.contains("xpsr"));
  EXPECT_EQ(trace.frames[3].registers.at("xpsr") & 0x1ff, 11u) << "SVC was running";
  EXPECT_EQ(trace.frames[5].registers.at("xpsr") & 0x1ff, 0u) << "a task was running";
}

TEST(Unwind, WithoutTheProcessStackPointer) {
  Snapshot snapshot("exceptions-m3-O2");
  snapshot.input.registers.erase("psp");
  const Backtrace trace = unwind(snapshot.info.get(), snapshot.input);
  EXPECT_EQ(trace.frames.size(), 5u);
  EXPECT_EQ(trace.end, UnwindEnd::no_rule);
  EXPECT_NE(trace.reason.find("psp"), std::string::npos);
}

TEST(Unwind, LimitsAndMissingRegisters) {
  Snapshot snapshot("arm-O0");
  snapshot.input.max_frames = 3;
  Backtrace trace = unwind(snapshot.info.get(), snapshot.input);
  EXPECT_EQ(trace.frames.size(), 3u);
  EXPECT_EQ(trace.end, UnwindEnd::limit);
  snapshot.input.max_frames = 0;
  EXPECT_EQ(unwind(snapshot.info.get(), snapshot.input).frames.size(), 1u);
  snapshot.input.max_frames = 1000;
  const auto registers = snapshot.input.registers;
  snapshot.input.registers = {{"pc", registers.at("pc")}};
  trace = unwind(snapshot.info.get(), snapshot.input);
  EXPECT_EQ(trace.frames.size(), 1u);
  EXPECT_EQ(trace.end, UnwindEnd::no_rule);
  snapshot.input.registers.clear();
  trace = unwind(snapshot.info.get(), snapshot.input);
  EXPECT_TRUE(trace.frames.empty());
  EXPECT_EQ(trace.end, UnwindEnd::no_rule);
  snapshot.input.architecture = Architecture::avr;
  snapshot.input.registers = {{"pc", 0x100}};
  trace = unwind(snapshot.info.get(), snapshot.input);
  EXPECT_EQ(trace.frames.size(), 1u);
  EXPECT_EQ(trace.end, UnwindEnd::no_rule);
}

TEST(Unwind, AWildProgramCounter) {
  Snapshot snapshot("thumb-O0");
  snapshot.input.registers["pc"] = 0xdeadbeee;  // after a jump to nowhere the link register tells who jumped
  const Backtrace trace = unwind(snapshot.info.get(), snapshot.input);
  ASSERT_GE(trace.frames.size(), 2u);
  EXPECT_EQ(trace.frames[0].pc, 0xdeadbeeeu);
  EXPECT_EQ(trace.frames[1].found_by, FoundBy::link_register);
  EXPECT_EQ(snapshot.function(trace.frames[1]), "middle");
}

// A call of a null function pointer: the exception's frame has a pc of 0, and the link register is of the call.
TEST(Unwind, ANullFunctionPointerWasCalled) {
  Snapshot snapshot("exceptions-m3-O0");
  const Backtrace whole = unwind(snapshot.info.get(), snapshot.input);
  const UnwoundFrame& interrupted = whole.frames.at(3);
  const std::uint64_t frame = interrupted.registers.at("sp") - 0x20;
  Bytes changed = snapshot.memory[0];
  const auto put = [&](std::uint64_t address, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) changed[address - snapshot.input.memory[0].address + static_cast<std::uint64_t>(i)] = static_cast<std::byte>(value >> 8 * i);
  };
  put(frame + 24, 0);                                                          // pc
  put(frame + 20, static_cast<std::uint32_t>(whole.frames.at(4).pc) | 1);      // lr: in svc_handler, behind its call
  snapshot.input.memory[0].bytes = changed;
  const Backtrace trace = unwind(snapshot.info.get(), snapshot.input);
  ASSERT_GE(trace.frames.size(), 5u) << trace.reason;
  EXPECT_EQ(trace.frames[3].pc, 0u);
  EXPECT_TRUE(trace.frames[3].interrupted);
  EXPECT_EQ(snapshot.function(trace.frames[4]), "svc_handler");
  EXPECT_EQ(trace.frames[4].found_by, FoundBy::link_register);
}

TEST(Unwind, ACorruptStackEnds) {
  const Snapshot snapshot("riscv64-O0");
  unsigned seed = 7;
  for (int round = 0; round < 200; ++round) {
    UnwindInput input = snapshot.input;
    std::vector<Bytes> memory = snapshot.memory;
    for (Bytes& bytes : memory)
      for (int i = 0; i < 1 + round; ++i) {
        seed = seed * 1103515245 + 12345;
        bytes[(seed >> 8) % bytes.size()] = static_cast<std::byte>(seed >> 20);
      }
    for (std::size_t i = 0; i < memory.size(); ++i) input.memory[i].bytes = memory[i];
    const Backtrace trace = unwind(snapshot.info.get(), input);
    EXPECT_GE(trace.frames.size(), 1u);
    EXPECT_LE(trace.frames.size(), 256u);
    EXPECT_FALSE(trace.reason.empty());
  }
}

// Without a file, or without call frame information in it.
struct Stack {
  std::uint64_t address;
  unsigned word;
  bool big_endian = false;
  Bytes bytes = Bytes(256);
  void put(std::uint64_t at, std::uint64_t value) {
    for (unsigned i = 0; i < word; ++i) bytes[at - address + i] = static_cast<std::byte>(value >> 8 * (big_endian ? word - 1 - i : i));
  }
};

std::vector<std::uint64_t> program_counters(const Backtrace& trace) {
  std::vector<std::uint64_t> pcs;
  for (const UnwoundFrame& frame : trace.frames) pcs.push_back(frame.pc);
  return pcs;
}

TEST(UnwindByHabit, FramePointers) {
  Stack stack{.address = 0x1000, .word = 8};
  stack.put(0x1010, 0x1040), stack.put(0x1018, 0x800200);
  stack.put(0x1040, 0), stack.put(0x1048, 0x800300);
  const UnwindInput input{.architecture = Architecture::aarch64,
                          .registers = {{"pc", 0x800100}, {"sp", 0x1000}, {"x29", 0x1010}, {"x30", 0x800180}},
                          .memory = {{stack.address, stack.bytes}}};
  const Backtrace trace = unwind(nullptr, input);
  EXPECT_EQ(program_counters(trace), (std::vector<std::uint64_t>{0x800100, 0x800180, 0x800200, 0x800300}));
  EXPECT_EQ(trace.frames[1].found_by, FoundBy::link_register);
  EXPECT_EQ(trace.frames[2].found_by, FoundBy::frame_pointer);
  EXPECT_EQ(trace.end, UnwindEnd::outermost);
}

TEST(UnwindByHabit, FramePointersOfRiscVAndArm) {
  Stack stack{.address = 0x1000, .word = 4};
  stack.put(0x101c, 0x80000200), stack.put(0x1018, 0x1040);
  stack.put(0x103c, 0x80000300), stack.put(0x1038, 0);
  UnwindInput input{.architecture = Architecture::riscv32,
                    .registers = {{"pc", 0x80000100}, {"sp", 0x1000}, {"s0", 0x1020}, {"ra", 0x80000180}},
                    .memory = {{stack.address, stack.bytes}}};
  EXPECT_EQ(program_counters(unwind(nullptr, input)), (std::vector<std::uint64_t>{0x80000100, 0x80000180, 0x80000200, 0x80000300}));

  Stack arm{.address = 0x1000, .word = 4};
  arm.put(0x1020, 0x80000200), arm.put(0x101c, 0x1040);
  arm.put(0x1040, 0x80000300), arm.put(0x103c, 0);
  input = {.architecture = Architecture::arm,
           .registers = {{"pc", 0x80000100}, {"sp", 0x1000}, {"r11", 0x1020}, {"lr", 0x80000180}},
           .memory = {{arm.address, arm.bytes}}};
  EXPECT_EQ(program_counters(unwind(nullptr, input)), (std::vector<std::uint64_t>{0x80000100, 0x80000180, 0x80000200, 0x80000300}));
}

TEST(UnwindByHabit, BackChainOfPowerPc) {
  Stack stack{.address = 0x1000, .word = 4, .big_endian = true};
  stack.put(0x1000, 0x1020), stack.put(0x1024, 0x10300);
  stack.put(0x1020, 0x1040), stack.put(0x1044, 0x10400);
  const UnwindInput input{.architecture = Architecture::ppc, .big_endian = true,
                          .registers = {{"pc", 0x10100}, {"r1", 0x1000}, {"lr", 0x10200}}, .memory = {{stack.address, stack.bytes}}};
  const Backtrace trace = unwind(nullptr, input);
  EXPECT_EQ(program_counters(trace), (std::vector<std::uint64_t>{0x10100, 0x10200, 0x10300, 0x10400}));
  EXPECT_EQ(trace.end, UnwindEnd::outermost) << trace.reason;
}

TEST(UnwindByHabit, EndsAtResetValuesAndLoops) {
  UnwindInput input{.architecture = Architecture::arm, .cortex_m = true,
                    .registers = {{"pc", 0x100}, {"sp", 0x20001000}, {"lr", 0xffffffff}}};
  EXPECT_EQ(unwind(nullptr, input).end, UnwindEnd::outermost);
  input.registers["lr"] = 0;
  EXPECT_EQ(unwind(nullptr, input).end, UnwindEnd::outermost);
  // A frame pointer that points to itself
  Stack stack{.address = 0x1000, .word = 8};
  stack.put(0x1010, 0x1010), stack.put(0x1018, 0x800200);
  const UnwindInput loop{.architecture = Architecture::aarch64, .registers = {{"pc", 0x800100}, {"sp", 0x1000}, {"x29", 0x1010}},
                         .memory = {{stack.address, stack.bytes}}};
  const Backtrace trace = unwind(nullptr, loop);
  EXPECT_LE(trace.frames.size(), 3u);
  EXPECT_NE(trace.end, UnwindEnd::limit);
}

TEST(UnwindByHabit, ExceptionFrameWithPaddingAndFpu) {
  Stack stack{.address = 0x20001000, .word = 4};
  stack.put(0x20001014, 0x08000301);                              // lr
  stack.put(0x20001018, 0x08000200), stack.put(0x2000101c, 0x01000200);  // pc; xpsr with the bit for padding
  UnwindInput input{.architecture = Architecture::arm, .cortex_m = true,
                    .registers = {{"pc", 0x08000100}, {"sp", 0x20001000}, {"lr", 0xfffffff9}, {"r4", 44}},
                    .memory = {{stack.address, stack.bytes}}};
  Backtrace trace = unwind(nullptr, input);
  ASSERT_GE(trace.frames.size(), 3u);
  EXPECT_EQ(trace.frames[1].pc, 0x08000200u);
  EXPECT_EQ(trace.frames[1].found_by, FoundBy::exception_frame);
  EXPECT_EQ(trace.frames[1].registers.at("sp"), 0x20001024u);
  EXPECT_EQ(trace.frames[1].registers.at("r4"), 44u);
  EXPECT_EQ(trace.frames[2].pc, 0x08000300u);
  input.registers["lr"] = 0xffffffe9;
  trace = unwind(nullptr, input);
  EXPECT_EQ(trace.frames.at(1).registers.at("sp"), 0x2000106cu);
  input.memory.clear();
  trace = unwind(nullptr, input);
  ASSERT_TRUE(trace.need);
  EXPECT_EQ(trace.need->address, 0x20001000u);
  EXPECT_EQ(trace.need->size, 32u);
}

TEST(UnwindByHabit, SignedReturnAddresses) {
  const UnwindInput input{.architecture = Architecture::aarch64,
                          .registers = {{"pc", 0x800100}, {"sp", 0x1000}, {"x30", 0x003a000000800180}, {"x29", 0}}};
  const Backtrace trace = unwind(nullptr, input);
  ASSERT_EQ(trace.frames.size(), 2u);
  EXPECT_EQ(trace.frames[1].pc, 0x800180u);
}

TEST(Unwind, RegisterNames) {
  EXPECT_EQ(dwarf_register_name(Architecture::arm, 13), "sp");
  EXPECT_EQ(dwarf_register_name(Architecture::aarch64, 30), "x30");
  EXPECT_EQ(dwarf_register_name(Architecture::riscv32, 8), "fp");
  EXPECT_EQ(dwarf_register_name(Architecture::ppc, 65), "lr");
  EXPECT_EQ(dwarf_register_name(Architecture::ppc, 108), "lr");
  EXPECT_EQ(dwarf_register_name(Architecture::sparc, 31), "i7");
  EXPECT_EQ(dwarf_register_name(Architecture::arm, 4000), "");
  EXPECT_EQ(dwarf_register_name(Architecture::avr, 0), "");
}

}  // namespace
}  // namespace virserver::image
