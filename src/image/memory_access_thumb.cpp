// Thumb: the 16-bit and 32-bit loads and stores of the A, R and M profiles.
#include "image/memory_access_impl.hpp"

namespace virserver::image::memory_access {
namespace {

using Kind = MemoryAccess::Kind;

MemoryAccess single(bool load, unsigned size, bool sign_extend, unsigned reg) {
  MemoryAccess access{.kind = load ? Kind::load : Kind::store, .size = static_cast<std::uint8_t>(size), .sign_extend = sign_extend};
  add_register(access, static_cast<RegisterNumber>(reg));
  return access;
}

MemoryAccess at_offset(MemoryAccess access, unsigned base, std::int64_t offset) {
  access.base = static_cast<RegisterNumber>(base);
  access.offset = offset;
  return access;
}

MemoryAccess at_literal(MemoryAccess access, std::int64_t offset) {
  access.base_is_pc = true;
  access.offset = offset;
  return access;
}

Decoded decode_narrow(std::uint32_t h) {
  const unsigned rt = bits(h, 2, 0), rn = bits(h, 5, 3), rm = bits(h, 8, 6), rd = bits(h, 10, 8);
  const unsigned imm5 = bits(h, 10, 6), imm8 = bits(h, 7, 0);
  const bool load = bit(h, 11);
  switch (bits(h, 15, 12)) {
    case 0x4:
      if (load) return at_literal(single(true, 4, false, rd), 4 * imm8);
      return no_access();
    case 0x5: {
      struct Form { bool load; unsigned size; bool sign_extend; };
      static constexpr Form forms[] = {{false, 4, false}, {false, 2, false}, {false, 1, false}, {true, 1, true},
                                       {true, 4, false}, {true, 2, false}, {true, 1, false}, {true, 2, true}};
      const Form& form = forms[bits(h, 11, 9)];
      auto access = at_offset(single(form.load, form.size, form.sign_extend, rt), rn, 0);
      access.index = static_cast<RegisterNumber>(rm);
      return access;
    }
    case 0x6: return at_offset(single(load, 4, false, rt), rn, 4 * imm5);
    case 0x7: return at_offset(single(load, 1, false, rt), rn, imm5);
    case 0x8: return at_offset(single(load, 2, false, rt), rn, 2 * imm5);
    case 0x9: return at_offset(single(load, 4, false, rd), kArmSp, 4 * imm8);
    case 0xb: {
      if ((h & 0x0600) != 0x0400) return no_access();
      const std::uint32_t list = imm8 | (bit(h, 8) ? 1u << (load ? kArmPc : 14) : 0);
      return arm_multiple(load, kArmSp, list, load, !load, true);
    }
    case 0xc: return arm_multiple(load, static_cast<RegisterNumber>(rd), imm8, true, false, true);
    default: return no_access();
  }
}

// Exclusive, acquire and release forms that name their size in the second half.
Decoded decode_ordered(std::uint32_t h1, std::uint32_t h2) {
  const bool load = bit(h1, 4);
  const unsigned form = bits(h2, 7, 4), rt = bits(h2, 15, 12);
  static constexpr std::uint8_t sizes[] = {1, 2, 4, 4};
  if (form < 4) return no_access();  // table branches
  const bool exclusive = form < 8 || form >= 12, pair = (form & 3) == 3;
  if (form == 6 || form == 11) return no_access();
  auto access = at_offset(single(load, sizes[form & 3], false, rt), bits(h1, 3, 0), 0);
  if (pair) add_register(access, static_cast<RegisterNumber>(bits(h2, 11, 8)));
  access.exclusive = exclusive && load;
  if (exclusive && !load) access.status = static_cast<RegisterNumber>(bits(h2, 3, 0));
  return access;
}

// LDRD and STRD, the exclusive forms, table branches.
Decoded decode_dual(std::uint32_t h1, std::uint32_t h2) {
  const bool before = bit(h1, 8), up = bit(h1, 7), write_back = bit(h1, 5), load = bit(h1, 4);
  const unsigned rn = bits(h1, 3, 0), rt = bits(h2, 15, 12), rt2 = bits(h2, 11, 8);
  const std::int64_t offset = 4 * static_cast<std::int64_t>(bits(h2, 7, 0)) * (up ? 1 : -1);
  if (!before && !write_back) {
    if (up) return decode_ordered(h1, h2);
    if (!load && rt == kArmPc) return no_access();  // TT
    auto access = at_offset(single(load, 4, false, rt), rn, 4 * bits(h2, 7, 0));
    access.exclusive = load;
    if (!load) access.status = static_cast<RegisterNumber>(rt2);
    return access;
  }
  auto access = single(load, 4, false, rt);
  add_register(access, static_cast<RegisterNumber>(rt2));
  if (rn == kArmPc) {
    if (!load || write_back) return no_access();
    return at_literal(access, offset);
  }
  access.base = static_cast<RegisterNumber>(rn);
  set_indexing(access, offset, before, write_back);
  return access;
}

Decoded decode_single(std::uint32_t h1, std::uint32_t h2) {
  const bool load = bit(h1, 4), sign_extend = bit(h1, 8);
  const unsigned form = bits(h1, 6, 5), rn = bits(h1, 3, 0), rt = bits(h2, 15, 12);
  if (sign_extend && !load) return vector_access();
  if (form == 3 || (form == 2 && sign_extend)) return no_access();
  if (!load && (rn == kArmPc || rt == kArmPc)) return no_access();
  if (load && rt == kArmPc && form < 2) {
    const bool is_hint = rn == kArmPc || bit(h1, 7) || bits(h2, 11, 6) == 0 || bits(h2, 11, 8) == 0xc;
    return is_hint ? no_access() : loads_pc();
  }
  auto access = single(load, 1u << form, sign_extend, rt);
  if (rn == kArmPc) return at_literal(access, (bit(h1, 7) ? 1 : -1) * static_cast<std::int64_t>(bits(h2, 11, 0)));
  access.base = static_cast<RegisterNumber>(rn);
  if (bit(h1, 7)) {
    access.offset = bits(h2, 11, 0);
  } else if (bit(h2, 11)) {
    const bool before = bit(h2, 10), up = bit(h2, 9), write_back = bit(h2, 8);
    if (!before && !write_back) return no_access();
    set_indexing(access, static_cast<std::int64_t>(bits(h2, 7, 0)) * (up ? 1 : -1), before, write_back);
  } else {
    if (bits(h2, 10, 6) != 0) return no_access();
    access.index = static_cast<RegisterNumber>(bits(h2, 3, 0));
    access.shift = static_cast<std::uint8_t>(bits(h2, 5, 4));
  }
  return access;
}

Decoded decode_wide(std::uint32_t h1, std::uint32_t h2) {
  if ((h1 & 0xfe40) == 0xe800) {
    const bool up = bit(h1, 7);
    if (bit(h1, 8) == up) return privileged();  // SRS, RFE
    return arm_multiple(bit(h1, 4), static_cast<RegisterNumber>(bits(h1, 3, 0)), h2, up, !up, bit(h1, 5));
  }
  if ((h1 & 0xfe40) == 0xe840) return decode_dual(h1, h2);
  if ((h1 & 0xfe00) == 0xf800) return decode_single(h1, h2);
  if ((h1 & 0xee00) == 0xec00 && (h1 & 0x01a0) != 0) return vector_access();  // without MCRR and MRRC
  return no_access();
}

}  // namespace

Decoded decode_thumb(std::uint16_t first, std::uint16_t second) {
  auto decoded = is_wide_thumb(first) ? decode_wide(first, second) : decode_narrow(first);
  if (decoded && decoded->kind == Kind::load)
    for (const auto reg : decoded->transferred())
      if (reg == kArmPc) return loads_pc();
  return decoded;
}

}  // namespace virserver::image::memory_access
