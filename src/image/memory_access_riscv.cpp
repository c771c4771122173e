// RV32 and RV64: I, A, C.
#include "image/memory_access_impl.hpp"

namespace virserver::image::memory_access {
namespace {

using Kind = MemoryAccess::Kind;

RegisterNumber reg(std::uint32_t number) { return number == 0 ? kNoRegister : static_cast<RegisterNumber>(number); }

class Riscv {
 public:
  Riscv(std::uint32_t word, bool is_64) : w_(word), is_64_(is_64) {}

  Decoded decode() const {
    if ((w_ & 3) != 3) return compressed();
    const unsigned function = bits(w_, 14, 12);
    const auto rd = bits(w_, 11, 7), rs1 = bits(w_, 19, 15), rs2 = bits(w_, 24, 20);
    switch (bits(w_, 6, 0)) {
      case 0x03:
        if (function == 7 || (!is_64_ && (function == 3 || function == 6))) return no_access();
        return access(Kind::load, function & 3, rd, rs1, sign_extended(bits(w_, 31, 20), 12), function < 4);
      case 0x23:
        if (function > (is_64_ ? 3u : 2u)) return no_access();
        return access(Kind::store, function, rs2, rs1, sign_extended(bits(w_, 31, 25) << 5 | rd, 12));
      case 0x07: case 0x27: return vector_access();
      case 0x2f: return atomic(function, rd, rs1, rs2);
      default: return no_access();
    }
  }

 private:
  MemoryAccess access(Kind kind, unsigned log_size, std::uint32_t data, std::uint32_t base, std::int64_t offset,
                      bool sign_extend = true) const {
    MemoryAccess result{.kind = kind, .size = static_cast<std::uint8_t>(1u << log_size),
                        .register_size = static_cast<std::uint8_t>(is_64_ ? 8 : 4),
                        .sign_extend = sign_extend && kind != Kind::store};
    add_register(result, reg(data));
    result.base = reg(base);
    result.offset = offset;
    return result;
  }

  Decoded atomic(unsigned function, std::uint32_t rd, std::uint32_t rs1, std::uint32_t rs2) const {
    using Operation = MemoryAccess::Operation;
    if (function != 2 && (function != 3 || !is_64_)) return no_access();
    const auto modify = [&](Operation operation) -> Decoded {
      auto result = access(Kind::modify, function, rd, rs1, 0);
      result.operation = operation;
      result.operand = reg(rs2);
      return result;
    };
    switch (bits(w_, 31, 27)) {
      case 0x02: {
        if (rs2 != 0) return no_access();
        auto result = access(Kind::load, function, rd, rs1, 0);
        result.exclusive = true;
        return result;
      }
      case 0x03: {
        auto result = access(Kind::store, function, rs2, rs1, 0);
        result.status = reg(rd);
        return result;
      }
      case 0x00: return modify(Operation::add);
      case 0x01: return modify(Operation::replace);
      case 0x04: return modify(Operation::exclusive_or);
      case 0x08: return modify(Operation::set);
      case 0x0c: return modify(Operation::bit_and);
      case 0x10: return modify(Operation::minimum);
      case 0x14: return modify(Operation::maximum);
      case 0x18: return modify(Operation::unsigned_minimum);
      case 0x1c: return modify(Operation::unsigned_maximum);
      default: return no_access();
    }
  }

  Decoded compressed() const {
    const auto base = bits(w_, 9, 7) + 8, data = bits(w_, 4, 2) + 8;
    const auto rd = bits(w_, 11, 7), rs2 = bits(w_, 6, 2);
    const auto at_word = bits(w_, 12, 10) << 3 | bits(w_, 6, 6) << 2 | bits(w_, 5, 5) << 6;
    const auto at_double = bits(w_, 12, 10) << 3 | bits(w_, 6, 5) << 6;
    constexpr std::uint32_t sp = 2;
    switch (bits(w_, 1, 0) << 3 | bits(w_, 15, 13)) {
      case 002: return access(Kind::load, 2, data, base, at_word);
      case 003: return is_64_ ? Decoded(access(Kind::load, 3, data, base, at_double)) : vector_access();
      case 006: return access(Kind::store, 2, data, base, at_word);
      case 007: return is_64_ ? Decoded(access(Kind::store, 3, data, base, at_double)) : vector_access();
      case 001: case 005: case 021: case 025: return vector_access();
      case 022:
        if (rd == 0) return no_access();
        return access(Kind::load, 2, rd, sp, bits(w_, 12, 12) << 5 | bits(w_, 6, 4) << 2 | bits(w_, 3, 2) << 6);
      case 023:
        if (!is_64_) return vector_access();
        if (rd == 0) return no_access();
        return access(Kind::load, 3, rd, sp, bits(w_, 12, 12) << 5 | bits(w_, 6, 5) << 3 | bits(w_, 4, 2) << 6);
      case 026: return access(Kind::store, 2, rs2, sp, bits(w_, 12, 9) << 2 | bits(w_, 8, 7) << 6);
      case 027:
        if (!is_64_) return vector_access();
        return access(Kind::store, 3, rs2, sp, bits(w_, 12, 10) << 3 | bits(w_, 9, 7) << 6);
      default: return no_access();
    }
  }

  std::uint32_t w_;
  bool is_64_;
};

}  // namespace

Decoded decode_riscv(std::uint32_t word, bool is_64) { return Riscv(word, is_64).decode(); }

}  // namespace virserver::image::memory_access
