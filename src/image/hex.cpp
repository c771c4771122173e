#include <algorithm>
#include <array>
#include <string_view>

#include "image/formats.hpp"
#include "image/region_builder.hpp"

namespace virserver::image {
namespace {

enum RecordType : unsigned {
  data = 0, end_of_file = 1, segment_base = 2, segment_start = 3, linear_base = 4, linear_start = 5,
  // micro:bit "universal hex": one file with a program for each board generation. Blocks of another generation carry
  // their bytes in records of type 0x0d, so leaving these out gives the program of the first generation.
  universal_block = 0x0a, universal_block_end = 0x0b, universal_padding = 0x0c, universal_data = 0x0d, universal_other = 0x0e,
};

struct Record {
  unsigned type = 0;
  std::uint16_t offset = 0;
  std::array<std::byte, 255> buffer;
  std::size_t count = 0;

  std::span<const std::byte> bytes() const { return std::span(buffer).first(count); }
  std::uint32_t number() const {  // big-endian, of two or four bytes
    std::uint32_t value = 0;
    for (const std::byte byte : bytes()) value = value << 8 | std::to_integer<std::uint32_t>(byte);
    return value;
  }
};

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

class HexParser {
 public:
  HexParser(std::string_view text, const Options& options) : text_(text), regions_(options.max_bytes) {}

  Result<Image> run() {
    while (!text_.empty()) {
      ++line_;
      const std::size_t end = text_.find('\n');
      last_line_ = end == text_.npos;
      std::string_view line = text_.substr(0, end);
      text_.remove_prefix(last_line_ ? text_.size() : end + 1);
      while (!line.empty() && std::string_view(" \t\r\0\x1a", 5).contains(line.back())) line.remove_suffix(1);
      while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
      if (line.empty()) continue;
      Record record;
      if (auto ok = decode(line, record); !ok) return pass(ok);
      if (auto ok = apply(record); !ok) return pass(ok);
    }
    if (!ended_)
      return at_line(ErrorCode::IMAGE_TRUNCATED, "there is no end-of-file record (:00000001FF): the file is not complete");
    auto regions = std::move(regions_).finish();
    if (!regions) return pass(regions);
    if (regions->empty()) return fail(ErrorCode::IMAGE_EMPTY, "the HEX file has no data records");
    Image image;
    image.metadata.format = Format::hex;
    image.metadata.entry = entry_;
    for (const Region& region : *regions) image.metadata.memory_size += region.bytes.size();
    image.regions = std::move(*regions);
    return image;
  }

 private:
  std::unexpected<Error> at_line(ErrorCode code, std::string what) const {
    Error error{code, fmt::format("line {}: {}", line_, what)};
    error.details["line"] = line_;
    return fail(std::move(error));
  }
  std::unexpected<Error> malformed(std::string what) const { return at_line(ErrorCode::IMAGE_MALFORMED, std::move(what)); }

  // ":ccaaaatt" + cc bytes + checksum
  Result<> decode(std::string_view line, Record& record) const {
    if (line.front() != ':') return malformed("a record of an Intel HEX file starts with a colon");
    line.remove_prefix(1);
    const auto bad = std::ranges::find_if(line, [](char c) { return digit(c) < 0; });
    if (bad != line.end()) return malformed(fmt::format("column {} is not a hexadecimal digit", bad - line.begin() + 2));
    const auto byte = [&](std::size_t i) { return static_cast<unsigned>(digit(line[2 * i]) << 4 | digit(line[2 * i + 1])); };
    const std::size_t length = line.size() / 2;
    const std::size_t count = length > 0 ? byte(0) : 0;
    if (line.size() < 2 * (count + 5)) {
      std::string what = fmt::format("the record has {} digits where its length asks for {}", line.size(), 2 * (count + 5));
      // Cut off in the last line is what a broken-off download or a full disk leaves.
      return at_line(last_line_ ? ErrorCode::IMAGE_TRUNCATED : ErrorCode::IMAGE_MALFORMED, std::move(what));
    }
    if (line.size() > 2 * (count + 5))
      return malformed(fmt::format("the record has {} digits where its length asks for {}", line.size(), 2 * (count + 5)));
    unsigned sum = 0;
    for (std::size_t i = 0; i < length; ++i) sum += byte(i);
    if ((sum & 0xff) != 0)
      return malformed(fmt::format("the checksum is {:02X} where the record's bytes make {:02X}", byte(length - 1),
                                   (byte(length - 1) - sum) & 0xff));
    record.offset = static_cast<std::uint16_t>(byte(1) << 8 | byte(2));
    record.type = byte(3);
    record.count = count;
    for (std::size_t i = 0; i < count; ++i) record.buffer[i] = static_cast<std::byte>(byte(4 + i));
    return {};
  }

  Result<> apply(const Record& record) {
    if (record.type >= universal_block && record.type <= universal_other) return {};
    if (ended_)
      return malformed("there are records after the end-of-file record; upload joined HEX files one by one or join them "
                       "with a tool such as srec_cat");
    switch (record.type) {
      case data: return add(record);
      case end_of_file:
        ended_ = true;
        return {};
      case segment_base:
      case linear_base:
        if (record.count != 2) return malformed("an address record has two bytes");
        segmented_ = record.type == segment_base;
        base_ = segmented_ ? record.number() << 4 : record.number() << 16;
        return {};
      case segment_start:
      case linear_start:
        if (record.count != 4) return malformed("a start address record has four bytes");
        entry_ = record.type == linear_start ? record.number() : (record.number() >> 16 << 4) + (record.number() & 0xffff);
        return {};
      default: return malformed(fmt::format("unknown record type {:02X}", record.type));
    }
  }

  // Addresses wrap within their 64 KiB segment, or else at 4 GiB, as the format's definition has it.
  Result<> add(const Record& record) {
    const std::span<const std::byte> bytes = record.bytes();
    const std::uint64_t room = segmented_ ? 0x10000u - record.offset : 0x1'0000'0000u - base_ - record.offset;
    const auto first = std::min<std::uint64_t>(room, bytes.size());
    if (auto ok = regions_.add(base_ + record.offset, bytes.first(first)); !ok) return ok;
    return regions_.add(segmented_ ? base_ : 0, bytes.subspan(first));
  }

  std::string_view text_;
  RegionBuilder regions_;
  std::uint64_t line_ = 0;
  std::uint64_t base_ = 0;
  bool segmented_ = false;
  bool ended_ = false;
  bool last_line_ = false;
  std::optional<std::uint64_t> entry_;
};

}  // namespace

Result<Image> parse_hex(std::span<const std::byte> content, const Options& options) {
  auto image = HexParser(as_text(content), options).run();
  if (image) image->metadata.file_size = content.size();
  return image;
}

}  // namespace virserver::image
