#include "image/memory_access.hpp"

#include <algorithm>
#include <bit>

#include "image/memory_access_impl.hpp"

namespace virserver::image {
namespace memory_access {

Decoded arm_multiple(bool load, RegisterNumber base, std::uint32_t list, bool up, bool before, bool write_back) {
  if (list == 0 || base == kArmPc) return no_access();
  if (load && bit(list, kArmPc)) return loads_pc();
  MemoryAccess access{.kind = load ? MemoryAccess::Kind::load : MemoryAccess::Kind::store, .size = 4, .base = base};
  for (RegisterNumber reg = 0; reg < 16; ++reg)
    if (bit(list, reg)) add_register(access, reg);
  const std::int64_t bytes = 4 * access.count;
  access.offset = up ? (before ? 4 : 0) : (before ? -bytes : 4 - bytes);
  // What is loaded into the base wins over the write-back.
  access.write_back = write_back && !(load && bit(list, base));
  access.write_back_offset = up ? bytes : -bytes;
  return access;
}

}  // namespace memory_access

namespace {

using namespace memory_access;

std::uint32_t read_bytes(std::span<const std::byte> bytes, std::size_t count, bool big_endian) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value |= std::to_integer<std::uint32_t>(bytes[i]) << 8 * (big_endian ? count - 1 - i : i);
  return value;
}

constexpr std::uint64_t low_bytes(std::uint64_t value, unsigned size) {
  return size >= 8 ? value : value & ((std::uint64_t{1} << 8 * size) - 1);
}

bool is_thumb(const Code& code) { return code.architecture == Architecture::arm && (code.thumb || code.cortex_m); }

unsigned address_bytes(Architecture architecture) {
  return architecture == Architecture::aarch64 || architecture == Architecture::riscv64 ? 8 : 4;
}

std::uint64_t indexed(const MemoryAccess& access, std::uint64_t value, bool carry) {
  using Extend = MemoryAccess::Extend;
  const auto word = static_cast<std::uint32_t>(value);
  switch (access.extend) {
    case Extend::none: return value << access.shift;
    case Extend::lsr: return access.shift == 32 ? 0 : word >> access.shift;
    case Extend::asr: return static_cast<std::uint32_t>(static_cast<std::int32_t>(word) >> std::min<int>(access.shift, 31));
    case Extend::ror: return std::rotr(word, access.shift);
    case Extend::rrx: return word >> 1 | (carry ? 0x80000000u : 0);
    case Extend::unsigned_word: return std::uint64_t{word} << access.shift;
    case Extend::signed_word: return static_cast<std::uint64_t>(sign_extended(word, 32)) << access.shift;
  }
  return value;
}

// What the program counter reads as; literals of Thumb count from a word's boundary.
std::uint64_t base_of_pc(const Code& code) {
  if (code.architecture != Architecture::arm) return code.address;
  return is_thumb(code) ? (code.address + 4) & ~std::uint64_t{3} : code.address + 8;
}

}  // namespace

std::expected<MemoryAccess, std::string> decode_memory_access(const Code& code) {
  const auto size = code.bytes.size();
  const auto finish = [size](Decoded decoded, std::uint8_t length) -> Decoded {
    if (size < length) return std::unexpected<std::string>("its bytes cannot be read");
    if (decoded) decoded->length = length;
    return decoded;
  };
  if (size < 2) return finish(no_access(), 2);
  const auto half = [&](std::size_t at) {
    return size < at + 2 ? std::uint16_t{0} : static_cast<std::uint16_t>(read_bytes(code.bytes.subspan(at), 2, code.big_endian));
  };
  const auto word = size < 4 ? 0 : read_bytes(code.bytes, 4, code.big_endian);
  switch (code.architecture) {
    case Architecture::arm: {
      if (!is_thumb(code)) return finish(decode_a32(word), 4);
      const auto first = half(0);
      return finish(decode_thumb(first, half(2)), is_wide_thumb(first) ? 4 : 2);
    }
    case Architecture::aarch64: return finish(decode_a64(size < 4 ? 0 : read_bytes(code.bytes, 4, false)), 4);
    case Architecture::riscv32: case Architecture::riscv64: {
      const auto first = static_cast<std::uint16_t>(read_bytes(code.bytes, 2, false));
      const bool wide = (first & 3) == 3;
      const auto whole = !wide ? first : size < 4 ? 0 : read_bytes(code.bytes, 4, false);
      return finish(decode_riscv(whole, code.architecture == Architecture::riscv64), wide ? 4 : 2);
    }
    default: return std::unexpected<std::string>("loads and stores of this processor are not known");
  }
}

ResolvedAccess resolve(const MemoryAccess& access, const Code& code,
                       const std::function<std::uint64_t(RegisterNumber)>& value_of, bool carry) {
  const auto value = [&](RegisterNumber reg) -> std::uint64_t {
    if (reg == kNoRegister) return 0;
    if (code.architecture == Architecture::arm && reg == kArmPc) return code.address + (is_thumb(code) ? 4 : 8);
    return value_of(reg);
  };
  const unsigned width = address_bytes(code.architecture);
  const auto base = access.base_is_pc ? base_of_pc(code) : value(access.base);
  auto index = access.index == kNoRegister ? 0 : indexed(access, value(access.index), carry);
  if (access.index_subtracts) index = 0 - index;
  const auto first = base + static_cast<std::uint64_t>(access.offset) + (access.index_in_address ? index : 0);

  using Kind = MemoryAccess::Kind;
  ResolvedAccess resolved;
  for (std::size_t i = 0; i < access.count; ++i) {
    const auto reg = access.registers[i];
    resolved.transfers.push_back({.address = low_bytes(first + i * access.size, width),
                                  .size = access.size,
                                  .load = access.kind != Kind::store,
                                  .store = access.kind != Kind::load,
                                  .reg = access.kind == Kind::store ? kNoRegister : reg,
                                  .value = access.kind == Kind::store ? low_bytes(value(reg), access.size) : 0});
  }
  if (access.write_back)
    resolved.writes.push_back({access.base, low_bytes(base + static_cast<std::uint64_t>(access.write_back_offset) + index, width)});
  if (access.status != kNoRegister) resolved.writes.push_back({access.status, 0});
  return resolved;
}

std::uint64_t loaded(const MemoryAccess& access, std::uint64_t value) {
  value = low_bytes(value, access.size);
  if (access.sign_extend) value = static_cast<std::uint64_t>(sign_extended(value, 8 * access.size));
  return low_bytes(value, access.register_size);
}

std::uint64_t modified(const MemoryAccess& access, std::uint64_t old, std::uint64_t operand, std::uint64_t compared) {
  using Operation = MemoryAccess::Operation;
  old = low_bytes(old, access.size);
  operand = low_bytes(operand, access.size);
  const auto is_signed_less = sign_extended(old, 8 * access.size) < sign_extended(operand, 8 * access.size);
  switch (access.operation) {
    case Operation::replace: return operand;
    case Operation::add: return low_bytes(old + operand, access.size);
    case Operation::clear: return old & ~operand;
    case Operation::exclusive_or: return old ^ operand;
    case Operation::set: return old | operand;
    case Operation::bit_and: return old & operand;
    case Operation::minimum: return is_signed_less ? old : operand;
    case Operation::maximum: return is_signed_less ? operand : old;
    case Operation::unsigned_minimum: return std::min(old, operand);
    case Operation::unsigned_maximum: return std::max(old, operand);
    case Operation::compare: return old == low_bytes(compared, access.size) ? operand : old;
  }
  return old;
}

std::uint32_t after_it_instruction(std::uint32_t status) {
  constexpr std::uint32_t it_bits = 0x0600fc00;  // [26:25] are IT[1:0], [15:10] are IT[7:2]
  auto it = bits(status, 26, 25) | bits(status, 15, 10) << 2;
  it = (it & 7) == 0 ? 0 : (it & 0xe0) | (it << 1 & 0x1f);
  return (status & ~it_bits) | (it & 3) << 25 | it >> 2 << 10;
}

}  // namespace virserver::image
