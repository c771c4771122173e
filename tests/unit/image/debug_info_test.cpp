// What must hold for every compiler, processor and optimisation.
#include "image/debug_info.hpp"

#include "unit/image/samples.hpp"

namespace virserver::image {
namespace {

using namespace testing;

struct Sample {
  const char* name;
  Architecture architecture;

};

class DebugInfoOf : public ::testing::TestWithParam<Sample> {};

TEST_P(DebugInfoOf, SymbolsByNameAndAddress) {
  OPEN_SAMPLE(info, GetParam().name);
  EXPECT_EQ(info->architecture(), GetParam().architecture);
  EXPECT_TRUE(info->has_symbols());
  EXPECT_TRUE(info->has_lines());
  EXPECT_TRUE(info->notes().empty());
  for (const char* const name : {"leaf", "middle", "outer", "recursive", "main"}) {
    const auto symbols = info->symbols_named(name);
    ASSERT_EQ(symbols.size(), 1u) << name;
    const Symbol& symbol = symbols[0];
    EXPECT_EQ(symbol.kind, SymbolKind::function);
    EXPECT_TRUE(symbol.global);
    EXPECT_GT(symbol.size, 0u);
    EXPECT_EQ(symbol.address % 2, 0u) << "the Thumb bit is no part of an address";
    EXPECT_EQ(symbol.thumb, std::string_view(GetParam().name).starts_with("thumb"));
    for (const std::uint64_t offset : {std::uint64_t{0}, symbol.size / 2, symbol.size - 1}) {
      const auto at = info->symbol_at(symbol.address + offset);
      ASSERT_TRUE(at);
      EXPECT_EQ(at->symbol.name, name);
      EXPECT_EQ(at->offset, offset);
    }
  }
  const auto counter = info->symbols_named("counter");
  ASSERT_EQ(counter.size(), 1u);
  EXPECT_EQ(counter[0].kind, SymbolKind::object);
  EXPECT_EQ(counter[0].size, 4u);
  EXPECT_TRUE(info->symbols_named("unused").empty());
  EXPECT_TRUE(info->symbols_named("").empty());
  EXPECT_FALSE(info->symbol_at(0xf0000000));
}

TEST_P(DebugInfoOf, LinesThereAndBack) {
  OPEN_SAMPLE(info, GetParam().name);
  for (const auto& [marker, function] : {std::pair("leaf", "leaf"), {"recursion", "recursive"}, {"main", "main"}}) {
    const std::uint32_t line = line_of("calls.c", marker);
    const LineMatch match = info->find_line("calls.c", line);
    EXPECT_EQ(match.files, std::vector<std::string>{"/samples/calls.c"});
    EXPECT_EQ(match.line, line);
    ASSERT_EQ(match.addresses.size(), 1u) << marker;
    EXPECT_EQ(match.addresses[0].function, function);
    EXPECT_EQ(match.addresses[0].position.file, "/samples/calls.c");
    EXPECT_EQ(match.addresses[0].position.line, line);
    const auto at = info->symbol_at(match.addresses[0].address);
    ASSERT_TRUE(at);
    EXPECT_EQ(at->symbol.name, function);
    const Location location = info->locate(match.addresses[0].address);
    ASSERT_EQ(location.frames.size(), 1u);
    EXPECT_EQ(location.frames[0].function, function);
    EXPECT_EQ(location.frames[0].position.file, "/samples/calls.c");
    EXPECT_FALSE(location.frames[0].inlined);
  }
}

TEST_P(DebugInfoOf, EveryInstructionOfAFunctionIsInItsLines) {
  OPEN_SAMPLE(info, GetParam().name);
  for (const char* const name : {"leaf", "middle", "recursive", "other"}) {
    const Symbol symbol = info->symbols_named(name).at(0);
    const auto function = info->function_at(symbol.address);
    ASSERT_TRUE(function);
    EXPECT_EQ(function->name, name);
    EXPECT_EQ(function->begin, symbol.address);
    EXPECT_LE(function->end, symbol.address + symbol.size);
    EXPECT_GE(function->body, function->begin);
    EXPECT_LT(function->body, function->end);
    ASSERT_TRUE(function->declared);
    EXPECT_TRUE(function->declared->file.starts_with("/samples/"));
    EXPECT_GT(function->declared->line, 0u);
    for (std::uint64_t address = function->begin; address < function->end; address += 2) {
      const auto range = info->line_range(address);
      ASSERT_TRUE(range) << hex_address(address);
      EXPECT_LE(range->begin, address);
      EXPECT_GT(range->end, address);
      const Location location = info->locate(address);
      ASSERT_FALSE(location.frames.empty());
      EXPECT_EQ(location.frames.back().function, name);
      EXPECT_EQ(location.frames.front().position.line, range->position.line);
      EXPECT_EQ(location.frames.front().position.file, range->position.file);
    }
  }
}

TEST_P(DebugInfoOf, InlinedCalls) {
  OPEN_SAMPLE(info, GetParam().name);

  // Somewhere in `outer` is the call of `middle` that comes from `innermost`, in `inlined`.
  const Symbol outer = info->symbols_named("outer").at(0);
  bool found = false;
  for (std::uint64_t address = outer.address; address < outer.address + outer.size; address += 2) {
    const auto frames = info->locate(address).frames;
    ASSERT_FALSE(frames.empty());
    if (frames.size() != 3) continue;
    found = true;
    EXPECT_EQ(frames[0].function, "innermost");
    EXPECT_TRUE(frames[0].inlined);
    EXPECT_EQ(frames[1].function, "inlined");
    EXPECT_TRUE(frames[1].inlined);
    EXPECT_EQ(frames[1].position.line, line_of("calls.c", "inlined"));
    EXPECT_EQ(frames[1].position.file, "/samples/calls.c");
    EXPECT_EQ(frames[2].function, "outer");
    EXPECT_FALSE(frames[2].inlined);
    EXPECT_EQ(frames[2].position.line, line_of("calls.c", "call inlined"));
  }
  EXPECT_TRUE(found);
  const auto places = info->find_function("innermost");
  ASSERT_EQ(places.size(), 1u) << "it has no symbol, but a place where it was inlined";
  EXPECT_GE(places[0].address, outer.address);
  EXPECT_LT(places[0].address, outer.address + outer.size);
}

TEST_P(DebugInfoOf, OneLineInTwoUnits) {
  OPEN_SAMPLE(info, GetParam().name);
  const std::uint32_t line = line_of("shared.h", "shared");
  const LineMatch match = info->find_line("shared.h", line);
  EXPECT_EQ(match.files, std::vector<std::string>{"/samples/shared.h"});
  ASSERT_EQ(match.addresses.size(), 2u);
  for (const LineAddress& place : match.addresses) EXPECT_EQ(place.position.line, line);
  EXPECT_EQ(info->source_files(), (std::vector<std::string>{"/samples/calls.c", "/samples/other.c", "/samples/shared.h"}));
}

TEST_P(DebugInfoOf, LinesWithoutCode) {
  OPEN_SAMPLE(info, GetParam().name);
  const std::uint32_t blank = line_of("calls.c", "loop") + 1, next = line_of("calls.c", "call leaf");
  const LineMatch match = info->find_line("calls.c", blank);
  EXPECT_EQ(match.line, next);
  ASSERT_EQ(match.addresses.size(), 1u);
  EXPECT_EQ(match.addresses[0].function, "middle");
  EXPECT_TRUE(info->find_line("calls.c", 5000).addresses.empty());
  EXPECT_EQ(info->find_line("calls.c", 5000).files.size(), 1u) << "the file is known all the same";
  EXPECT_TRUE(info->find_line("alls.c", next).files.empty()) << "half a name is no name";
  EXPECT_TRUE(info->find_line("elsewhere/calls.c", next).files.empty());
  EXPECT_TRUE(info->find_line("nowhere.c", 1).files.empty());
  EXPECT_TRUE(info->find_line("", 1).files.empty());
  EXPECT_TRUE(info->find_line("calls.c", 0).addresses.empty());
  EXPECT_FALSE(info->find_line("samples/calls.c", next).addresses.empty());
  EXPECT_FALSE(info->find_line("/samples/calls.c", next).addresses.empty());
  EXPECT_FALSE(info->find_line("./calls.c", next).addresses.empty());
}

TEST_P(DebugInfoOf, WhatTheLinkerThrewAwayIsNowhere) {
  OPEN_SAMPLE(info, GetParam().name);
  const std::uint32_t line = line_of("calls.c", "unused");
  EXPECT_NE(info->find_line("calls.c", line).line, line);
  EXPECT_TRUE(info->find_function("unused").empty());
}

TEST_P(DebugInfoOf, BytesOfTheProgram) {
  OPEN_SAMPLE(info, GetParam().name);
  const Symbol symbol = info->symbols_named("middle").at(0);
  const Bytes bytes = info->bytes(symbol.address, static_cast<std::size_t>(symbol.size));
  ASSERT_EQ(bytes.size(), symbol.size);
  EXPECT_EQ(info->bytes(symbol.address + 2, 2), Bytes(bytes.begin() + 2, bytes.begin() + 4));
  EXPECT_TRUE(info->bytes(info->symbols_named("counter").at(0).address, 4).empty()) << "bss is not in the file";
  EXPECT_TRUE(info->bytes(0xf0000000, 4).empty());
}

INSTANTIATE_TEST_SUITE_P(
    Samples, DebugInfoOf,
    ::testing::Values(Sample{"thumb-O0", Architecture::arm}, Sample{"thumb-O2", Architecture::arm},
                      Sample{"thumb-Os-dwarf4", Architecture::arm}, Sample{"thumb-O2-dwarf2", Architecture::arm},
                      Sample{"thumb-zero", Architecture::arm}, Sample{"thumb-zero-O2", Architecture::arm},
                      Sample{"thumb-compressed", Architecture::arm}, Sample{"thumb-compressed-gnu", Architecture::arm},
                      Sample{"arm-O0", Architecture::arm}, Sample{"arm-O2", Architecture::arm},
                      Sample{"arm-big-endian", Architecture::arm}, Sample{"aarch64-O0", Architecture::aarch64},
                      Sample{"aarch64-O2", Architecture::aarch64}, Sample{"aarch64-pac", Architecture::aarch64},
                      Sample{"riscv32-O0", Architecture::riscv32}, Sample{"riscv32-Os", Architecture::riscv32},
                      Sample{"riscv64-O2", Architecture::riscv64}, Sample{"ppc-O0", Architecture::ppc},
                      Sample{"ppc-O2", Architecture::ppc}, Sample{"sparc-O0", Architecture::sparc},
                      Sample{"sparc-O2", Architecture::sparc}),
    [](const auto& test) {
      std::string name = test.param.name;
      for (char& c : name)
        if (c == '-') c = '_';
      return name;
    });

}  // namespace
}  // namespace virserver::image
