#include "board/register_names.hpp"

#include <algorithm>
#include <cctype>

#include "base/bytes.hpp"
#include "board/reader.hpp"

namespace virserver::board {
namespace {
namespace json = boost::json;
using namespace registers;

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::unexpected<NameError> wrong(std::string message, std::vector<std::string> suggestions = {}) {
  return std::unexpected(NameError{std::move(message), std::move(suggestions)});
}

std::string quoted(std::string_view text) { return shown(json::string(text)); }

std::optional<std::pair<unsigned, unsigned>> range_of(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto high = parse_u64(text.substr(0, colon));
  const auto low = colon == std::string_view::npos ? high : parse_u64(text.substr(colon + 1));
  if (!high || !low || *high > 31 || *low > *high) return std::nullopt;
  return std::pair(static_cast<unsigned>(*low), static_cast<unsigned>(*high - *low + 1));
}

struct Compared {  // "A = 5"
  std::string_view left;
  std::optional<std::uint64_t> value;
};
std::expected<Compared, NameError> compared(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return Compared{trim(text), std::nullopt};
  const auto value = parse_u64(trim(text.substr(equals + 1)));
  if (!value || *value > UINT32_MAX) return wrong(fmt::format("{} compares with no number of at most 32 bits", quoted(text)));
  return Compared{trim(text.substr(0, equals)), value};
}

}  // namespace

bool valid_word(std::string_view text) {
  return !text.empty() && text.size() <= 32 && !std::isdigit(static_cast<unsigned char>(text[0])) &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

std::optional<std::pair<unsigned, unsigned>> bit_range(const json::value& value) {
  if (value.is_string()) return range_of(value.get_string());
  const auto bit = integer_of(value);
  if (!bit || *bit > 31) return std::nullopt;
  return std::pair(static_cast<unsigned>(*bit), 1u);
}

NameScope::Named<std::size_t> NameScope::register_of(std::string_view name) const {
  const auto found = std::ranges::find(block_.registers, name, &Register::name);
  if (found != block_.registers.end()) return static_cast<std::size_t>(found - block_.registers.begin());
  std::vector<std::string> names;
  for (const Register& reg : block_.registers) names.push_back(reg.name);
  return wrong(fmt::format("the block has no register {}", quoted(name)), nearest(name, names));
}

NameScope::Named<Bits> NameScope::part_of(std::size_t in, std::string_view part) const {
  const Register& reg = block_.registers[in];
  for (const Field& field : reg.fields)
    if (field.name == part) return Bits{in, field.low, field.count};
  if (const auto range = range_of(part)) return Bits{in, range->first, range->second};
  std::vector<std::string> names;
  for (const Field& field : reg.fields) names.push_back(field.name);
  return wrong(fmt::format("{} has no field {}, and that is no bit (5) or bits (7:4)", reg.name, quoted(part)), nearest(part, names));
}

NameScope::Named<Bits> NameScope::bits_of(std::string_view text) const {
  const std::size_t dot = text.find('.');
  if (dot != std::string_view::npos) {
    const auto in = register_of(text.substr(0, dot));
    if (!in) return std::unexpected(in.error());
    return part_of(*in, text.substr(dot + 1));
  }
  if (in_)
    if (auto own = part_of(*in_, text)) return own;
  if (const auto in = register_of(text)) return Bits{*in, 0, block_.registers[*in].width};
  std::vector<std::string> names;
  for (const Register& reg : block_.registers) names.push_back(reg.name);
  if (in_)
    for (const Field& field : block_.registers[*in_].fields) names.push_back(field.name);
  return wrong(fmt::format("{} names nothing here; bits are written {}REGISTER.FIELD, REGISTER.7:4 or REGISTER", quoted(text), in_ ? "FIELD, 7:4, " : ""),
               nearest(text, names));
}

NameScope::Named<Bits> NameScope::bits(const json::value& value) const {
  if (value.is_string()) return bits_of(trim(value.get_string()));
  const auto bit = integer_of(value);
  if (in_ && bit && *bit <= 31) return Bits{*in_, static_cast<unsigned>(*bit), 1};
  return wrong(fmt::format("must name bits, such as {}REGISTER.FIELD; is {}", in_ ? "5, FIELD or " : "", shown(value)));
}

NameScope::Named<Trigger> NameScope::trigger(const json::value& value) const {
  if (value.is_string()) {
    const std::string_view text = trim(value.get_string());
    for (const auto& [word, kind] : {std::pair("read ", Trigger::Kind::read), std::pair("write ", Trigger::Kind::write)}) {
      if (!text.starts_with(word)) continue;
      const auto in = register_of(trim(text.substr(std::string_view(word).size())));
      if (!in) return std::unexpected(in.error());
      return Trigger{kind, Bits{*in, 0, block_.registers[*in].width}};
    }
    const auto parts = compared(text);
    if (!parts) return std::unexpected(parts.error());
    if (parts->value) {
      const auto in = register_of(parts->left);
      if (!in) return std::unexpected(in.error());
      return Trigger{Trigger::Kind::value, Bits{*in, 0, block_.registers[*in].width}, static_cast<std::uint32_t>(*parts->value)};
    }
  }
  const auto named = bits(value);
  if (!named) return std::unexpected(named.error());
  return Trigger{Trigger::Kind::ones, *named};
}

NameScope::Named<Condition> NameScope::condition(const json::value& value) const {
  if (!value.is_string()) return wrong(fmt::format("must be a condition, such as REGISTER.FIELD or REGISTER.FIELD=2; is {}", shown(value)));
  const auto parts = compared(value.get_string());
  if (!parts) return std::unexpected(parts.error());
  const auto named = bits_of(parts->left);
  if (!named) return std::unexpected(named.error());
  if (!parts->value && named->count != 1) return wrong(fmt::format("{} are {} bits; say which value, as in {}=2", quoted(parts->left), named->count, parts->left));
  return Condition{*named, static_cast<std::uint32_t>(parts->value.value_or(1))};
}

}  // namespace virserver::board
