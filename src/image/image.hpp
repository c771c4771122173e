// Firmware images: ELF, Intel HEX and raw binaries become regions of bytes at physical addresses.
//
// Input is untrusted. Everything here is blocking and pure: call it off the event loop (base/blocking.hpp).
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/architecture.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"

namespace virserver::image {

enum class Format { elf, hex, bin };
std::string_view to_string(Format format);
std::optional<Format> parse_format(std::string_view name);  // also "ihex", "raw", "binary", any case

// Bytes to be placed in memory. Addresses are physical (ELF p_paddr).
struct Region {
  std::uint64_t address = 0;
  Bytes bytes;
};

struct Section {
  std::string name;
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  bool alloc = false, write = false, exec = false;
};

struct Metadata {
  Format format = Format::bin;
  std::uint64_t file_size = 0;
  std::optional<Architecture> architecture;  // ELF only
  bool big_endian = false;
  std::optional<char> arm_profile;           // 'A', 'R', 'M' from .ARM.attributes
  std::optional<std::uint64_t> entry;        // ELF e_entry, HEX start address record
  std::optional<std::uint64_t> vector_table; // address of a Cortex-M vector table symbol (_vector_table, g_pfnVectors, __isr_vector, ...)
  std::vector<Section> sections;             // ELF only, at most 1024
  bool has_symbols = false;
  bool has_dwarf = false;
  std::uint64_t memory_size = 0;             // bytes of all regions, zero-filled tails (bss) included
};

struct Image {
  Metadata metadata;
  std::vector<Region> regions;  // sorted by address, never overlapping, never empty
};

struct Options {
  std::optional<Format> format;               // without it: recognised by content
  std::optional<std::uint64_t> load_address;  // required for raw binaries; refused for ELF and HEX
  std::uint64_t max_bytes = 256u << 20;       // of all regions together
};

// Reads and checks a whole image. Errors: IMAGE_EMPTY, IMAGE_TRUNCATED, IMAGE_MALFORMED (details.line for HEX),
// IMAGE_TOO_LARGE, IMAGE_UNSUPPORTED (relocatable, core or shared ELF, 0 loadable segments), IMAGE_ADDRESS_REQUIRED,
// IMAGE_OVERLAP, STORAGE_ERROR.
Result<Image> read(const std::filesystem::path& path, const Options& options);
Result<Image> parse(std::span<const std::byte> content, const Options& options);

// What the content looks like: ELF magic, lines of HEX records, else bin.
Format recognise(std::span<const std::byte> head);

}  // namespace virserver::image
