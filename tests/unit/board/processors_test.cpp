#include "board/processors.hpp"

#include <gtest/gtest.h>

#include <set>

#include "board/words.hpp"

namespace virserver::board {
namespace {

std::string_view id_of(std::string_view spelling) {
  const ProcessorType* type = find_processor(spelling);
  return type ? type->id : "none";
}

TEST(Processors, Spellings) {
  for (const std::string_view text : {"ARM Cortex-M4", "cortex-m4", "Cortex M4", "CORTEX_M4F", "arm cortexm4"}) EXPECT_EQ(id_of(text), "cortex-m4") << text;
  for (const std::string_view text : {"RISC-V RV32", "riscv32", "rv32", "rv32imac", "RV32GC", "RISC-V RV32IMAC", "risc-v 32"}) EXPECT_EQ(id_of(text), "rv32") << text;
  for (const std::string_view text : {"RISC-V RV64", "riscv64", "rv64gc", "rv64imafdc_zicsr"}) EXPECT_EQ(id_of(text), "rv64") << text;
  EXPECT_EQ(id_of("ARM926EJ-S"), "arm926");
  EXPECT_EQ(id_of("arm cortex-m0+"), "cortex-m0plus");
  EXPECT_EQ(id_of("Cortex-A53"), "cortex-a53");
  EXPECT_EQ(id_of("SiFive E31"), "sifive-e31");
  EXPECT_EQ(id_of("E51"), "sifive-e51");
  EXPECT_EQ(id_of("U54"), "sifive-u54");
  EXPECT_EQ(id_of("sparc leon3"), "leon3");
  EXPECT_EQ(id_of("e500v2"), "e500v2");
  EXPECT_EQ(id_of("PowerPC e500v2"), "e500v2");
}

TEST(Processors, UnknownOnesGetSuggestions) {
  for (const std::string_view text : {"", "cortex", "cortex-m44", "rv128", "rv32-but-not-really!!", "6502"}) EXPECT_EQ(id_of(text), "none") << text;
  EXPECT_EQ(nearest_processors("Cortex-M44").at(0), "ARM Cortex-M4");
  EXPECT_EQ(nearest_processors("RISCV-32x").at(0), "RISC-V RV32");
  EXPECT_LE(nearest_processors("cortex").size(), 3u);
}

TEST(Processors, TableIsConsistent) {
  std::set<std::string_view> ids;
  for (const ProcessorType& type : processor_types()) {
    EXPECT_TRUE(ids.insert(type.id).second) << type.id;
    EXPECT_EQ(find_processor(type.id), &type) << type.id;
    EXPECT_EQ(find_processor(type.name), &type) << type.name;
    const bool is_arm = type.architecture == Architecture::arm || type.architecture == Architecture::aarch64;
    EXPECT_EQ(is_arm, type.profile != 0) << type.id;
  }
}

TEST(Words, AliasesNameOneWordOnly) {
  for (const auto words : {peripheral_words(), memory_words(), backend_words()}) {
    std::set<std::string_view> seen;
    for (const Word& word : words) {
      EXPECT_TRUE(seen.insert(word.canonical).second) << word.canonical;
      for (std::string_view rest = word.aliases; !rest.empty();) {
        const std::size_t space = std::min(rest.find(' '), rest.size());
        EXPECT_EQ(find_word(words, rest.substr(0, space)), word.canonical) << rest;
        rest.remove_prefix(std::min(space + 1, rest.size()));
      }
    }
  }
}

}  // namespace
}  // namespace virserver::board
