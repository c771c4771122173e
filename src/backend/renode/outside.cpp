#include "backend/renode/outside.hpp"

#include <algorithm>
#include <charconv>

#include "base/bytes.hpp"

namespace virserver::backend::renode {

namespace {

constexpr std::size_t max_properties = 4096;
constexpr std::string_view bus = "sysbus.";

bool printable(std::string_view line) {
  return std::ranges::all_of(line, [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
}

// The fields of each line that machine.py wrote, its mark left out. It becomes JSON: other bytes make a line none.
std::vector<std::vector<std::string_view>> facts(std::string_view text) {
  std::vector<std::vector<std::string_view>> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.starts_with("vs\t") || !printable(line)) continue;
    auto& fields = lines.emplace_back();
    for (std::size_t at = 3;;) {
      const auto tab = line.find('\t', at);
      fields.push_back(line.substr(at, tab - at));
      if (tab == line.npos) break;
      at = tab + 1;
    }
  }
  return lines;
}

std::string local_name(std::string_view name) { return std::string(name.starts_with(bus) ? name.substr(bus.size()) : name); }

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<boost::json::value> value_of(std::string_view type, std::string_view text) {
  if (text == "null") return boost::json::value(nullptr);
  if (type == "boolean") return text == "True" || text == "False" ? std::optional<boost::json::value>(text == "True") : std::nullopt;
  const auto number = number_of(text);
  return type == "number" && number ? std::optional<boost::json::value>(*number) : std::nullopt;
}

}  // namespace

std::vector<DeviceState> parse_devices(std::string_view text) {
  std::vector<DeviceState> devices;
  std::size_t count = 0;
  for (const auto& f : facts(text)) {
    if (f.size() == 4 && f[0] == "device") {
      devices.push_back({local_name(f[1]), std::string(f[2]), std::string(f[3]), {}});
    } else if (f.size() == 7 && f[0] == "property" && !devices.empty() && devices.back().name == local_name(f[1]) && ++count <= max_properties) {
      auto value = value_of(f[3], f[4]);
      if (value) devices.back().properties.push_back({std::string(f[2]), std::string(f[3]), std::move(*value), f[5] == "True", std::string(f[6])});
    }
  }
  return devices;
}

std::vector<DeviceChange> parse_changes(std::string_view text) {
  std::vector<DeviceChange> changes;
  for (const auto& f : facts(text))
    if (f.size() == 5 && f[0] == "change" && changes.size() < max_properties)
      if (auto value = value_of("boolean", f[3])) changes.push_back({local_name(f[1]), std::string(f[2]), std::move(*value), parse_u64(f[4])});
  return changes;
}

std::optional<MachineTime> parse_machine_time(std::string_view text) {
  for (const auto& f : facts(text))
    if (f.size() == 4 && f[0] == "time")
      if (const auto nanoseconds = parse_u64(f[1])) return MachineTime{*nanoseconds, f[2] == "True", f[3] == "True"};
  return std::nullopt;
}

std::optional<std::uint64_t> parse_elapsed_time(std::string_view text) {
  constexpr std::string_view label = "Elapsed Virtual Time: ";
  const auto at = text.find(label);
  if (at == text.npos) return std::nullopt;
  text.remove_prefix(at + label.size());
  // [days.]hh:mm:ss.fffffffff
  std::uint64_t parts[4] = {};
  const std::size_t end = text.find_first_not_of("0123456789:.");
  text = text.substr(0, end);
  const auto first_colon = text.find(':');
  if (first_colon == text.npos) return std::nullopt;
  std::uint64_t days = 0;
  if (const auto dot = text.find('.'); dot < first_colon) {
    const auto value = parse_u64(text.substr(0, dot));
    if (!value) return std::nullopt;
    days = *value;
    text.remove_prefix(dot + 1);
  }
  std::size_t index = 0;
  for (const char separator : {':', ':', '.', '\0'}) {
    const auto stop = separator ? text.find(separator) : text.npos;
    const auto digits = text.substr(0, stop);
    if (digits.empty() || digits.size() > 9 || (separator && stop == text.npos)) return std::nullopt;
    for (const char c : digits) {
      if (c < '0' || c > '9') return std::nullopt;
      parts[index] = parts[index] * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (!separator)
      for (std::size_t i = digits.size(); i < 9; ++i) parts[index] *= 10;
    ++index;
    text.remove_prefix(stop == text.npos ? text.size() : stop + 1);
  }
  return (((days * 24 + parts[0]) * 60 + parts[1]) * 60 + parts[2]) * 1'000'000'000 + parts[3];
}

bool said_all(std::string_view text) {
  return std::ranges::any_of(facts(text), [](const auto& f) { return f[0] == "end" || f[0] == "time" || f[0] == "none"; });
}

}  // namespace virserver::backend::renode
