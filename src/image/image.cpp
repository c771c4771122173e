#include "image/image.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "base/fd.hpp"
#include "image/formats.hpp"

namespace virserver::image {
namespace {

constexpr std::string_view elf_magic = "\177ELF";

bool is_hex_digit(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

Result<Format> choose_format(std::span<const std::byte> content, const Options& options) {
  if (content.empty()) return fail(ErrorCode::IMAGE_EMPTY, "the image is empty");
  const Format format = options.format ? *options.format : recognise(content);
  if (format != Format::bin && options.load_address)
    return fail(ErrorCode::INVALID_REQUEST,
                "a load address is only for raw binaries; this image is {}, which says itself where it goes", to_string(format));
  return format;
}

Result<Image> make_raw(Bytes content, const Options& options) {
  if (!options.load_address)
    return fail(ErrorCode::IMAGE_ADDRESS_REQUIRED,
                "the image is neither ELF nor Intel HEX; a raw binary needs the address that it is to be loaded to");
  if (content.size() > options.max_bytes)
    return fail(ErrorCode::IMAGE_TOO_LARGE, "the image has {} bytes, the limit of this server is {}", content.size(),
                options.max_bytes);
  if (content.size() - 1 > ~*options.load_address)
    return fail(ErrorCode::IMAGE_MALFORMED, "{} bytes at {} pass the end of the address space", content.size(),
                hex_address(*options.load_address));
  Image image;
  image.metadata.file_size = image.metadata.memory_size = content.size();
  image.regions.emplace_back(*options.load_address, std::move(content));
  return image;
}

Result<Bytes> read_file(const std::filesystem::path& path, const Options& options) {
  const auto failed = [&](std::string_view what) {
    return fail(system_error(ErrorCode::STORAGE_ERROR, errno, fmt::format("cannot {} the image {}", what, path.native())));
  };
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // O_NONBLOCK: a FIFO must not hold us here
  if (!fd) return failed("open");
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return failed("read");
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::STORAGE_ERROR, "{} is not a regular file", path.native());
  // HEX takes 2.8 characters a byte, and an ELF file brings its debug information.
  const std::uint64_t limit = options.max_bytes / 4 >= (1ull << 60) ? ~0ull : options.max_bytes * 4 + (64u << 20);
  if (static_cast<std::uint64_t>(status.st_size) > limit)
    return fail(ErrorCode::IMAGE_TOO_LARGE, "the file has {} bytes, the limit of this server is {}", status.st_size, limit);
  Bytes content(static_cast<std::size_t>(status.st_size));
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = ::read(fd.get(), content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("read");
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  content.resize(done);
  return content;
}

}  // namespace

std::string_view to_string(Format format) {
  switch (format) {
    case Format::elf: return "elf";
    case Format::hex: return "hex";
    case Format::bin: break;
  }
  return "bin";
}

std::optional<Format> parse_format(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower == "elf") return Format::elf;
  if (lower == "hex" || lower == "ihex") return Format::hex;
  if (lower == "bin" || lower == "raw" || lower == "binary") return Format::bin;
  return std::nullopt;
}

Format recognise(std::span<const std::byte> head) {
  std::string_view text = as_text(head);
  if (text.starts_with(elf_magic)) return Format::elf;
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == text.npos || text[start] != ':') return Format::bin;
  // The first line decides, so that an error further down is reported as one of a HEX file.
  text.remove_prefix(start + 1);
  const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(text, is_hex_digit) - text.begin());
  const bool cut_off = digits == text.size() && digits > 0;
  return digits >= 10 || cut_off ? Format::hex : Format::bin;
}

Result<Image> parse(std::span<const std::byte> content, const Options& options) {
  const Result<Format> format = choose_format(content, options);
  if (!format) return std::unexpected(format.error());
  switch (*format) {
    case Format::elf: return parse_elf(content, options);
    case Format::hex: return parse_hex(content, options);
    case Format::bin: break;
  }
  return make_raw(Bytes(content.begin(), content.end()), options);
}

Result<Image> read(const std::filesystem::path& path, const Options& options) {
  Result<Bytes> content = read_file(path, options);
  if (!content) return pass(content);
  const Result<Format> format = choose_format(*content, options);
  if (!format) return std::unexpected(format.error());
  if (*format == Format::bin) return make_raw(std::move(*content), options);  // the bytes are moved, not copied
  return parse(*content, options);
}

}  // namespace virserver::image
