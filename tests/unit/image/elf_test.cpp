#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "elf_builder.hpp"
#include "image/formats.hpp"
#include "image/image.hpp"

namespace virserver::image {
namespace {

using testing::build;
using testing::ElfSpec;
using ::testing::ElementsAre;

Result<Image> parse_text(const std::string& content, Options options = {}) { return parse(as_bytes(content), options); }

TEST(Elf, SegmentsBecomeRegionsAtPhysicalAddresses) {
  ElfSpec spec{.entry = 0x08000101};
  spec.segments = {{.address = 0x08001000, .bytes = "data", .memory_size = 0x100, .virtual_address = 0x20000000},
                   {.address = 0x08000000, .bytes = "code"},
                   {.address = 0x20001000, .bytes = "", .memory_size = 0x400},
                   {.address = 0x100, .bytes = "note", .type = PT_NOTE}};
  const auto image = parse_text(build(spec));
  ASSERT_TRUE(image) << image.error().message;
  ASSERT_EQ(image->regions.size(), 2u);
  EXPECT_EQ(image->regions[0].address, 0x08000000u);
  EXPECT_EQ(as_text(image->regions[0].bytes), "code");
  EXPECT_EQ(image->regions[1].address, 0x08001000u);
  EXPECT_EQ(as_text(image->regions[1].bytes), "data");
  EXPECT_EQ(image->metadata.memory_size, 4u + 0x100 + 0x400);
  EXPECT_EQ(image->metadata.entry, 0x08000101u);
  EXPECT_EQ(image->metadata.format, Format::elf);
  EXPECT_FALSE(image->metadata.has_symbols);
  EXPECT_FALSE(image->metadata.has_dwarf);
}

TEST(Elf, AdjacentSegmentsAreMerged) {
  ElfSpec spec{.segments = {{.address = 4, .bytes = "efgh"}, {.address = 0, .bytes = "abcd"}, {.address = 9, .bytes = "x"}}};
  const auto image = parse_text(build(spec));
  ASSERT_TRUE(image) << image.error().message;
  ASSERT_EQ(image->regions.size(), 2u);
  EXPECT_EQ(as_text(image->regions[0].bytes), "abcdefgh");
  EXPECT_EQ(image->regions[1].address, 9u);
}

TEST(Elf, OverlapIsRefusedUnlessTheBytesAreTheSame) {
  ElfSpec spec{.segments = {{.address = 0x100, .bytes = "abcd"}, {.address = 0x102, .bytes = "cdef"}}};
  const auto same = parse_text(build(spec));
  ASSERT_TRUE(same) << same.error().message;
  EXPECT_EQ(as_text(same->regions.at(0).bytes), "abcdef");
  spec.segments[1].bytes = "cXef";
  const auto different = parse_text(build(spec));
  ASSERT_FALSE(different);
  EXPECT_EQ(different.error().code, ErrorCode::IMAGE_OVERLAP);
  EXPECT_EQ(different.error().details.at("address").as_string(), "0x00000103");
}

TEST(Elf, NamesTheArchitecture) {
  const struct { std::uint16_t machine; bool is_64; Architecture expected; } cases[] = {
      {EM_ARM, false, Architecture::arm},         {EM_AARCH64, true, Architecture::aarch64},
      {EM_RISCV, false, Architecture::riscv32},   {EM_RISCV, true, Architecture::riscv64},
      {EM_SPARC, false, Architecture::sparc},     {EM_PPC, false, Architecture::ppc},
      {EM_MIPS, false, Architecture::mips},       {EM_386, false, Architecture::x86},
      {EM_X86_64, true, Architecture::x86_64},    {EM_XTENSA, false, Architecture::xtensa},
      {EM_AVR, false, Architecture::avr},         {EM_68K, false, Architecture::m68k},
      {EM_VAX, false, Architecture::other}};
  for (const auto& c : cases) {
    for (const bool big : {false, true}) {
      ElfSpec spec{.is_64 = c.is_64, .big_endian = big, .machine = c.machine, .segments = {{.address = 0x40, .bytes = "x"}}};
      const auto image = parse_text(build(spec));
      ASSERT_TRUE(image) << image.error().message;
      EXPECT_EQ(image->metadata.architecture, c.expected);
      EXPECT_EQ(image->metadata.big_endian, big);
      EXPECT_EQ(image->regions.at(0).address, 0x40u);
    }
  }
}

TEST(Elf, SectionsSymbolsAndDwarf) {
  ElfSpec spec{.segments = {{.address = 0x08000000, .bytes = "code", .virtual_address = 0x20000000}},
               .sections = {{".text", SHT_PROGBITS, "code", SHF_ALLOC | SHF_EXECINSTR, 0x20000000},
                            {".bss", SHT_NOBITS, "zeros", SHF_ALLOC | SHF_WRITE, 0x20000100},
                            {".debug_info", SHT_PROGBITS, "dwarf"},
                            {"bad\nname\xff", SHT_PROGBITS, ""}},
               .symbols = {{"vectors", 0x20000002}, {"_vector_table", 0x20000000}, {"main", 0x20000003}}};
  const auto image = parse_text(build(spec));
  ASSERT_TRUE(image) << image.error().message;
  const Metadata& metadata = image->metadata;
  EXPECT_TRUE(metadata.has_symbols);
  EXPECT_TRUE(metadata.has_dwarf);
  EXPECT_EQ(metadata.vector_table, 0x08000000u) << "the physical address of the preferred name";
  ASSERT_GE(metadata.sections.size(), 4u);
  EXPECT_EQ(metadata.sections[0].name, ".text");
  EXPECT_TRUE(metadata.sections[0].alloc && metadata.sections[0].exec && !metadata.sections[0].write);
  EXPECT_EQ(metadata.sections[1].size, 5u);
  EXPECT_TRUE(metadata.sections[1].write);
  EXPECT_EQ(metadata.sections[3].name, "bad?name?");
}

TEST(Elf, AtMost1024Sections) {
  ElfSpec spec{.segments = {{.bytes = "x"}}};
  for (int i = 0; i < 2000; ++i) spec.sections.push_back({fmt::format(".s{}", i)});
  const auto image = parse_text(build(spec));
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image->metadata.sections.size(), 1024u);
}

TEST(Elf, ArmProfile) {
  const auto profile = [](const std::string& attributes, bool big = false) {
    ElfSpec spec{.big_endian = big, .segments = {{.bytes = "x"}},
                 .sections = {{".ARM.attributes", SHT_ARM_ATTRIBUTES, attributes}}};
    const auto image = parse_text(build(spec));
    return image ? image->metadata.arm_profile : std::optional<char>('!');
  };
  EXPECT_EQ(profile(testing::arm_attributes({{6, 10}, {7, 'A'}})), 'A');
  EXPECT_EQ(profile(testing::arm_attributes({{6, 10}, {7, 'R'}})), 'R');
  EXPECT_EQ(profile(testing::arm_attributes({{6, 11}})), 'M');
  EXPECT_EQ(profile(testing::arm_attributes({{6, 13}}, true), true), 'M');
  EXPECT_EQ(profile(testing::arm_attributes({{6, 5}})), std::nullopt) << "v5TEJ has no profile";
  EXPECT_EQ(profile(""), std::nullopt);
  const std::string whole = testing::arm_attributes({{6, 13}, {7, 'M'}});
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_NE(profile(whole.substr(0, n)), '!') << n;
}

TEST(Elf, OnlyCortexMHasAVectorTable) {
  ElfSpec spec{.segments = {{.bytes = "x"}},
               .sections = {{".ARM.attributes", SHT_ARM_ATTRIBUTES, testing::arm_attributes({{7, 'A'}})}},
               .symbols = {{"vectors", 0}}};
  EXPECT_EQ(parse_text(build(spec))->metadata.vector_table, std::nullopt);
  spec.sections[0].bytes = testing::arm_attributes({{7, 'M'}});
  EXPECT_EQ(parse_text(build(spec))->metadata.vector_table, 0u);
  spec.symbols.clear();
  spec.sections.push_back({".isr_vector", SHT_PROGBITS, "x", SHF_ALLOC, 0});
  EXPECT_EQ(parse_text(build(spec))->metadata.vector_table, 0u) << "without symbols the section tells";
}

// elf_memory() takes bytes that may change; the parser promises not to.
TEST(Elf, DoesNotWriteToItsInput) {
  for (const bool big : {false, true}) {
    ElfSpec spec{.big_endian = big, .segments = {{.bytes = "code"}}, .sections = {{".text"}}, .symbols = {{"main", 1}}};
    const std::string content = build(spec);
    void* const page = ::mmap(nullptr, content.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(page, MAP_FAILED);
    std::memcpy(page, content.data(), content.size());
    ASSERT_EQ(::mprotect(page, content.size(), PROT_READ), 0);
    EXPECT_TRUE(parse({static_cast<const std::byte*>(page), content.size()}, {}));
    ::munmap(page, content.size());
  }
}

}  // namespace
}  // namespace virserver::image
