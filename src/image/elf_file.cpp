#include "image/elf_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/fd.hpp"
#include "image/byte_reader.hpp"
#include "image/formats.hpp"

namespace virserver::image {
namespace {

constexpr std::size_t max_sections = 65'536;

// What a compressed section claims to become; nothing for one that is not compressed, or in a damaged way.
std::optional<std::uint64_t> uncompressed_size(const ElfFile::Section& section) {
  if (section.header.sh_flags & SHF_COMPRESSED) {
    GElf_Chdr header;
    return gelf_getchdr(section.scn, &header) ? std::optional(header.ch_size) : std::nullopt;
  }
  if (!section.name.starts_with(".zdebug")) return std::nullopt;
  // The older way: "ZLIB", then the size, big-endian. Once decompressed, the section keeps its name.
  const Elf_Data* const data = elf_rawdata(section.scn, nullptr);
  if (!data || !data->d_buf || data->d_size < 12) return std::nullopt;
  ByteReader reader({static_cast<const std::byte*>(data->d_buf), 12}, true);
  return as_text(reader.take(4)) == "ZLIB" ? std::optional(reader.u64()) : std::nullopt;
}

}  // namespace

Architecture architecture_of(unsigned machine, bool is_64) {
  switch (machine) {
    case EM_ARM: return Architecture::arm;
    case EM_AARCH64: return Architecture::aarch64;
    case EM_RISCV: return is_64 ? Architecture::riscv64 : Architecture::riscv32;
    case EM_SPARC: case EM_SPARC32PLUS: case EM_SPARCV9: return Architecture::sparc;
    case EM_PPC: case EM_PPC64: return Architecture::ppc;
    case EM_MIPS: case EM_MIPS_RS3_LE: return Architecture::mips;
    case EM_386: return Architecture::x86;
    case EM_X86_64: return Architecture::x86_64;
    case EM_XTENSA: return Architecture::xtensa;
    case EM_AVR: return Architecture::avr;
    case EM_68K: return Architecture::m68k;
    default: return Architecture::other;
  }
}

bool inside(std::uint64_t offset, std::uint64_t count, std::uint64_t size, std::uint64_t total) {
  std::uint64_t length;
  return !__builtin_mul_overflow(count, size, &length) && offset <= total && length <= total - offset;
}

Result<ElfHandle> open_elf(std::span<const std::byte> content) {
  const auto ident = [&](std::size_t i) { return std::to_integer<unsigned>(content[i]); };
  const auto truncated = [&] {
    return fail(ErrorCode::IMAGE_TRUNCATED, "the ELF file ends in the middle: the header lies behind its {} bytes",
                content.size());
  };
  if (!as_text(content).starts_with(std::string_view(ELFMAG, SELFMAG)))
    return fail(ErrorCode::IMAGE_MALFORMED, "this is not an ELF file: it does not start with the ELF magic number");
  if (content.size() < EI_NIDENT) return truncated();
  const bool is_64 = ident(EI_CLASS) == ELFCLASS64;
  if ((!is_64 && ident(EI_CLASS) != ELFCLASS32) || (ident(EI_DATA) != ELFDATA2LSB && ident(EI_DATA) != ELFDATA2MSB) ||
      ident(EI_VERSION) != EV_CURRENT)
    return fail(ErrorCode::IMAGE_MALFORMED, "the ELF header is damaged: unknown class, byte order or version");
  if (content.size() < (is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr))) return truncated();
  elf_version(EV_CURRENT);
  // libelf only reads from memory opened like this (a test hands it read-only pages), unless asked to decompress.
  ElfHandle elf(elf_memory(const_cast<char*>(as_text(content).data()), content.size()));
  GElf_Ehdr header;
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF || !gelf_getehdr(elf.get(), &header))
    return fail(ErrorCode::IMAGE_MALFORMED, "the ELF header is damaged: {}", elf_errmsg(-1));
  return elf;
}

Mapping::~Mapping() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

Result<Mapping> Mapping::file(const std::filesystem::path& path) {
  const auto failed = [&](std::string_view what) {
    return fail(system_error(ErrorCode::STORAGE_ERROR, errno, fmt::format("cannot {} {}", what, path.native())));
  };
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // O_NONBLOCK: a FIFO must not hold us here
  if (!fd) return failed("open");
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return failed("read");
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::STORAGE_ERROR, "{} is not a regular file", path.native());
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return Mapping({});
  // Writable, but never back to the file: libelf changes a section's header when it decompresses it.
  void* const pages = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd.get(), 0);
  if (pages == MAP_FAILED) return failed("map");
  return Mapping({static_cast<std::byte*>(pages), size});
}

Result<Mapping> Mapping::copy(std::span<const std::byte> content) {
  if (content.empty()) return Mapping({});
  void* const pages = ::mmap(nullptr, content.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return fail(system_error(ErrorCode::STORAGE_ERROR, errno, "cannot copy the file to memory"));
  std::memcpy(pages, content.data(), content.size());
  return Mapping({static_cast<std::byte*>(pages), content.size()});
}

Result<ElfFile> ElfFile::open(Mapping mapping) {
  auto elf = open_elf(mapping.bytes());
  if (!elf) return pass(elf);
  ElfFile file(std::move(mapping), std::move(*elf));
  gelf_getehdr(file.elf(), &file.header_);
  if (file.header_.e_type != ET_EXEC && file.header_.e_type != ET_DYN)
    return fail(ErrorCode::IMAGE_UNSUPPORTED, "this ELF file is not a program; link it into one first");
  file.is_64_ = file.header_.e_ident[EI_CLASS] == ELFCLASS64;
  file.big_endian_ = file.header_.e_ident[EI_DATA] == ELFDATA2MSB;
  file.architecture_ = architecture_of(file.header_.e_machine, file.is_64_);
  file.read_sections();
  return file;
}

void ElfFile::read_sections() {
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf(), &names) != 0) return;
  for (Elf_Scn* scn = nullptr; sections_.size() < max_sections && (scn = elf_nextscn(elf(), scn));) {
    Section section{.scn = scn};
    if (!gelf_getshdr(scn, &section.header)) continue;
    std::uint64_t end;
    if (__builtin_add_overflow(section.header.sh_addr, section.header.sh_size, &end)) continue;
    const char* const name = elf_strptr(elf(), names, section.header.sh_name);
    section.name = std::string_view(name ? name : "").substr(0, 256);
    sections_.push_back(std::move(section));
  }
  for (const Section& section : sections_) {
    if (section.exec() && section.header.sh_size) executable_.push_back(&section);
    if (section.header.sh_type == SHT_ARM_ATTRIBUTES && architecture_ == Architecture::arm && !arm_profile_)
      arm_profile_ = arm_attributes(content(section, 1 << 20), big_endian_).profile;
  }
  std::ranges::sort(executable_, {}, [](const Section* s) { return s->header.sh_addr; });
}

const ElfFile::Section* ElfFile::section(std::string_view name) const {
  const auto found = std::ranges::find(sections_, name, &Section::name);
  return found == sections_.end() ? nullptr : &*found;
}

const ElfFile::Section* ElfFile::executable(std::uint64_t address) const {
  auto next = std::ranges::upper_bound(executable_, address, {}, [](const Section* s) { return s->header.sh_addr; });
  if (next == executable_.begin() || !(*--next)->has(address)) return nullptr;
  return *next;
}

const ElfFile::Section* ElfFile::next_executable(std::uint64_t address) const {
  const auto next = std::ranges::upper_bound(executable_, address, {}, [](const Section* s) { return s->header.sh_addr; });
  return next == executable_.end() ? nullptr : *next;
}

std::uint64_t ElfFile::size(const Section& section) const {
  if (section.header.sh_type == SHT_NOBITS) return 0;
  return uncompressed_size(section).value_or(section.header.sh_size);
}

std::span<const std::byte> ElfFile::content(const Section& section, std::uint64_t limit) const {
  if (size(section) > limit) return {};
  if (section.header.sh_flags & SHF_COMPRESSED) {
    elf_compress(section.scn, 0, 0);
    GElf_Shdr header;
    if (!gelf_getshdr(section.scn, &header) || (header.sh_flags & SHF_COMPRESSED)) return {};
  } else if (uncompressed_size(section) && elf_compress_gnu(section.scn, 0, 0) < 0) {
    return {};
  }
  const Elf_Data* const data = elf_rawdata(section.scn, nullptr);
  if (!data || !data->d_buf) return {};
  return {static_cast<const std::byte*>(data->d_buf), data->d_size};
}

Bytes ElfFile::bytes(std::uint64_t address, std::size_t size) const {
  for (const Section& section : sections_) {
    if (!section.alloc() || !section.has(address) || section.header.sh_type == SHT_NOBITS) continue;
    const auto all = content(section, ~0ull);
    const std::uint64_t offset = address - section.header.sh_addr;
    if (offset >= all.size()) continue;
    const auto part = all.subspan(offset, std::min<std::uint64_t>(size, all.size() - offset));
    return {part.begin(), part.end()};
  }
  return {};
}

}  // namespace virserver::image
