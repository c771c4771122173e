// The 16-bit instructions, each shown as the 32-bit one that it stands for.
#include "image/riscv.hpp"

namespace virserver::image::riscv {
namespace {

// Bits [high:low] of the word, put at `to`.
constexpr std::uint32_t field(std::uint32_t word, unsigned high, unsigned low, unsigned to) {
  return ((word >> low) & ((1u << (high - low + 1)) - 1)) << to;
}
constexpr std::int64_t sign_extend(std::uint32_t value, unsigned bits) {
  const std::uint32_t sign = 1u << (bits - 1);
  return static_cast<std::int64_t>(value ^ sign) - static_cast<std::int64_t>(sign);
}

struct Word {
  std::uint32_t w;
  unsigned rd() const { return field(w, 11, 7, 0); }
  unsigned rs2() const { return field(w, 6, 2, 0); }
  unsigned rd_short() const { return field(w, 9, 7, 0) + 8; }
  unsigned rs2_short() const { return field(w, 4, 2, 0) + 8; }
  std::int64_t imm6() const { return sign_extend(field(w, 12, 12, 5) | field(w, 6, 2, 0), 6); }
  unsigned shift() const { return field(w, 12, 12, 5) | field(w, 6, 2, 0); }
  unsigned offset_w() const { return field(w, 12, 10, 3) | field(w, 6, 6, 2) | field(w, 5, 5, 6); }
  unsigned offset_d() const { return field(w, 12, 10, 3) | field(w, 6, 5, 6); }
  unsigned load_sp_w() const { return field(w, 12, 12, 5) | field(w, 6, 4, 2) | field(w, 3, 2, 6); }
  unsigned load_sp_d() const { return field(w, 12, 12, 5) | field(w, 6, 5, 3) | field(w, 4, 2, 6); }
  unsigned store_sp_w() const { return field(w, 12, 9, 2) | field(w, 8, 7, 6); }
  unsigned store_sp_d() const { return field(w, 12, 10, 3) | field(w, 9, 7, 6); }
  std::int64_t jump() const {
    return sign_extend(field(w, 12, 12, 11) | field(w, 11, 11, 4) | field(w, 10, 9, 8) | field(w, 8, 8, 10) | field(w, 7, 7, 6) |
                           field(w, 6, 6, 7) | field(w, 5, 3, 1) | field(w, 2, 2, 5), 12);
  }
  std::int64_t branch() const {
    return sign_extend(field(w, 12, 12, 8) | field(w, 11, 10, 3) | field(w, 6, 5, 6) | field(w, 4, 3, 1) | field(w, 2, 2, 5), 9);
  }
};

class Compressed {
 public:
  Compressed(std::uint16_t word, std::uint64_t address, bool is_64) : w_{word}, address_(address), is_64_(is_64) {}

  std::optional<Instruction> run() {
    const unsigned function = field(w_.w, 15, 13, 0);
    switch (w_.w & 3) {
      case 0: return quadrant_0(function);
      case 1: return quadrant_1(function);
      default: return quadrant_2(function);
    }
  }

 private:
  using Maybe = std::optional<Instruction>;

  template <class... Args>
  Maybe make(const char* mnemonic, fmt::format_string<Args...> format, Args&&... args) const {
    return Instruction{.address = address_, .mnemonic = mnemonic, .operands = fmt::format(format, std::forward<Args>(args)...)};
  }
  Maybe flow(Maybe instruction, Flow flow, std::optional<std::uint64_t> target = std::nullopt) const {
    instruction->flow = flow;
    instruction->target = target;
    return instruction;
  }
  std::uint64_t target(std::int64_t offset) const {
    const std::uint64_t to = address_ + static_cast<std::uint64_t>(offset);
    return is_64_ ? to : to & 0xffffffff;
  }
  static const char* x(unsigned number) { return integer_names[number]; }
  static const char* f(unsigned number) { return float_names[number]; }

  Maybe quadrant_0(unsigned function) const {
    const unsigned base = w_.rd_short(), other = w_.rs2_short();
    switch (function) {
      case 0: {
        const unsigned imm = field(w_.w, 12, 11, 4) | field(w_.w, 10, 7, 6) | field(w_.w, 6, 6, 2) | field(w_.w, 5, 5, 3);
        return imm ? make("addi", "{}, sp, {}", x(other), imm) : std::nullopt;
      }
      case 1: return make("fld", "{}, {}({})", f(other), w_.offset_d(), x(base));
      case 2: return make("lw", "{}, {}({})", x(other), w_.offset_w(), x(base));
      case 3: return is_64_ ? make("ld", "{}, {}({})", x(other), w_.offset_d(), x(base))
                            : make("flw", "{}, {}({})", f(other), w_.offset_w(), x(base));
      case 5: return make("fsd", "{}, {}({})", f(other), w_.offset_d(), x(base));
      case 6: return make("sw", "{}, {}({})", x(other), w_.offset_w(), x(base));
      case 7: return is_64_ ? make("sd", "{}, {}({})", x(other), w_.offset_d(), x(base))
                            : make("fsw", "{}, {}({})", f(other), w_.offset_w(), x(base));
      default: return std::nullopt;
    }
  }

  Maybe quadrant_1(unsigned function) const {
    const unsigned rd = w_.rd();
    switch (function) {
      case 0: return w_.w == 1 ? make("nop", "") : make("addi", "{0}, {0}, {1}", x(rd), w_.imm6());
      case 1:
        if (!is_64_) return flow(make("jal", "{:#x}", target(w_.jump())), Flow::call, target(w_.jump()));
        if (rd == 0) return std::nullopt;
        return w_.imm6() == 0 ? make("sext.w", "{0}, {0}", x(rd)) : make("addiw", "{0}, {0}, {1}", x(rd), w_.imm6());
      case 2: return make("li", "{}, {}", x(rd), w_.imm6());
      case 3: {
        if (rd != 2) {
          const auto imm = static_cast<std::uint32_t>(w_.imm6()) & 0xfffff;
          return imm ? make("lui", "{}, {:#x}", x(rd), imm) : std::nullopt;
        }
        const std::int64_t imm = sign_extend(field(w_.w, 12, 12, 9) | field(w_.w, 6, 6, 4) | field(w_.w, 5, 5, 6) |
                                                 field(w_.w, 4, 3, 7) | field(w_.w, 2, 2, 5), 10);
        return imm ? make("addi", "sp, sp, {}", imm) : std::nullopt;
      }
      case 4: return arithmetic();
      case 5: return flow(make("j", "{:#x}", target(w_.jump())), Flow::jump, target(w_.jump()));
      default: {
        const std::uint64_t to = target(w_.branch());
        return flow(make(function == 6 ? "beqz" : "bnez", "{}, {:#x}", x(w_.rd_short()), to), Flow::conditional, to);
      }
    }
  }

  Maybe arithmetic() const {
    const unsigned rd = w_.rd_short(), kind = field(w_.w, 11, 10, 0);
    if (kind == 2) return make("andi", "{0}, {0}, {1}", x(rd), w_.imm6());
    if (kind < 2) {
      if (!is_64_ && w_.shift() > 31) return std::nullopt;
      return make(kind == 0 ? "srli" : "srai", "{0}, {0}, {1:#x}", x(rd), w_.shift());
    }
    static constexpr const char* names[] = {"sub", "xor", "or", "and", "subw", "addw"};
    const unsigned which = field(w_.w, 12, 12, 2) | field(w_.w, 6, 5, 0);
    if (which > 5 || (which > 3 && !is_64_)) return std::nullopt;
    return make(names[which], "{0}, {0}, {1}", x(rd), x(w_.rs2_short()));
  }

  Maybe quadrant_2(unsigned function) const {
    const unsigned rd = w_.rd(), rs2 = w_.rs2();
    switch (function) {
      case 0: return !is_64_ && w_.shift() > 31 ? std::nullopt : make("slli", "{0}, {0}, {1:#x}", x(rd), w_.shift());
      case 1: return make("fld", "{}, {}(sp)", f(rd), w_.load_sp_d());
      case 2: return rd ? make("lw", "{}, {}(sp)", x(rd), w_.load_sp_w()) : std::nullopt;
      case 3:
        if (!is_64_) return make("flw", "{}, {}(sp)", f(rd), w_.load_sp_w());
        return rd ? make("ld", "{}, {}(sp)", x(rd), w_.load_sp_d()) : std::nullopt;
      case 4: return jumps_and_moves();
      case 5: return make("fsd", "{}, {}(sp)", f(rs2), w_.store_sp_d());
      case 6: return make("sw", "{}, {}(sp)", x(rs2), w_.store_sp_w());
      default: return is_64_ ? make("sd", "{}, {}(sp)", x(rs2), w_.store_sp_d())
                             : make("fsw", "{}, {}(sp)", f(rs2), w_.store_sp_w());
    }
  }

  Maybe jumps_and_moves() const {
    const unsigned rd = w_.rd(), rs2 = w_.rs2();
    const bool second = field(w_.w, 12, 12, 0) != 0;
    if (rs2) return second ? make("add", "{0}, {0}, {1}", x(rd), x(rs2)) : make("mv", "{}, {}", x(rd), x(rs2));
    if (rd == 0) return second ? flow(make("ebreak", ""), Flow::stop) : std::nullopt;
    if (second) return flow(make("jalr", "{}", x(rd)), Flow::call);
    return rd == 1 ? flow(make("ret", ""), Flow::return_) : flow(make("jr", "{}", x(rd)), Flow::jump);
  }

  Word w_;
  std::uint64_t address_;
  bool is_64_;
};

}  // namespace

std::optional<Instruction> decode_compressed(std::uint16_t word, std::uint64_t address, bool is_64) {
  return Compressed(word, address, is_64).run();
}

}  // namespace virserver::image::riscv
