#include "backend/qemu/guest_log.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "backend/guest_text.hpp"

namespace virserver::backend::qemu {

namespace {

constexpr std::size_t max_line = 1024, max_text = 200, max_device = 64;

// The number behind `key`; with 0x hexadecimal.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view key) {
  const auto at = text.find(key);
  if (at == text.npos) return std::nullopt;
  text.remove_prefix(at + key.size());
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (ec != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

std::optional<GuestAccess> unimplemented(std::string_view line) {
  constexpr std::string_view words = ": unimplemented device ";
  const auto at = line.find(words);
  if (at == line.npos) return std::nullopt;
  const std::string_view rest = line.substr(at + words.size());
  const bool write = rest.starts_with("write"), read = rest.starts_with("read");
  const auto offset = number_after(rest, "offset ");
  if ((!write && !read) || !offset) return std::nullopt;
  GuestAccess access;
  access.kind = GuestAccess::Kind::unimplemented;
  access.write = write;
  access.device = printable(line.substr(0, at), max_device);
  access.offset = offset;
  access.size = static_cast<unsigned>(std::min<std::uint64_t>(number_after(rest, "size ").value_or(0), 64));
  access.text = printable(access.device + (write ? ": write of a device that is not emulated" : ": read of a device that is not emulated"), max_text);
  return access;
}

std::optional<GuestAccess> invalid(std::string_view line) {
  const bool write = line.starts_with("Invalid write at addr "), read = line.starts_with("Invalid read at addr ");
  if (!write && !read) return std::nullopt;
  const auto address = number_after(line, "at addr ");
  if (!address) return std::nullopt;
  GuestAccess access;
  access.kind = GuestAccess::Kind::invalid;
  access.write = write;
  access.address = address;
  access.size = static_cast<unsigned>(std::min<std::uint64_t>(number_after(line, "size ").value_or(0), 64));
  if (const auto open = line.find("region '"); open != line.npos) {
    const auto name = line.substr(open + 8, line.find('\'', open + 8) - open - 8);
    if (name != "(null)") access.device = printable(name, max_device);
  }
  access.text = write ? "write where the machine has nothing" : "read where the machine has nothing";
  return access;
}

bool same(const GuestAccess& a, const GuestAccess& b) {
  return a.kind == b.kind && a.write == b.write && a.offset == b.offset && a.address == b.address && a.size == b.size && a.device == b.device && a.text == b.text;
}

}  // namespace

std::optional<GuestAccess> parse_guest_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.find_first_not_of(" \t") == line.npos) return std::nullopt;
  line = line.substr(0, max_line);
  if (auto access = unimplemented(line)) return access;
  if (auto access = invalid(line)) return access;
  GuestAccess access;
  access.text = printable(without_numbers(line, max_text), max_text);
  return access;
}

std::vector<GuestAccess> GuestLog::add(std::string_view piece) {
  std::vector<GuestAccess> fresh;
  while (!piece.empty()) {
    const auto end = piece.find('\n');
    const bool whole = end != piece.npos;
    const std::string_view part = piece.substr(0, end);
    piece.remove_prefix(whole ? end + 1 : piece.size());
    if (!skipping_) partial_.append(part.substr(0, max_line - std::min(max_line, partial_.size())));
    if (partial_.size() >= max_line) skipping_ = true;
    if (!whole) break;
    if (!rest_) add_line(partial_, fresh);
    partial_.clear();
    skipping_ = rest_ = false;
  }
  return fresh;
}

void GuestLog::add_line(std::string_view line, std::vector<GuestAccess>& fresh) {
  auto access = parse_guest_line(line);
  if (!access) return;
  ++lines_;
  for (auto& known : accesses_)
    if (same(known, *access)) {
      ++known.count;
      return;
    }
  if (accesses_.size() >= max_distinct) {
    ++left_out_;
    return;
  }
  access->count = 1;
  accesses_.push_back(*access);
  fresh.push_back(std::move(*access));
}

}  // namespace virserver::backend::qemu
