#include "backend/skyeye/load_elf.hpp"

#include <elf.h>

#include <algorithm>

namespace virserver::backend::skyeye {

namespace {

class Writer {
 public:
  explicit Writer(bool big_endian) : big_endian_(big_endian) {}
  void number(std::uint64_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i) bytes_.push_back(static_cast<std::byte>(value >> 8 * (big_endian_ ? size - 1 - i : i)));
  }
  void words(std::initializer_list<std::uint64_t> values) {
    for (const auto value : values) number(value, 4);
  }
  void raw(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  std::size_t size() const { return bytes_.size(); }
  Bytes take() { return std::move(bytes_); }

 private:
  bool big_endian_;
  Bytes bytes_;
};

struct Piece {
  std::uint64_t address;
  std::span<const std::byte> bytes;
};

std::vector<Piece> pieces_of(const EnginePlan& plan, std::span<const LoadImage> images) {
  std::vector<Piece> pieces;
  for (const auto& image : images)
    for (const auto& region : image.image->regions) {
      std::span<const std::byte> rest(region.bytes);
      std::uint64_t address = region.address;
      while (!rest.empty()) {
        const auto bank = std::ranges::find_if(plan.memory, [&](const MemoryRegion& r) { return address >= r.address && address - r.address < r.size; });
        const std::uint64_t room = bank == plan.memory.end() ? rest.size() : bank->size - (address - bank->address);
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(rest.size(), room));
        pieces.push_back({address, rest.first(count)});
        rest = rest.subspan(count);
        address += count;
      }
    }
  return pieces;
}

unsigned elf_machine(Architecture architecture) {
  switch (architecture) {
    case Architecture::sparc: return EM_SPARC;
    case Architecture::ppc: return EM_PPC;
    default: return EM_ARM;
  }
}

}  // namespace

std::uint64_t entry_point(const EnginePlan& plan, std::span<const LoadImage> images) {
  if (images.empty()) return plan.memory.empty() ? 0 : plan.memory.front().address;
  const auto boot = std::ranges::find(images, "bootloader", &LoadImage::role);
  const auto& first = *(boot != images.end() ? boot->image : images.front().image);
  if (first.metadata.entry) return *first.metadata.entry;
  return first.regions.empty() ? 0 : first.regions.front().address;
}

Bytes make_elf(const EnginePlan& plan, std::span<const LoadImage> images) {
  const auto pieces = pieces_of(plan, images);
  constexpr std::string_view names("\0.load\0.shstrtab\0", 17);
  std::size_t offset = sizeof(Elf32_Ehdr);
  std::size_t section_table = offset;
  for (const auto& piece : pieces) section_table += piece.bytes.size();
  const std::size_t names_at = section_table;
  section_table = (section_table + names.size() + 3) & ~std::size_t{3};

  Writer w(plan.big_endian);
  const unsigned char ident[EI_NIDENT] = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, static_cast<unsigned char>(plan.big_endian ? ELFDATA2MSB : ELFDATA2LSB), EV_CURRENT};
  w.raw(std::as_bytes(std::span(ident)));
  w.number(ET_EXEC, 2);
  w.number(elf_machine(plan.architecture), 2);
  w.words({EV_CURRENT, entry_point(plan, images), 0, section_table, plan.architecture == Architecture::arm ? std::uint64_t{EF_ARM_EABI_VER5} : 0});
  for (const unsigned half : {52u, 0u, 0u, 40u, static_cast<unsigned>(pieces.size()) + 2, static_cast<unsigned>(pieces.size()) + 1}) w.number(half, 2);
  for (const auto& piece : pieces) w.raw(piece.bytes);
  w.raw(std::as_bytes(std::span(names)));
  while (w.size() < section_table) w.number(0, 1);
  w.words({0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  for (const auto& piece : pieces) {
    w.words({1, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR, piece.address, offset, piece.bytes.size(), 0, 0, 4, 0});
    offset += piece.bytes.size();
  }
  w.words({7, SHT_STRTAB, 0, 0, names_at, names.size(), 0, 0, 1, 0});
  return w.take();
}

}  // namespace virserver::backend::skyeye
