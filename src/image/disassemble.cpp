#include "image/disassemble.hpp"

#include <algorithm>

#include "image/capstone_decoder.hpp"
#include "image/riscv.hpp"

namespace virserver::image {
namespace {

bool is_riscv(Architecture architecture) {
  return architecture == Architecture::riscv32 || architecture == Architecture::riscv64;
}

// The bytes of the smallest instruction, and where instructions may begin.
std::size_t unit_of(const Code& code, bool thumb) {
  switch (code.architecture) {
    case Architecture::arm: return thumb ? 2 : 4;
    case Architecture::riscv32: case Architecture::riscv64: case Architecture::m68k: case Architecture::avr: return 2;
    case Architecture::aarch64: case Architecture::sparc: case Architecture::ppc: case Architecture::mips: return 4;
    default: return 1;
  }
}

std::uint64_t number(std::span<const std::byte> bytes, bool big_endian) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    value |= std::to_integer<std::uint64_t>(bytes[i]) << 8 * (big_endian ? bytes.size() - 1 - i : i);
  return value;
}

class Disassembler {
 public:
  Disassembler(const Code& code, std::size_t limit) : code_(code), limit_(limit) {}

  std::vector<Instruction> run() {
    const std::uint64_t end = code_.address + code_.bytes.size();
    std::uint64_t at = code_.address;
    for (const ContentRange& range : code_.contents) {
      const std::uint64_t begin = std::clamp(range.begin, at, end), stop = std::clamp(range.end, begin, end);
      part(at, begin, Content::code);
      part(begin, stop, range.content);
      at = stop;
    }
    part(at, end, Content::code);
    return std::move(out_);
  }

 private:
  bool full() const { return out_.size() >= limit_; }
  std::span<const std::byte> bytes(std::uint64_t begin, std::uint64_t end) const {
    return code_.bytes.subspan(begin - code_.address, end - begin);
  }

  void part(std::uint64_t begin, std::uint64_t end, Content content) {
    if (begin == end || full()) return;
    if (content == Content::data) {
      while (begin < end && !full()) begin += data(begin, end, 4);
      return;
    }
    const bool thumb = content == Content::thumb || (content == Content::code && (code_.thumb || code_.cortex_m));
    const std::size_t unit = unit_of(code_, thumb);
    const bool last = end == code_.address + code_.bytes.size();
    std::optional<CapstoneDecoder> capstone;
    if (!is_riscv(code_.architecture)) capstone.emplace(code_, thumb);
    while (begin < end && !full()) {
      auto instruction = begin % unit ? std::nullopt : decode(capstone, begin, end);
      if (instruction) {
        begin += instruction->bytes.size();
        out_.push_back(std::move(*instruction));
        continue;
      }
      const std::size_t size = begin % unit ? 1 : length(begin, end, unit);
      if (last && !out_.empty() && end - begin < size) return;  // cut off
      begin += size <= end - begin ? directive(begin, size) : data(begin, end, unit);
    }
  }

  // What the first bytes say about the length of an instruction.
  std::size_t length(std::uint64_t begin, std::uint64_t end, std::size_t unit) const {
    const auto front = bytes(begin, end);
    if (front.size() < unit) return unit;
    const std::uint64_t first = number(front.first(unit), code_.big_endian);
    if (is_riscv(code_.architecture)) return riscv::is_compressed(static_cast<std::uint32_t>(first)) ? 2 : 4;
    if (code_.architecture == Architecture::arm && unit == 2) return first >> 11 >= 0x1d ? 4 : 2;
    return unit;
  }

  std::optional<Instruction> decode(std::optional<CapstoneDecoder>& capstone, std::uint64_t begin, std::uint64_t end) const {
    const auto front = bytes(begin, end);
    if (!is_riscv(code_.architecture)) return capstone->usable() ? capstone->decode(front, begin) : std::nullopt;
    if (front.size() < 2) return std::nullopt;
    const std::size_t size = length(begin, end, 2);
    if (front.size() < size) return std::nullopt;
    auto instruction = riscv::decode(static_cast<std::uint32_t>(number(front.first(size), false)), begin,
                                     code_.architecture == Architecture::riscv64);
    if (instruction) instruction->bytes.assign(front.begin(), front.begin() + static_cast<std::ptrdiff_t>(size));
    return instruction;
  }

  // A directive of at most `size` bytes, at a multiple of its own size.
  std::size_t data(std::uint64_t begin, std::uint64_t end, std::size_t size) {
    while (size > 1 && (begin % size || end - begin < size)) size /= 2;
    return directive(begin, size);
  }

  std::size_t directive(std::uint64_t begin, std::size_t size) {
    const auto value = bytes(begin, begin + size);
    const bool big_endian =
        code_.big_endian || code_.architecture == Architecture::sparc || code_.architecture == Architecture::m68k;
    out_.push_back({.address = begin, .bytes = Bytes(value.begin(), value.end()),
                    .mnemonic = size == 4 ? ".word" : size == 2 ? ".short" : ".byte",
                    .operands = fmt::format("{:#0{}x}", number(value, big_endian), 2 + 2 * size)});
    return size;
  }

  const Code& code_;
  std::size_t limit_;
  std::vector<Instruction> out_;
};

}  // namespace

std::vector<Instruction> disassemble(const Code& code, std::size_t limit) {
  if (code.bytes.size() > ~code.address) return {};  // it would pass the end of the address space
  return Disassembler(code, limit).run();
}

bool can_disassemble(Architecture architecture) {
  return is_riscv(architecture) || CapstoneDecoder({.architecture = architecture}, false).usable();
}

}  // namespace virserver::image
