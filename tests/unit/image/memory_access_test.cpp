#include "image/memory_access.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "unit/image/samples.hpp"

// The tables in memory_access/ hold one instruction a line: its bytes as GNU as made them, its text, what is expected.
namespace virserver::image {
namespace {

Bytes from_hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  return bytes;
}

std::string name(RegisterNumber reg) { return reg == kNoRegister ? "zero" : fmt::format("r{}", reg); }

std::string describe(const MemoryAccess& access) {
  static constexpr const char* kinds[] = {"load", "store", "modify"};
  static constexpr const char* extends[] = {"", "lsr", "asr", "ror", "rrx", "uw", "sw"};
  static constexpr const char* operations[] = {"replace", "add", "clear", "xor", "set", "and",
                                               "min", "max", "umin", "umax", "compare"};
  std::string text = fmt::format("{}{}", kinds[static_cast<int>(access.kind)], access.size);
  if (access.kind != MemoryAccess::Kind::store) text += fmt::format("{}{}", access.sign_extend ? 's' : 'u', access.register_size);
  for (const auto reg : access.transferred()) text += ' ' + name(reg);
  if (access.kind == MemoryAccess::Kind::modify)
    text += fmt::format(" {} {}", operations[static_cast<int>(access.operation)], name(access.operand));
  text += fmt::format(" [{}{:+}", access.base_is_pc ? "pc" : name(access.base), access.offset);
  const auto index = access.index == kNoRegister ? std::string()
                                                 : fmt::format("{}{}{}{}", access.index_subtracts ? '-' : '+', name(access.index),
                                                               extends[static_cast<int>(access.extend)],
                                                               access.shift ? fmt::format("<{}", access.shift) : "");
  if (access.index_in_address) text += index;
  text += ']';
  if (access.write_back) text += fmt::format(" base{:+}{}", access.write_back_offset, index);
  if (access.exclusive) text += " exclusive";
  if (access.status != kNoRegister) text += " status " + name(access.status);
  return text;
}

Code code_of(std::string_view table) {
  Code code{.address = 0x1000};
  if (table == "thumb") code.architecture = Architecture::arm, code.thumb = true;
  else if (table == "a32") code.architecture = Architecture::arm;
  else if (table == "a64") code.architecture = Architecture::aarch64;
  else if (table == "rv32") code.architecture = Architecture::riscv32;
  else code.architecture = Architecture::riscv64;
  return code;
}

class MemoryAccessTable : public ::testing::TestWithParam<const char*> {};

TEST_P(MemoryAccessTable, IsAsExpected) {
  std::ifstream table(fmt::format("{}/{}.txt", MEMORY_ACCESS_DIR, GetParam()));
  ASSERT_TRUE(table);
  std::string line, expected;
  int lines = 0;
  while (std::getline(table, line)) {
    const auto first = line.find('|'), second = line.find('|', first + 1);
    ASSERT_NE(second, std::string::npos) << line;
    const auto bytes = from_hex(line.substr(0, first - 1));
    Code code = code_of(GetParam());
    code.bytes = bytes;
    const auto access = decode_memory_access(code);
    EXPECT_EQ(line.substr(0, second + 1) + ' ' + (access ? describe(*access) : "no: " + access.error()), line);
    if (access) EXPECT_EQ(access->length, bytes.size()) << line;
    // A cut-off instruction is told from a wrong one, and nothing behind the end is looked at.
    code.bytes = std::span(bytes).first(bytes.size() - 1);
    if (access) EXPECT_FALSE(decode_memory_access(code)) << line;
    if (GetParam() == std::string_view("thumb") || GetParam() == std::string_view("a32")) {
      Bytes swapped = bytes;
      const std::size_t unit = GetParam() == std::string_view("a32") ? 4 : 2;
      for (std::size_t at = 0; at + unit <= swapped.size(); at += unit)
        std::reverse(swapped.begin() + static_cast<long>(at), swapped.begin() + static_cast<long>(at + unit));
      code.bytes = swapped;
      code.big_endian = true;
      const auto other = decode_memory_access(code);
      EXPECT_EQ(other ? describe(*other) : other.error(), access ? describe(*access) : access.error());
    }
    ++lines;
  }
  EXPECT_GT(lines, 20);
}
INSTANTIATE_TEST_SUITE_P(Sets, MemoryAccessTable, ::testing::Values("thumb", "a32", "a64", "rv32", "rv64"),
                         [](const auto& table) { return std::string(table.param); });

// Runs one instruction at 0x1002 over `registers`.
ResolvedAccess run(std::string_view table, std::string_view hex, const std::map<RegisterNumber, std::uint64_t>& registers,
                   bool carry = false) {
  const auto bytes = from_hex(hex);
  Code code = code_of(table);
  code.address = 0x1002;
  code.bytes = bytes;
  const auto access = decode_memory_access(code);
  EXPECT_TRUE(access) << hex;
  if (!access) return {};
  return resolve(*access, code, [&](RegisterNumber reg) { return registers.at(reg); }, carry);
}

std::uint64_t address(std::string_view table, std::string_view hex, const std::map<RegisterNumber, std::uint64_t>& registers,
                      bool carry = false) {
  const auto access = run(table, hex, registers, carry);
  return access.transfers.empty() ? ~0ull : access.transfers.front().address;
}

std::string text_of(const RegisterWrite& write) { return fmt::format("{}={:#x}", name(write.reg), write.value); }

TEST(MemoryAccess, AddressesAreOfTheRightWidth) {
  EXPECT_EQ(address("thumb", "51f8040c", {{1, 0}}), 0xfffffffcu);                                // ldr r0, [r1, #-4]
  EXPECT_EQ(address("thumb", "51f83200", {{1, 0xfffffff0}, {2, 4}}), 0x10u);                     // ldr r0, [r1, r2, lsl #3]
  EXPECT_EQ(address("thumb", "044b", {}), 0x1014u);                                              // literal: from a word's boundary
  EXPECT_EQ(address("a32", "10009f05", {}), 0x101au);                                            // ldreq r0, [pc, #16]
  EXPECT_EQ(address("a32", "620091e7", {{1, 0x1000}, {2, 3}}, true), 0x80001001u);               // rrx
  EXPECT_EQ(address("a32", "620491e7", {{1, 0x1000}, {2, 0x180}}), 0x80001001u);                 // ror #8
  EXPECT_EQ(address("a32", "420291e7", {{1, 0x1000}, {2, 0xfffffff0}}), 0xfffu);                 // asr #4
  EXPECT_EQ(address("a32", "220091e7", {{1, 0x1000}, {2, 0xfffffff0}}), 0x1000u);                // lsr #32
  EXPECT_EQ(address("a32", "020011e7", {{1, 0x1000}, {2, 0x10}}), 0xff0u);                       // [r1, -r2]
  EXPECT_EQ(address("a64", "20c862b8", {{1, 0x100000000}, {2, 0xfffffffc}}), 0xfffffffcu);       // [x1, w2, sxtw]
  EXPECT_EQ(address("a64", "205862f8", {{1, 0x100000000}, {2, 0x1fffffffc}}), 0x8ffffffe0u);     // [x1, w2, uxtw #3]
  EXPECT_EQ(address("rv32", "03a505ff", {{11, 8}}), 0xfffffff8u);                                // lw a0, -16(a1)
  EXPECT_EQ(address("rv64", "03a505ff", {{11, 8}}), 0xfffffffffffffff8u);
}

TEST(MemoryAccess, StoresTruncateAndSeveralGoUpwards) {
  const auto byte = run("thumb", "8854", {{0, 0xaabbccdd}, {1, 0x100}, {2, 4}});  // strb r0, [r1, r2]
  ASSERT_EQ(byte.transfers.size(), 1u);
  EXPECT_EQ(byte.transfers[0].value, 0xddu);
  EXPECT_TRUE(byte.transfers[0].store && !byte.transfers[0].load);
  const auto push = run("thumb", "11b5", {{0, 1}, {4, 2}, {14, 3}, {13, 0x20001000}});  // push {r0, r4, lr}
  ASSERT_EQ(push.transfers.size(), 3u);
  EXPECT_EQ(push.transfers[0].address, 0x20000ff4u);
  EXPECT_EQ(push.transfers[2].address, 0x20000ffcu);
  EXPECT_EQ(push.transfers[2].value, 3u);
  ASSERT_EQ(push.writes.size(), 1u);
  EXPECT_EQ(text_of(push.writes[0]), "r13=0x20000ff4");
  const auto pair = run("a64", "e07fbfa9", {{0, 5}, {31, 0x1000}});  // stp x0, xzr, [sp, #-16]!
  ASSERT_EQ(pair.transfers.size(), 2u);
  EXPECT_EQ(pair.transfers[0].address, 0xff0u);
  EXPECT_EQ(pair.transfers[1].value, 0u);
  EXPECT_EQ(text_of(pair.writes.at(0)), "r31=0xff0");
  const auto exclusive = run("thumb", "41e80202", {{0, 7}, {1, 0x100}});  // strex r2, r0, [r1, #8]
  EXPECT_EQ(exclusive.transfers.at(0).address, 0x108u);
  EXPECT_EQ(text_of(exclusive.writes.at(0)), "r2=0x0");
  const auto post = run("a32", "820111e6", {{1, 0x1000}, {2, 2}});  // ldr r0, [r1], -r2, lsl #3
  EXPECT_EQ(post.transfers.at(0).address, 0x1000u);
  EXPECT_EQ(text_of(post.writes.at(0)), "r1=0xff0");
}

TEST(MemoryAccess, LoadsExtend) {
  const MemoryAccess byte{.size = 1, .sign_extend = true};
  EXPECT_EQ(loaded(byte, 0x180), 0xffffff80u);
  const MemoryAccess half{.size = 2};
  EXPECT_EQ(loaded(half, 0x18000), 0x8000u);
  const MemoryAccess word{.size = 4, .register_size = 8, .sign_extend = true};
  EXPECT_EQ(loaded(word, 0x80000000), 0xffffffff80000000u);
  const MemoryAccess all{.size = 8, .register_size = 8};
  EXPECT_EQ(loaded(all, ~0ull), ~0ull);
}

TEST(MemoryAccess, ModifiesAsItsOperationSays) {
  using Operation = MemoryAccess::Operation;
  const auto of = [](Operation operation, std::uint64_t old, std::uint64_t operand) {
    const MemoryAccess access{.kind = MemoryAccess::Kind::modify, .size = 1, .operation = operation};
    return modified(access, old, operand, 0xff05);
  };
  EXPECT_EQ(of(Operation::replace, 1, 0x102), 2u);
  EXPECT_EQ(of(Operation::add, 0xff, 2), 1u);
  EXPECT_EQ(of(Operation::clear, 0x0f, 0x05), 0x0au);
  EXPECT_EQ(of(Operation::exclusive_or, 0x0f, 0x05), 0x0au);
  EXPECT_EQ(of(Operation::set, 0x0a, 0x05), 0x0fu);
  EXPECT_EQ(of(Operation::bit_and, 0x0e, 0x05), 0x04u);
  EXPECT_EQ(of(Operation::minimum, 0x80, 0x01), 0x80u);
  EXPECT_EQ(of(Operation::maximum, 0x80, 0x01), 0x01u);
  EXPECT_EQ(of(Operation::unsigned_minimum, 0x80, 0x01), 0x01u);
  EXPECT_EQ(of(Operation::unsigned_maximum, 0x80, 0x01), 0x80u);
  EXPECT_EQ(of(Operation::compare, 0x05, 0x77), 0x77u);
  EXPECT_EQ(of(Operation::compare, 0x06, 0x77), 0x06u);
}

// Source: ITAdvance() of the Arm manuals. ITTET EQ: 0x04 in the condition's place, mask 0b1010 shifts left.
TEST(MemoryAccess, BlocksOfConditionsAdvance) {
  const auto status_with = [](std::uint32_t it) { return 0x01000000u | (it & 3) << 25 | it >> 2 << 10; };
  EXPECT_EQ(after_it_instruction(status_with(0x08)), status_with(0x00));      // IT EQ, its only instruction
  EXPECT_EQ(after_it_instruction(status_with(0x0c)), status_with(0x18));      // ITE EQ: then NE
  EXPECT_EQ(after_it_instruction(status_with(0xb5)), status_with(0xaa));      // GE and LT, four of them
  EXPECT_EQ(after_it_instruction(0xf9000003), 0xf9000003);                    // none: the flags stay
}

}  // namespace
}  // namespace virserver::image
