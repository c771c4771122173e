// A64: general registers only, with the pairs, the exclusive forms and the atomic instructions of ARMv8.1.
#include "image/memory_access_impl.hpp"

namespace virserver::image::memory_access {
namespace {

using Kind = MemoryAccess::Kind;
using Operation = MemoryAccess::Operation;

RegisterNumber data_register(std::uint32_t number) { return number == 31 ? kNoRegister : static_cast<RegisterNumber>(number); }
RegisterNumber rt(std::uint32_t w) { return data_register(bits(w, 4, 0)); }
RegisterNumber rt2(std::uint32_t w) { return data_register(bits(w, 14, 10)); }
RegisterNumber rs(std::uint32_t w) { return data_register(bits(w, 20, 16)); }
RegisterNumber rn(std::uint32_t w) { return static_cast<RegisterNumber>(bits(w, 9, 5)); }  // 31 is sp

// `log_size` 0 to 3.
MemoryAccess start(std::uint32_t w, Kind kind, unsigned log_size) {
  MemoryAccess access{.kind = kind, .size = static_cast<std::uint8_t>(1u << log_size),
                      .register_size = static_cast<std::uint8_t>(log_size == 3 ? 8 : 4)};
  access.base = rn(w);
  add_register(access, rt(w));
  return access;
}

// Exclusive and ordered forms, compare and swap.
Decoded decode_exclusive(std::uint32_t w) {
  const bool ordered = bit(w, 23), load = bit(w, 22), pair = bit(w, 21);
  const unsigned log_size = bits(w, 31, 30);
  if (ordered && pair) {  // CAS
    if (bits(w, 14, 10) != 31) return no_access();
    auto access = start(w, Kind::modify, log_size);
    access.registers[0] = rs(w);
    access.operand = rt(w);
    access.operation = Operation::compare;
    return access;
  }
  if (pair && log_size < 2) return std::unexpected<std::string>("it compares and swaps a pair of registers");
  auto access = start(w, load ? Kind::load : Kind::store, log_size);
  if (pair) add_register(access, rt2(w));
  access.exclusive = !ordered && load;
  if (!ordered && !load) access.status = rs(w);
  return access;
}

Decoded decode_literal(std::uint32_t w) {
  const unsigned form = bits(w, 31, 30);
  if (form == 3) return no_access();  // a prefetch
  auto access = start(w, Kind::load, form == 1 ? 3 : 2);
  access.base = kNoRegister;
  access.base_is_pc = true;
  access.offset = 4 * sign_extended(bits(w, 23, 5), 19);
  if (form == 2) access.sign_extend = true, access.register_size = 8;
  return access;
}

Decoded decode_pair(std::uint32_t w) {
  const unsigned form = bits(w, 31, 30), indexing = bits(w, 24, 23);
  const bool load = bit(w, 22);
  if (form == 3 || (form == 1 && (!load || indexing == 0))) return no_access();
  auto access = start(w, load ? Kind::load : Kind::store, form == 2 ? 3 : 2);
  add_register(access, rt2(w));
  if (form == 1) access.sign_extend = true, access.register_size = 8;
  set_indexing(access, access.size * sign_extended(bits(w, 21, 15), 7), indexing != 1, (indexing & 1) != 0);
  return access;
}

Decoded decode_atomic(std::uint32_t w) {
  static constexpr Operation operations[] = {Operation::add, Operation::clear, Operation::exclusive_or, Operation::set,
                                             Operation::maximum, Operation::minimum, Operation::unsigned_maximum,
                                             Operation::unsigned_minimum};
  const unsigned log_size = bits(w, 31, 30), form = bits(w, 14, 12);
  if (bit(w, 15) && form == 4 && bits(w, 23, 16) == 0xbf) return start(w, Kind::load, log_size);  // LDAPR
  if (bit(w, 15) && form != 0) return no_access();
  auto access = start(w, Kind::modify, log_size);
  access.operand = rs(w);
  access.operation = bit(w, 15) ? Operation::replace : operations[form];
  return access;
}

// What bits 23 and 22 say of a single register.
Decoded direction(std::uint32_t w) {
  const unsigned log_size = bits(w, 31, 30), form = bits(w, 23, 22);
  if (form >= 2 && log_size + form >= 5) return no_access();  // a prefetch, or nothing
  auto access = start(w, form == 0 ? Kind::store : Kind::load, log_size);
  if (form >= 2) access.sign_extend = true, access.register_size = form == 2 ? 8 : 4;
  return access;
}

Decoded decode_register(std::uint32_t w) {
  if (!bit(w, 24) && bit(w, 21)) {
    if (bits(w, 11, 10) == 0) return decode_atomic(w);
    if (bits(w, 11, 10) != 2) return std::unexpected<std::string>("it authenticates its pointer");
  }
  auto access = direction(w);
  if (!access) return access;
  const unsigned log_size = bits(w, 31, 30);
  if (bit(w, 24)) {
    access->offset = std::int64_t{bits(w, 21, 10)} << log_size;
  } else if (bit(w, 21)) {
    using Extend = MemoryAccess::Extend;
    const unsigned option = bits(w, 15, 13);
    if ((option & 2) == 0) return no_access();
    access->index = rs(w);
    access->extend = option == 2 ? Extend::unsigned_word : option == 6 ? Extend::signed_word : Extend::none;
    access->shift = static_cast<std::uint8_t>(bit(w, 12) ? log_size : 0);
  } else {
    const unsigned indexing = bits(w, 11, 10);
    set_indexing(*access, sign_extended(bits(w, 20, 12), 9), indexing != 1, (indexing & 1) != 0);
  }
  return access;
}

}  // namespace

Decoded decode_a64(std::uint32_t w) {
  if ((w & 0x0a000000) != 0x08000000) return no_access();
  if (bit(w, 26)) return vector_access();
  if ((w & 0x3f000000) == 0x08000000) return decode_exclusive(w);
  if ((w & 0x3b000000) == 0x18000000) return decode_literal(w);
  if ((w & 0x3a000000) == 0x28000000) return decode_pair(w);
  if ((w & 0x3a000000) == 0x38000000) return decode_register(w);
  if ((w & 0x3f200c00) == 0x19000000) {  // LDAPUR, STLUR
    auto access = direction(w);
    if (access) access->offset = sign_extended(bits(w, 20, 12), 9);
    return access;
  }
  return no_access();  // tags
}

}  // namespace virserver::image::memory_access
