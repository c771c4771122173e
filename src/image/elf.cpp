#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <array>
#include <memory>

#include "image/elf_file.hpp"
#include "image/formats.hpp"
#include "image/region_builder.hpp"

namespace virserver::image {
namespace {

constexpr std::size_t max_sections = 1024;
constexpr std::size_t max_section_name = 256;

class ElfParser {
 public:
  ElfParser(std::span<const std::byte> content, const Options& options) : content_(content), options_(options) {}

  Result<Image> run() {
    if (auto ok = open(); !ok) return pass(ok);
    if (auto ok = read_segments(); !ok) return pass(ok);
    read_sections();
    return std::move(image_);
  }

 private:
  std::unexpected<Error> truncated(std::string_view what) const {
    Error error{ErrorCode::IMAGE_TRUNCATED,
                fmt::format("the ELF file ends in the middle: {} lies behind its {} bytes", what, content_.size())};
    return fail(std::move(error));
  }

  Result<> open() {
    Result<ElfHandle> elf = open_elf(content_);
    if (!elf) return pass(elf);
    elf_ = std::move(*elf);
    gelf_getehdr(elf_.get(), &header_);
    is_64_ = header_.e_ident[EI_CLASS] == ELFCLASS64;

    Metadata& metadata = image_.metadata;
    metadata.format = Format::elf;
    metadata.file_size = content_.size();
    metadata.architecture = architecture_of(header_.e_machine, is_64_);
    metadata.big_endian = header_.e_ident[EI_DATA] == ELFDATA2MSB;
    metadata.entry = header_.e_entry;
    return check_header();
  }

  Result<> check_header() {
    switch (header_.e_type) {
      case ET_EXEC: case ET_DYN: break;
      case ET_REL: return fail(ErrorCode::IMAGE_UNSUPPORTED, "this is a relocatable object file; link it into a program first");
      case ET_CORE: return fail(ErrorCode::IMAGE_UNSUPPORTED, "this is a core dump, not a program");
      default: return fail(ErrorCode::IMAGE_UNSUPPORTED, "ELF files of type {} cannot be loaded", header_.e_type);
    }
    const std::uint64_t size = content_.size();
    // Section headers stand last in most files, so this finds an upload that broke off behind the loaded bytes.
    // With extended numbering (e_shnum 0) the count stands in the first one.
    const std::uint64_t sections = header_.e_shnum == 0 ? 1 : header_.e_shnum;
    if (header_.e_shoff != 0 && !inside(header_.e_shoff, sections, is_64_ ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr), size))
      return truncated("the table of sections");
    if (header_.e_phnum == 0) return fail(ErrorCode::IMAGE_UNSUPPORTED, "the ELF file has no loadable segments");
    if (header_.e_phentsize != (is_64_ ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
      return fail(ErrorCode::IMAGE_MALFORMED, "the ELF header is damaged: program headers of {} bytes", header_.e_phentsize);
    std::size_t count = header_.e_phnum;
    if (count == PN_XNUM && elf_getphdrnum(elf_.get(), &count) != 0)
      return fail(ErrorCode::IMAGE_MALFORMED, "the ELF header is damaged: {}", elf_errmsg(-1));
    if (!inside(header_.e_phoff, count, header_.e_phentsize, size)) return truncated("the table of segments");
    segments_.resize(count);
    for (std::size_t i = 0; i < count; ++i)
      if (!gelf_getphdr(elf_.get(), static_cast<int>(i), &segments_[i]))
        return fail(ErrorCode::IMAGE_MALFORMED, "program header {} is damaged: {}", i, elf_errmsg(-1));
    if (header_.e_type == ET_DYN && !is_static_pie())
      return fail(ErrorCode::IMAGE_UNSUPPORTED,
                  "this is a shared library or a program that needs a dynamic loader; link it statically (-static)");
    return {};
  }

  // A position-independent program that relocates itself (U-Boot for Arm is one) runs where its segments say.
  bool is_static_pie() const {
    bool marked = false;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      const GElf_Phdr& segment = segments_[i];
      if (segment.p_type == PT_INTERP) return false;
      if (segment.p_type != PT_DYNAMIC || !inside(segment.p_offset, 1, segment.p_filesz, content_.size())) continue;
      Elf_Data* const data = elf_getdata_rawchunk(elf_.get(), static_cast<int64_t>(segment.p_offset), segment.p_filesz, ELF_T_DYN);
      GElf_Dyn entry;
      for (int k = 0; data && gelf_getdyn(data, k, &entry) && entry.d_tag != DT_NULL; ++k) {
        if (entry.d_tag == DT_NEEDED) return false;
        if (entry.d_tag == DT_FLAGS_1 && (entry.d_un.d_val & DF_1_PIE)) marked = true;
      }
    }
    return marked;
  }

  std::unexpected<Error> bad_segment(std::size_t index, ErrorCode code, std::string what) const {
    Error error{code, fmt::format("segment {}: {}", index, what)};
    error.details["segment"] = index;
    return fail(std::move(error));
  }

  // A linker may let the first segment begin with the file's own headers, which then lie below the program, outside
  // the flash. Like gdb's load, leave out what stands before the first section.
  void leave_out_headers(GElf_Phdr& segment) {
    const std::uint64_t headers_end = header_.e_phoff + segments_.size() * header_.e_phentsize;
    if (header_.e_type != ET_EXEC || segment.p_offset >= headers_end) return;
    std::uint64_t first = ~0ull;
    for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(elf_.get(), scn));) {
      GElf_Shdr section;
      if (gelf_getshdr(scn, &section) && (section.sh_flags & SHF_ALLOC) && section.sh_type != SHT_NOBITS)
        first = std::min<std::uint64_t>(first, section.sh_offset);
    }
    if (first < headers_end || first - segment.p_offset >= segment.p_filesz) return;
    const std::uint64_t skipped = first - segment.p_offset;
    segment.p_offset += skipped;
    segment.p_vaddr += skipped;
    segment.p_paddr += skipped;
    segment.p_filesz -= skipped;
    segment.p_memsz -= skipped;
  }

  Result<> read_segments() {
    RegionBuilder regions(options_.max_bytes);
    const std::uint64_t highest = is_64_ ? ~0ull : 0xffff'ffffull;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      GElf_Phdr& segment = segments_[i];
      if (segment.p_type != PT_LOAD || segment.p_memsz == 0) continue;
      if (segment.p_filesz > segment.p_memsz)
        return bad_segment(i, ErrorCode::IMAGE_MALFORMED, "it has more bytes in the file than in memory");
      if (segment.p_memsz - 1 > highest - segment.p_paddr)
        return bad_segment(i, ErrorCode::IMAGE_MALFORMED, "it passes the end of the address space");
      // Linkers put a segment without bytes, of .bss alone, anywhere.
      if (segment.p_filesz > 0 && !inside(segment.p_offset, 1, segment.p_filesz, content_.size()))
        return bad_segment(i, ErrorCode::IMAGE_TRUNCATED, fmt::format("its {} bytes at offset {} lie behind the end of the file, "
                           "which has {}", segment.p_filesz, segment.p_offset, content_.size()));
      leave_out_headers(segment);
      if (segment.p_filesz > 0)
        if (auto ok = regions.add(segment.p_paddr, content_.subspan(segment.p_offset, segment.p_filesz)); !ok) return ok;
      std::uint64_t& total = image_.metadata.memory_size;
      if (__builtin_add_overflow(total, segment.p_memsz, &total)) total = ~0ull;
    }
    auto finished = std::move(regions).finish();
    if (!finished) return pass(finished);
    if (finished->empty()) return fail(ErrorCode::IMAGE_UNSUPPORTED, "the ELF file has no loadable segments");
    image_.regions = std::move(*finished);
    return {};
  }

  // Sections only describe: damage here costs information, not the image.
  void read_sections() {
    std::size_t names = 0;
    if (elf_getshdrstrndx(elf_.get(), &names) != 0) return;
    std::optional<std::uint64_t> table_section;
    for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(elf_.get(), scn));) {
      GElf_Shdr header;
      if (!gelf_getshdr(scn, &header)) continue;
      const char* const raw = elf_strptr(elf_.get(), names, header.sh_name);
      const std::string name = printable(raw ? raw : "");
      if (header.sh_type == SHT_SYMTAB) read_symbols(scn, header);
      if (header.sh_type == SHT_ARM_ATTRIBUTES && header_.e_machine == EM_ARM && !image_.metadata.arm_profile)
        if (Elf_Data* const data = elf_rawdata(scn, nullptr); data && data->d_buf)
          image_.metadata.arm_profile = arm_attributes({static_cast<const std::byte*>(data->d_buf), data->d_size},
                                                       image_.metadata.big_endian).profile;
      if (header.sh_type != SHT_NOBITS && (name == ".debug_info" || name == ".zdebug_info" || name == ".debug_line"))
        image_.metadata.has_dwarf = true;
      if ((header.sh_flags & SHF_ALLOC) && (name == ".isr_vector" || name == ".vector_table" || name == ".vectors"))
        table_section = header.sh_addr;
      if (image_.metadata.sections.size() == max_sections) continue;
      image_.metadata.sections.push_back({.name = name, .address = header.sh_addr, .size = header.sh_size,
                                          .alloc = (header.sh_flags & SHF_ALLOC) != 0,
                                          .write = (header.sh_flags & SHF_WRITE) != 0,
                                          .exec = (header.sh_flags & SHF_EXECINSTR) != 0});
    }
    const bool cortex_m = header_.e_machine == EM_ARM && image_.metadata.arm_profile.value_or('M') == 'M';
    if (!cortex_m) return;
    if (const auto table = best_table_ ? best_table_ : table_section) image_.metadata.vector_table = physical(*table);
  }

  // Most specific first: a later name may be something else in an image that also has an earlier one.
  static constexpr std::array<std::string_view, 11> table_names = {
      "_vector_table", "g_pfnVectors", "__isr_vector", "__Vectors", "__vector_table", "__VECTOR_TABLE", "_vectors",
      "vector_table", "isr_vector", "__vectors", "vectors"};

  void read_symbols(Elf_Scn* scn, const GElf_Shdr& header) {
    Elf_Data* const data = elf_getdata(scn, nullptr);
    if (!data) return;
    GElf_Sym symbol;
    for (int i = 1; gelf_getsym(data, i, &symbol); ++i) {
      image_.metadata.has_symbols = true;
      if (header_.e_machine != EM_ARM) return;
      if (symbol.st_shndx == SHN_UNDEF) continue;
      const char* const name = elf_strptr(elf_.get(), header.sh_link, symbol.st_name);
      if (!name) continue;
      const auto rank = static_cast<std::size_t>(std::ranges::find(table_names, name) - table_names.begin());
      if (rank >= best_rank_) continue;
      best_rank_ = rank;
      best_table_ = symbol.st_value;
    }
  }

  // Symbols and sections have virtual addresses; where the bytes are loaded is another one for a table that start-up
  // code copies to RAM.
  std::uint64_t physical(std::uint64_t address) const {
    for (const GElf_Phdr& segment : segments_)
      if (segment.p_type == PT_LOAD && address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_memsz)
        return address - segment.p_vaddr + segment.p_paddr;
    return address;
  }

  static std::string printable(std::string_view name) {
    std::string text(name.substr(0, max_section_name));
    for (char& c : text)
      if (c < ' ' || c > '~') c = '?';
    return text;
  }

  std::span<const std::byte> content_;
  const Options& options_;
  ElfHandle elf_;
  GElf_Ehdr header_{};
  bool is_64_ = false;
  std::vector<GElf_Phdr> segments_;
  std::size_t best_rank_ = table_names.size();
  std::optional<std::uint64_t> best_table_;
  Image image_;
};

}  // namespace

Result<Image> parse_elf(std::span<const std::byte> content, const Options& options) {
  return ElfParser(content, options).run();
}

}  // namespace virserver::image
