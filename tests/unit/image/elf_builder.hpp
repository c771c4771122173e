// Small ELF files, well-formed unless told otherwise, for either class and byte order.
#pragma once
#include <elf.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace virserver::image::testing {

struct Segment {
  std::uint64_t address = 0;
  std::string bytes;
  std::uint64_t memory_size = 0;                          // 0: as many as there are bytes
  std::uint32_t type = PT_LOAD;
  std::uint64_t virtual_address = ~0ull;                  // ~0: the same as `address`
  std::uint64_t file_size = ~0ull, file_offset = ~0ull;   // to lie about them
};

struct ElfSection {
  std::string name;
  std::uint32_t type = SHT_PROGBITS;
  std::string bytes;
  std::uint64_t flags = 0, address = 0;
};

struct SymbolSpec {
  std::string name;
  std::uint64_t value = 0, size = 4;
  unsigned info = ELF32_ST_INFO(STB_GLOBAL, STT_OBJECT);
  unsigned section = SHN_ABS;  // 1: the first of the sections given
};

struct ElfSpec {
  bool is_64 = false, big_endian = false;
  std::uint16_t type = ET_EXEC, machine = EM_ARM;
  std::uint64_t entry = 0;
  std::vector<Segment> segments;
  std::vector<ElfSection> sections;
  std::vector<SymbolSpec> symbols;
};

class ElfBuilder {
 public:
  explicit ElfBuilder(const ElfSpec& spec) : spec_(spec) {}

  std::string build() {
    const std::size_t header = spec_.is_64 ? 64 : 52, ph = spec_.is_64 ? 56 : 32, sh = spec_.is_64 ? 64 : 40;
    std::string body;
    std::size_t position = header + ph * spec_.segments.size();
    std::string program_headers;
    for (const Segment& segment : spec_.segments) {
      const std::uint64_t offset = segment.file_offset != ~0ull ? segment.file_offset : position + body.size();
      const std::uint64_t size = segment.file_size != ~0ull ? segment.file_size : segment.bytes.size();
      const std::uint64_t memory = segment.memory_size ? segment.memory_size : segment.bytes.size();
      const std::uint64_t virt = segment.virtual_address != ~0ull ? segment.virtual_address : segment.address;
      body += segment.bytes;
      put(program_headers, segment.type, 4);
      if (spec_.is_64) put(program_headers, 7, 4);
      for (const std::uint64_t value : {offset, virt, segment.address, size, memory}) word(program_headers, value);
      if (!spec_.is_64) put(program_headers, 7, 4);
      word(program_headers, 4);
    }
    // null, the given ones, .symtab, .strtab, .shstrtab
    std::string names(1, '\0'), headers(sh, '\0');
    const auto section = [&](const ElfSection& s, std::uint32_t link, std::uint64_t entry_size) {
      put(headers, names.size(), 4);
      names += s.name + '\0';
      put(headers, s.type, 4);
      for (const std::uint64_t value : {s.flags, s.address, std::uint64_t(position + body.size()), std::uint64_t(s.bytes.size())})
        word(headers, value);
      put(headers, link, 4);
      put(headers, 0, 4);
      word(headers, 1);
      word(headers, entry_size);
      if (s.type != SHT_NOBITS) body += s.bytes;
    };
    for (const ElfSection& s : spec_.sections) section(s, 0, 0);
    std::size_t count = 1 + spec_.sections.size();
    if (!spec_.symbols.empty()) {
      std::string strings(1, '\0'), table(spec_.is_64 ? 24 : 16, '\0');
      for (const SymbolSpec& symbol : spec_.symbols) {
        put(table, strings.size(), 4);
        strings += symbol.name + '\0';
        if (spec_.is_64) {
          put(table, symbol.info, 1), put(table, 0, 1), put(table, symbol.section, 2), put(table, symbol.value, 8);
          put(table, symbol.size, 8);
        } else {
          put(table, symbol.value, 4), put(table, symbol.size, 4), put(table, symbol.info, 1), put(table, 0, 1);
          put(table, symbol.section, 2);
        }
      }
      section({".symtab", SHT_SYMTAB, table}, static_cast<std::uint32_t>(count + 1), spec_.is_64 ? 24 : 16);
      section({".strtab", SHT_STRTAB, strings}, 0, 0);
      count += 2;
    }
    // Its own name is in it before its size is taken.
    std::string all = names + ".shstrtab" + '\0';
    section({".shstrtab", SHT_STRTAB, all}, 0, 0);
    ++count;

    std::string file("\177ELF", 4);
    put(file, spec_.is_64 ? 2 : 1, 1), put(file, spec_.big_endian ? 2 : 1, 1), put(file, 1, 1);
    file.resize(16, '\0');
    put(file, spec_.type, 2), put(file, spec_.machine, 2), put(file, 1, 4);
    word(file, spec_.entry), word(file, spec_.segments.empty() ? 0 : header), word(file, position + body.size());
    put(file, 0, 4);
    put(file, header, 2), put(file, ph, 2), put(file, spec_.segments.size(), 2);
    put(file, sh, 2), put(file, count, 2), put(file, count - 1, 2);
    return file + program_headers + body + headers;
  }

 private:
  void put(std::string& to, std::uint64_t value, int size) const {
    for (int i = 0; i < size; ++i) to += static_cast<char>(value >> 8 * (spec_.big_endian ? size - 1 - i : i));
  }
  void word(std::string& to, std::uint64_t value) const { put(to, value, spec_.is_64 ? 8 : 4); }

  const ElfSpec& spec_;
};

inline std::string build(const ElfSpec& spec) { return ElfBuilder(spec).build(); }

// An .ARM.attributes section of one vendor with these attributes of the file (tag, value pairs, each below 128).
inline std::string arm_attributes(const std::vector<std::pair<int, int>>& attributes, bool big_endian = false) {
  const auto u32 = [&](std::size_t value) {
    std::string text;
    for (int i = 0; i < 4; ++i) text += static_cast<char>(value >> 8 * (big_endian ? 3 - i : i));
    return text;
  };
  std::string values;
  for (const auto& [tag, value] : attributes) {
    values += static_cast<char>(tag);
    values += static_cast<char>(value);
  }
  const std::string file = '\1' + u32(5 + values.size()) + values;
  const std::string vendor("aeabi\0", 6);
  return 'A' + u32(4 + vendor.size() + file.size()) + vendor + file;
}

}  // namespace virserver::image::testing
