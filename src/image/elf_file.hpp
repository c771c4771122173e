// Inside the image library: an ELF file in memory, for those who look things up in it (the loader is elf.cpp).
#pragma once
#include <gelf.h>
#include <libelf.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/architecture.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"

namespace virserver::image {

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, ElfEnd>;

// Checks the identification and opens `content`, which is only read (unless something is decompressed) and must outlive
// the handle.
Result<ElfHandle> open_elf(std::span<const std::byte> content);
Architecture architecture_of(unsigned machine, bool is_64);
// `count` entries of `size` bytes at `offset` lie inside `total` bytes.
bool inside(std::uint64_t offset, std::uint64_t count, std::uint64_t size, std::uint64_t total);

// Pages that are ours alone: a private mapping of a file, or a copy.
class Mapping {
 public:
  static Result<Mapping> file(const std::filesystem::path& path);
  static Result<Mapping> copy(std::span<const std::byte> content);
  Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping();
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit Mapping(std::span<std::byte> bytes) : bytes_(bytes) {}
  std::span<std::byte> bytes_;
};

class ElfFile {
 public:
  struct Section {
    std::string name;
    Elf_Scn* scn = nullptr;
    GElf_Shdr header{};
    bool alloc() const { return (header.sh_flags & SHF_ALLOC) != 0; }
    bool exec() const { return alloc() && (header.sh_flags & SHF_EXECINSTR) != 0; }
    bool has(std::uint64_t address) const { return address >= header.sh_addr && address - header.sh_addr < header.sh_size; }
    std::uint64_t end() const { return header.sh_addr + header.sh_size; }
  };

  static Result<ElfFile> open(Mapping mapping);

  Elf* elf() const { return elf_.get(); }
  const GElf_Ehdr& header() const { return header_; }
  Architecture architecture() const { return architecture_; }
  bool big_endian() const { return big_endian_; }
  bool is_64() const { return is_64_; }
  std::optional<char> arm_profile() const { return arm_profile_; }

  // Those whose header is whole, at most 65,536; their ends never wrap around.
  const std::vector<Section>& sections() const { return sections_; }
  const Section* section(std::string_view name) const;
  const Section* executable(std::uint64_t address) const;
  // The first executable section that begins behind the address.
  const Section* next_executable(std::uint64_t address) const;
  // Bytes that its content has, or claims to have when decompressed; 0 for bss.
  std::uint64_t size(const Section& section) const;
  // The content, decompressed. Empty where it is missing, broken, or larger than `limit`.
  std::span<const std::byte> content(const Section& section, std::uint64_t limit) const;
  // Bytes of the loaded program at a virtual address.
  Bytes bytes(std::uint64_t address, std::size_t size) const;

 private:
  ElfFile(Mapping mapping, ElfHandle elf) : mapping_(std::move(mapping)), elf_(std::move(elf)) {}
  void read_sections();

  Mapping mapping_;
  ElfHandle elf_;
  GElf_Ehdr header_{};
  Architecture architecture_ = Architecture::other;
  bool big_endian_ = false, is_64_ = false;
  std::optional<char> arm_profile_;
  std::vector<Section> sections_;
  std::vector<const Section*> executable_;  // by address
};

}  // namespace virserver::image
