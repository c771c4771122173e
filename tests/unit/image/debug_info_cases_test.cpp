// Special cases of debug information, damage and hostility.
#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "image/debug_info.hpp"
#include "image/demangle.hpp"
#include "unit/image/elf_builder.hpp"
#include "unit/image/samples.hpp"

namespace virserver::image {
namespace {

using namespace testing;

TEST(DebugInfo, TwoFunctionsOfOneName) {
  OPEN_SAMPLE(info, "thumb-O0");
  const auto symbols = info->symbols_named("helper");
  ASSERT_EQ(symbols.size(), 2u);
  EXPECT_FALSE(symbols[0].global);
  EXPECT_LT(symbols[0].address, symbols[1].address);
  const auto places = info->find_function("helper");
  ASSERT_EQ(places.size(), 2u);
  EXPECT_EQ(places[0].position.line, line_of("calls.c", "calls helper"));
  EXPECT_EQ(places[1].position.line, line_of("other.c", "other helper"));
  EXPECT_GT(places[0].address, symbols[0].address) << "behind the prologue";
}

TEST(DebugInfo, AFunctionThatIsAlsoInlinedHasAllItsPlaces) {
  OPEN_SAMPLE(info, "thumb-O2");
  const auto places = info->find_function("helper");  // a function in other.c, inlined in calls.c
  ASSERT_EQ(places.size(), 2u);
  for (const LineAddress& place : places) EXPECT_EQ(place.function, "helper");
}

// A function at address 0 and, in the debug information, those that the linker threw away: all begin at 0.
TEST(DebugInfo, CodeAtAddressZero) {
  for (const char* const name : {"thumb-zero", "thumb-zero-O2"}) {
    OPEN_SAMPLE(info, name);
    const auto first = info->symbol_at(0);
    ASSERT_TRUE(first);
    const auto function = info->function_at(0);
    ASSERT_TRUE(function);
    EXPECT_EQ(function->name, first->symbol.name);
    for (std::uint64_t address = 0; address < function->end; address += 2) {
      const auto frames = info->locate(address).frames;
      ASSERT_FALSE(frames.empty());
      EXPECT_EQ(frames.back().function, first->symbol.name);
      EXPECT_NE(frames.front().position.line, line_of("calls.c", "unused"));
    }
  }
}

TEST(DebugInfo, SearchesSymbols) {
  OPEN_SAMPLE(info, "thumb-O0");
  const auto names = [&](SymbolQuery query) {
    std::vector<std::string> found;
    for (const Symbol& symbol : info->search(query).symbols) found.push_back(symbol.name);
    return found;
  };
  EXPECT_EQ(names({.text = "er", .kind = SymbolKind::function}), (std::vector<std::string>{"helper", "helper", "other", "outer"}));
  EXPECT_EQ(names({.text = "OUT"}), std::vector<std::string>{"outer"});
  EXPECT_EQ(names({.text = "*er", .kind = SymbolKind::object}), std::vector<std::string>{"counter"});
  EXPECT_EQ(names({.text = "ma?n"}), std::vector<std::string>{"main"});
  EXPECT_EQ(names({.text = "l*f"}), std::vector<std::string>{"leaf"});
  EXPECT_TRUE(names({.text = "l*g"}).empty());
  EXPECT_EQ(names({.text = "rec", .kind = SymbolKind::function}), std::vector<std::string>{"recursive"});
  EXPECT_EQ(info->search({.text = "er", .kind = SymbolKind::function, .limit = 1}).total, 4u);
  EXPECT_EQ(names({.text = "er", .kind = SymbolKind::function, .limit = 2, .offset = 1}), (std::vector<std::string>{"helper", "other"}));
  EXPECT_TRUE(names({.text = "er", .offset = 1000}).empty());
  EXPECT_GT(info->search({}).total, 10u);
}

TEST(DebugInfo, CppNames) {
  for (const char* const name : {"cpp-thumb", "cpp-riscv"}) {
    OPEN_SAMPLE(info, name);
    const auto area = info->symbols_named("shapes::Square::area");
    ASSERT_EQ(area.size(), 1u);
    EXPECT_EQ(area[0].name, "_ZNK6shapes6Square4areaEv");
    EXPECT_EQ(area[0].demangled, "shapes::Square::area() const");
    EXPECT_EQ(info->symbols_named("_ZNK6shapes6Square4areaEv").size(), 1u);
    EXPECT_EQ(info->symbols_named("shapes::Square::area() const").size(), 1u);
    EXPECT_EQ(info->symbols_named("shapes::twice").size(), 2u) << "overloads";
    EXPECT_EQ(info->symbols_named("shapes::twice(int)").size(), 1u);
    EXPECT_EQ(info->search({.text = "largest"}).total, 2u);
    const LineMatch line = info->find_line("shapes.cpp", line_of("shapes.cpp", "largest"));
    EXPECT_EQ(line.addresses.size(), 2u) << "two instances of a template";
    const auto places = info->find_function("shapes::Square::area");
    ASSERT_EQ(places.size(), 1u);
    EXPECT_EQ(places[0].function, "shapes::Square::area() const");
    EXPECT_TRUE(info->describe(places[0].address).starts_with("shapes.cpp:")) << info->describe(places[0].address);
  }
}

TEST(DebugInfo, StrippedAndSymbolsOnly) {
  OPEN_SAMPLE(stripped, "thumb-stripped");
  EXPECT_FALSE(stripped->has_symbols());
  EXPECT_FALSE(stripped->has_lines());
  EXPECT_FALSE(stripped->symbol_at(0x08000000));
  EXPECT_TRUE(stripped->locate(0x08000000).frames.empty());
  EXPECT_EQ(stripped->describe(0x08000000), "");
  EXPECT_FALSE(stripped->function_at(0x08000000));
  EXPECT_FALSE(stripped->line_range(0x08000000));
  EXPECT_TRUE(stripped->find_line("calls.c", 1).files.empty());
  EXPECT_TRUE(stripped->source_files().empty());
  EXPECT_EQ(stripped->arm_profile(), 'M');

  OPEN_SAMPLE(symbols, "thumb-symbols");
  const Symbol leaf = symbols->symbols_named("leaf").at(0);
  EXPECT_EQ(symbols->describe(leaf.address), "leaf");
  EXPECT_EQ(symbols->describe(leaf.address + 4), "leaf+0x4");
  EXPECT_TRUE(symbols->locate(leaf.address).frames.empty());
  const auto function = symbols->function_at(leaf.address + 2);
  ASSERT_TRUE(function);
  EXPECT_EQ(function->begin, leaf.address);
  EXPECT_EQ(function->body, leaf.address);
  const auto places = symbols->find_function("leaf");
  ASSERT_EQ(places.size(), 1u);
  EXPECT_EQ(places[0].address, leaf.address);
}

TEST(DebugInfo, ThumbCodeAndItsLiterals) {
  OPEN_SAMPLE(info, "thumb-O2");
  const Symbol leaf = info->symbols_named("leaf").at(0);
  const auto ranges = info->contents(leaf.address, leaf.size + 4);
  ASSERT_GE(ranges.size(), 2u);
  EXPECT_EQ(ranges[0].begin, leaf.address);
  EXPECT_EQ(ranges[0].content, Content::thumb);
  EXPECT_EQ(ranges[1].content, Content::data) << "the address of `counter` behind the code";
  EXPECT_TRUE(info->contents(0xf0000000, 100).empty());
  EXPECT_TRUE(info->contents(leaf.address, 0).empty());
  OPEN_SAMPLE(arm, "arm-O2");
  EXPECT_EQ(arm->contents(arm->symbols_named("leaf").at(0).address, 4).at(0).content, Content::arm);
  OPEN_SAMPLE(big, "arm-big-endian");
  EXPECT_TRUE(big->big_endian());
  EXPECT_FALSE(big->code_big_endian());
  OPEN_SAMPLE(sparc, "sparc-O2");
  EXPECT_TRUE(sparc->code_big_endian());
}

TEST(DebugInfo, LinkTimeOptimisation) {
  OPEN_SAMPLE(info, "thumb-lto");
  const LineMatch match = info->find_line("calls.c", line_of("calls.c", "leaf"));
  ASSERT_FALSE(match.addresses.empty());
  EXPECT_EQ(info->locate(match.addresses[0].address).frames.at(0).position.line, match.line);
}

// The name of a split debug file is the uploader's. A FIFO there would hold whoever opens it.
TEST(DebugInfo, OpensNoOtherFile) {
  OPEN_SAMPLE(info, "thumb-split");
  const auto file = std::filesystem::path(SAMPLES_DIR) / "thumb-split.elf-calls.dwo";
  ASSERT_NE(read_text(sample_path("thumb-split")).find(file.filename()), std::string::npos) << "what the compiler calls the file has changed";
  std::filesystem::remove(file);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  const auto locations = info->locate(info->symbols_named("leaf").at(0).address);
  EXPECT_EQ(locations.frames.size(), 1u) << "lines are in the program itself";
  EXPECT_FALSE(info->find_function("leaf").empty());
  EXPECT_FALSE(info->source_files().empty());
  std::filesystem::remove(file);
}

TEST(DebugInfo, OneForManyThreads) {
  OPEN_SAMPLE(info, "aarch64-O2");
  const auto expected = open_sample("aarch64-O2");
  const Symbol outer = expected->symbols_named("outer").at(0);
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < outer.size; i += 4) texts.push_back(expected->describe(outer.address + i));
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t k = 0; k < texts.size(); ++k) {
        const std::size_t i = (k + static_cast<std::size_t>(t)) % texts.size();
        wrong += info->describe(outer.address + i * 4) != texts[i];
        wrong += info->find_line("shared.h", line_of("shared.h", "shared")).addresses.size() != 2;
        wrong += info->search({.text = "helper"}).total == 0;
      }
    });
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

constexpr unsigned function = ELF32_ST_INFO(STB_GLOBAL, STT_FUNC), local_function = ELF32_ST_INFO(STB_LOCAL, STT_FUNC);
constexpr unsigned label = ELF32_ST_INFO(STB_GLOBAL, STT_NOTYPE), local_label = ELF32_ST_INFO(STB_LOCAL, STT_NOTYPE);

TEST(DebugInfo, SymbolsNestAndHaveGaps) {
  const std::string code(0x100, 'x');
  ElfSpec spec{.segments = {{.address = 0x1000, .bytes = code}},
               .sections = {{.name = ".text", .bytes = code, .flags = SHF_ALLOC | SHF_EXECINSTR, .address = 0x1000},
                            {.name = ".data", .bytes = "data", .flags = SHF_ALLOC | SHF_WRITE, .address = 0x2000}},
               .symbols = {{"outer", 0x1011, 0x40, function, 1}, {"inner", 0x1020, 0x10, function, 1}, {"in_outer", 0x1030, 0, label, 1},
                           {"alias", 0x1020, 0x10, local_function, 1}, {"overlap", 0x1048, 0x20, function, 1},
                           {"sizeless", 0x1080, 0, label, 1}, {"beyond", 0x10f0, 0x1000, function, 1},
                           {"number", 0x1090, 0, label, SHN_ABS}, {"elsewhere", 0x5000, 4, function, 1}, {"data", 0x2000, 4, 0x11, 2},
                           {"$t", 0x1000, 0, local_label, 1}, {"$d.1", 0x1084, 0, local_label, 1}, {".Lhidden", 0x1092, 0, local_label, 1},
                           {"undefined", 0, 0, function, SHN_UNDEF}}};
  const auto parsed = DebugInfo::parse(as_bytes(build(spec)));
  ASSERT_TRUE(parsed) << parsed.error().message;
  const DebugInfo& info = **parsed;
  const auto name = [&](std::uint64_t address) {
    const auto at = info.symbol_at(address);
    return at ? fmt::format("{}+{}", at->symbol.name, at->offset) : std::string("none");
  };
  EXPECT_EQ(name(0x1000), "none");
  EXPECT_EQ(name(0x1010), "outer+0");
  EXPECT_EQ(name(0x101f), "outer+15");
  EXPECT_EQ(name(0x1020), "inner+0") << "global before local, inner before outer";
  EXPECT_EQ(name(0x1030), "outer+32") << "a label inside a function is not where the function ends";
  EXPECT_EQ(name(0x1047), "outer+55");
  EXPECT_EQ(name(0x1048), "overlap+0");
  EXPECT_EQ(name(0x1067), "overlap+31");
  EXPECT_EQ(name(0x1068), "none");
  EXPECT_EQ(name(0x1080), "sizeless+0");
  EXPECT_EQ(name(0x1090), "sizeless+16") << "up to the next symbol; numbers are no places";
  EXPECT_EQ(name(0x10ff), "beyond+15");
  EXPECT_EQ(name(0x1100), "none") << "a symbol ends with its section";
  EXPECT_EQ(name(0x2003), "data+3");
  EXPECT_EQ(name(0x5000), "none");
  EXPECT_EQ(info.symbols_named("number").at(0).kind, SymbolKind::label);
  EXPECT_EQ(info.symbols_named("elsewhere").size(), 1u);
  for (const char* const absent : {"$t", "$d.1", ".Lhidden", "undefined"}) EXPECT_TRUE(info.symbols_named(absent).empty()) << absent;
  EXPECT_TRUE(info.symbols_named("outer").at(0).thumb);
  EXPECT_TRUE(info.symbols_named("sizeless").at(0).thumb) << "as the mapping symbols say";
  const auto contents = info.contents(0x1000, 0x2000);
  ASSERT_EQ(contents.size(), 2u);
  EXPECT_EQ(contents[0].content, Content::thumb);
  EXPECT_EQ(contents[1].content, Content::data);
  EXPECT_EQ(contents[1].begin, 0x1084u);
  EXPECT_EQ(contents[1].end, 0x1100u);
}

TEST(DebugInfo, RefusesWhatIsNoProgram) {
  EXPECT_EQ(DebugInfo::open("/nonexistent").error().code, ErrorCode::STORAGE_ERROR);
  EXPECT_EQ(DebugInfo::open("/tmp").error().code, ErrorCode::STORAGE_ERROR);
  EXPECT_EQ(DebugInfo::parse({}).error().code, ErrorCode::IMAGE_MALFORMED);
  EXPECT_EQ(DebugInfo::parse(as_bytes("hello")).error().code, ErrorCode::IMAGE_MALFORMED);
  EXPECT_EQ(DebugInfo::parse(as_bytes("\177ELF\1\1\1")).error().code, ErrorCode::IMAGE_TRUNCATED);
  EXPECT_EQ(DebugInfo::parse(as_bytes(ElfBuilder({.type = ET_REL}).build())).error().code, ErrorCode::IMAGE_UNSUPPORTED);
}

// Every byte of the debug sections may be anything; what is whole elsewhere stays.
TEST(DebugInfo, DamagedDwarf) {
  if (!std::filesystem::exists(sample_path("thumb-O2"))) GTEST_SKIP() << "the cross compiler for Arm is not installed";
  const std::string good = read_text(sample_path("thumb-O2"));
  const auto whole = DebugInfo::parse(as_bytes(good));
  ASSERT_TRUE(whole);
  const Symbol outer = (*whole)->symbols_named("outer").at(0);
  // The debug sections stand between the code and the symbol table.
  const std::size_t begin = good.find("GNU C17") / 8, end = good.size() * 3 / 5;
  unsigned seed = 1;
  for (int round = 0; round < 300; ++round) {
    std::string bad = good;
    for (int i = 0; i < 1 + round % 40; ++i) {
      seed = seed * 1103515245 + 12345;
      const std::size_t where = begin + (seed >> 8) % (end - begin);
      bad[where] = static_cast<char>(round % 3 == 0 ? 0xff : seed >> 3);
    }
    const auto info = DebugInfo::parse(as_bytes(bad));
    if (!info) continue;
    for (std::uint64_t address = outer.address; address < outer.address + outer.size; address += 2) {
      (*info)->locate(address);
      (*info)->line_range(address);
      (*info)->function_at(address);
    }
    (*info)->find_line("calls.c", line_of("calls.c", "leaf"));
    (*info)->find_function("helper");
    (*info)->source_files();
  }
}

TEST(DebugInfo, SectionThatClaimsToDecompressToTerabytes) {
  if (!std::filesystem::exists(sample_path("thumb-compressed-gnu"))) GTEST_SKIP() << "the cross compiler for Arm is not installed";
  std::string bomb = read_text(sample_path("thumb-compressed-gnu"));
  std::size_t count = 0;
  for (std::size_t at = 0; (at = bomb.find("ZLIB", at)) != bomb.npos; ++at, ++count) bomb[at + 6] = '\1';
  ASSERT_GT(count, 0u);
  const auto info = DebugInfo::parse(as_bytes(bomb));
  ASSERT_TRUE(info);
  EXPECT_TRUE((*info)->locate((*info)->symbols_named("leaf").at(0).address).frames.empty());
  ASSERT_EQ((*info)->notes().size(), 1u);
  EXPECT_NE((*info)->notes()[0].find("1 GiB"), std::string::npos);
}

TEST(Demangle, Names) {
  EXPECT_EQ(demangle("main"), "main");
  EXPECT_EQ(demangle("_Z3addii"), "add(int, int)");
  EXPECT_EQ(demangle("_ZN3foo3barE"), "foo::bar");
  EXPECT_EQ(demangle("_Znonsense"), "_Znonsense");
  EXPECT_EQ(demangle("_ZN4core9panicking5panic17h0123456789abcdefE"), "core::panicking::panic");
  EXPECT_EQ(demangle("_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE"),
            "<alloc::string::String as core::fmt::Debug>::fmt");
  EXPECT_EQ(without_parameters("f(int (*)(char))"), "f");
  EXPECT_EQ(without_parameters("a::b::operator()(int) const"), "a::b::operator()");
  EXPECT_EQ(without_parameters("plain"), "plain");
  EXPECT_EQ(without_parameters("(anonymous namespace)::f()"), "(anonymous namespace)::f");
}

TEST(Demangle, NamesThatWouldBecomeGigabytes) {
  // pair<X, X> of pair<X, X> of ...: each level says "the same again".
  std::string name = "_Z1f";
  for (int i = 0; i < 60; ++i) name += "St4pairI";
  name += "ii";
  for (int i = 0; i < 60; ++i) name += fmt::format("S{}_E", i ? std::string(1, static_cast<char>('0' + i % 10)) : "");
  EXPECT_EQ(demangle(name), name);
}

}  // namespace
}  // namespace virserver::image
