// A32, the 32-bit instruction set of Arm.
#include "image/memory_access_impl.hpp"

namespace virserver::image::memory_access {
namespace {

using Kind = MemoryAccess::Kind;

struct Word {
  std::uint32_t w;
  bool before() const { return bit(w, 24); }
  bool up() const { return bit(w, 23); }
  bool write_back() const { return bit(w, 21) || !before(); }
  bool load() const { return bit(w, 20); }
  RegisterNumber rn() const { return static_cast<RegisterNumber>(bits(w, 19, 16)); }
  RegisterNumber rt() const { return static_cast<RegisterNumber>(bits(w, 15, 12)); }
  RegisterNumber rm() const { return static_cast<RegisterNumber>(bits(w, 3, 0)); }
};

MemoryAccess start(Word word, bool load, unsigned size) {
  MemoryAccess access{.kind = load ? Kind::load : Kind::store, .size = static_cast<std::uint8_t>(size)};
  access.base = word.rn();
  add_register(access, word.rt());
  return access;
}

// The base and how it is indexed by an immediate, or by the register that `access` already names.
Decoded indexed(MemoryAccess access, Word word, std::int64_t immediate) {
  if (access.base == kArmPc && word.write_back()) return no_access();
  set_indexing(access, word.up() ? immediate : -immediate, word.before(), word.write_back());
  access.index_subtracts = access.index != kNoRegister && !word.up();
  access.base_is_pc = access.base == kArmPc;
  return access;
}

void set_shifted_index(MemoryAccess& access, Word word) {
  using Extend = MemoryAccess::Extend;
  const auto amount = static_cast<std::uint8_t>(bits(word.w, 11, 7));
  access.index = word.rm();
  access.shift = amount;
  switch (bits(word.w, 6, 5)) {
    case 0: break;
    case 1: access.extend = Extend::lsr; access.shift = amount ? amount : 32; break;
    case 2: access.extend = Extend::asr; access.shift = amount ? amount : 32; break;
    default: access.extend = amount ? Extend::ror : Extend::rrx;
  }
}

Decoded decode_word_or_byte(Word word) {
  auto access = start(word, word.load(), bit(word.w, 22) ? 1 : 4);
  if (!bit(word.w, 25)) return indexed(access, word, bits(word.w, 11, 0));
  set_shifted_index(access, word);
  return indexed(access, word, 0);
}

// Halfwords, signed bytes and doublewords.
Decoded decode_extra(Word word) {
  const unsigned form = bits(word.w, 6, 5);
  const bool dual = !word.load() && form >= 2;
  auto access = start(word, word.load() || form == 2, dual ? 4 : form == 2 ? 1 : 2);
  access.sign_extend = !dual && form >= 2;
  if (dual) {
    if (word.rt() % 2 != 0 || (bit(word.w, 21) && !word.before())) return no_access();
    add_register(access, static_cast<RegisterNumber>(word.rt() + 1));
  }
  if (bit(word.w, 22)) return indexed(access, word, bits(word.w, 11, 8) << 4 | bits(word.w, 3, 0));
  access.index = word.rm();
  return indexed(access, word, 0);
}

// SWP, and the exclusive, acquire and release forms.
Decoded decode_synchronizing(Word word) {
  if (!bit(word.w, 24)) return no_access();  // multiplications
  if (!bit(word.w, 23)) {
    if (bits(word.w, 21, 20) != 0) return no_access();
    auto access = start(word, true, bit(word.w, 22) ? 1 : 4);
    access.kind = Kind::modify;
    access.operand = word.rm();
    return access;
  }
  static constexpr std::uint8_t sizes[] = {4, 4, 1, 2};
  const unsigned form = bits(word.w, 22, 21), ordering = bits(word.w, 9, 8);
  const bool exclusive = ordering >= 2, pair = form == 1;
  if (ordering == 1 || (pair && !exclusive)) return no_access();
  auto access = start(word, word.load(), sizes[form]);
  if (!word.load()) access.registers[0] = word.rm();
  if (pair) {
    if (access.registers[0] % 2 != 0) return no_access();
    add_register(access, static_cast<RegisterNumber>(access.registers[0] + 1));
  }
  access.exclusive = exclusive && word.load();
  if (exclusive && !word.load()) access.status = word.rt();
  return access;
}

Decoded decode(Word word) {
  if (bits(word.w, 31, 28) == 15) {
    if (bits(word.w, 27, 25) == 4) return privileged();  // SRS, RFE
    if (bits(word.w, 27, 24) == 4 && !bit(word.w, 20)) return vector_access();
    return bits(word.w, 27, 25) == 6 ? Decoded(vector_access()) : no_access();
  }
  switch (bits(word.w, 27, 25)) {
    case 0:
      if (!bit(word.w, 7) || !bit(word.w, 4)) return no_access();
      return bits(word.w, 6, 5) == 0 ? decode_synchronizing(word) : decode_extra(word);
    case 2: return decode_word_or_byte(word);
    case 3: return bit(word.w, 4) ? Decoded(no_access()) : decode_word_or_byte(word);
    case 4:
      if (bit(word.w, 22)) return privileged();
      return arm_multiple(word.load(), word.rn(), bits(word.w, 15, 0), word.up(), word.before(), bit(word.w, 21));
    case 6:
      if (bits(word.w, 24, 21) == 0 || bits(word.w, 24, 21) == 2) return no_access();  // MCRR and MRRC
      return vector_access();
    default: return no_access();
  }
}

}  // namespace

Decoded decode_a32(std::uint32_t word) {
  auto decoded = decode({word});
  if (decoded && decoded->kind != Kind::store)
    for (const auto reg : decoded->transferred())
      if (reg == kArmPc) return loads_pc();
  return decoded;
}

}  // namespace virserver::image::memory_access
