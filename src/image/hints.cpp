#include "image/hints.hpp"

#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <memory>

#include "image/formats.hpp"

namespace virserver::image {
namespace {

constexpr std::size_t max_words = 4096, max_handlers = 512, max_symbols = 200'000, max_text = 8u << 20;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool letter(char c) { return c >= 'a' && c <= 'z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

// Words that begin with a letter and have a digit.
void add_words(std::string_view text, Hints& hints) {
  std::string word;
  bool has_digit = false;
  auto end = [&] {
    if (has_digit && word.size() >= 4 && word.size() <= 32 && hints.words.size() < max_words) hints.words.insert(word);
    word.clear();
    has_digit = false;
  };
  for (const char raw : text) {
    const char c = lower(raw);
    if (letter(c) || (digit(c) && !word.empty())) {
      if (word.size() <= 32) word += c;
      has_digit = has_digit || digit(c);
    } else {
      end();
    }
  }
  end();
}

void add_handler(std::string_view name, Hints& hints) {
  constexpr std::string_view ending = "_IRQHandler";
  if (!name.ends_with(ending) || name.size() > 64 || hints.handlers.size() >= max_handlers) return;
  std::string upper(name.substr(0, name.size() - ending.size()));
  std::ranges::transform(upper, upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  hints.handlers.insert(std::move(upper));
}

// Runs of printable characters, as `strings` finds them.
void add_texts(const Image& image, Hints& hints) {
  std::size_t left = max_text;
  for (const Region& region : image.regions) {
    const std::string_view bytes = as_text(std::span(region.bytes).first(std::min(left, region.bytes.size())));
    left -= bytes.size();
    for (std::size_t at = 0; at < bytes.size();) {
      std::size_t end = at;
      while (end < bytes.size() && bytes[end] >= ' ' && bytes[end] <= '~') ++end;
      if (end - at >= 6) add_words(bytes.substr(at, end - at), hints);
      at = end + 1;
    }
  }
}

void add_symbols(Elf* elf, Elf_Scn* scn, const GElf_Shdr& header, Hints& hints) {
  Elf_Data* const data = elf_getdata(scn, nullptr);
  GElf_Sym symbol;
  for (int i = 1; data && static_cast<std::size_t>(i) < max_symbols && gelf_getsym(data, i, &symbol); ++i) {
    const char* const name = elf_strptr(elf, header.sh_link, symbol.st_name);
    if (!name) continue;
    const std::string_view text = std::string_view(name).substr(0, 256);
    add_words(text, hints);
    if (GELF_ST_TYPE(symbol.st_info) != STT_FILE) add_handler(text, hints);
  }
}

}  // namespace

Hints read_hints(std::span<const std::byte> content, const Image& image) {
  Hints hints;
  add_texts(image, hints);
  if (image.metadata.format != Format::elf) return hints;
  elf_version(EV_CURRENT);
  struct End {
    void operator()(Elf* elf) const { elf_end(elf); }
  };
  // libelf only reads from memory opened like this.
  const std::unique_ptr<Elf, End> elf(elf_memory(const_cast<char*>(as_text(content).data()), content.size()));
  if (!elf) return hints;
  for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(elf.get(), scn));) {
    GElf_Shdr header;
    if (!gelf_getshdr(scn, &header)) continue;
    if (header.sh_type == SHT_SYMTAB) add_symbols(elf.get(), scn, header, hints);
    if (header.sh_type != SHT_ARM_ATTRIBUTES || image.metadata.architecture != Architecture::arm) continue;
    if (Elf_Data* const data = elf_rawdata(scn, nullptr); data && data->d_buf) {
      const auto attributes = arm_attributes({static_cast<const std::byte*>(data->d_buf), data->d_size}, image.metadata.big_endian);
      hints.arm_architecture = attributes.architecture;
      hints.arm_processor = attributes.processor;
    }
  }
  return hints;
}

}  // namespace virserver::image
