// Finding lines, devices and properties by what people call them. Pure.
#include <boost/json.hpp>

#include <algorithm>

#include "base/bytes.hpp"
#include "session/outside.hpp"

namespace virserver::session {
namespace json = boost::json;
namespace {

Error unknown(std::string_view what, std::string_view name, const std::vector<std::string>& known) {
  const auto close = nearest(name, known);
  json::array suggestions;
  for (const auto& each : close) suggestions.emplace_back(each);
  Error error{ErrorCode::DEVICE_NOT_FOUND,
              fmt::format("the board has no {} '{}'{}{}", what, name, close.empty() ? "" : "; near: ", fmt::join(close, ", "))};
  error.details = {{"suggestions", std::move(suggestions)}};
  return error;
}

// Every line of the first node that has a name, in the board's order.
std::vector<InterruptLine> named_lines(const json::object& board) {
  std::vector<InterruptLine> lines;
  const auto* nodes = board.if_contains("nodes");
  const auto* list = nodes && nodes->is_array() && !nodes->get_array().empty() ? nodes->get_array().front().if_object() : nullptr;
  const auto* peripherals = list ? list->if_contains("peripherals") : nullptr;
  if (!peripherals || !peripherals->is_array()) return lines;
  for (const auto& each : peripherals->get_array()) {
    const auto* peripheral = each.if_object();
    const auto* name = peripheral ? peripheral->if_contains("name") : nullptr;
    const auto* irq = peripheral ? peripheral->if_contains("irq") : nullptr;
    if (!name || !name->is_string() || !irq || !irq->is_array()) continue;
    const auto& numbers = irq->get_array();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      json::error_code ec;
      const auto number = numbers[i].to_number<unsigned>(ec);
      if (ec) continue;
      const std::string plain(name->get_string());
      lines.push_back({numbers.size() == 1 ? plain : fmt::format("{}[{}]", plain, i), number});
    }
  }
  return lines;
}

}  // namespace

Result<InterruptLine> find_interrupt(const json::object& board, const std::variant<std::uint64_t, std::string>& wanted) {
  const auto lines = named_lines(board);
  if (const auto* number = std::get_if<std::uint64_t>(&wanted)) {
    const auto found = std::ranges::find(lines, *number, &InterruptLine::number);
    return found != lines.end() ? *found : InterruptLine{"", static_cast<unsigned>(*number)};
  }
  const auto& name = std::get<std::string>(wanted);
  const auto same = [](std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return std::toupper(static_cast<unsigned char>(x)) == std::toupper(static_cast<unsigned char>(y)); });
  };
  const auto found = std::ranges::find_if(lines, [&](const InterruptLine& line) { return same(line.name, name); });
  if (found != lines.end()) return *found;
  std::vector<std::string> several, all;
  for (const auto& line : lines) {
    all.push_back(line.name);
    if (line.name.size() > name.size() && line.name[name.size()] == '[' && same(line.name.substr(0, name.size()), name)) several.push_back(line.name);
  }
  if (!several.empty()) return fail(ErrorCode::INVALID_REQUEST, "{} has {} interrupts; name one of them: {}", name, several.size(), fmt::join(several, ", "));
  return fail(unknown("interrupt", name, all));
}

Result<const backend::DeviceState*> find_device(const std::vector<backend::DeviceState>& devices, std::string_view name) {
  std::vector<std::string> all;
  const backend::DeviceState* last_part = nullptr;  // "UserButton" for "gpioPortA.UserButton", while only one is called so
  bool ambiguous = false;
  for (const auto& device : devices) {
    if (device.name == name) return &device;
    all.push_back(device.name);
    if (device.name.substr(device.name.rfind('.') + 1) != name) continue;
    ambiguous |= last_part != nullptr;
    last_part = &device;
  }
  if (last_part && !ambiguous) return last_part;
  return fail(unknown("device", name, all));
}

Result<void> check_value(const backend::DeviceState& device, std::string_view property, const json::value& value) {
  std::vector<std::string> writable;
  for (const auto& each : device.properties)
    if (each.writable) writable.push_back(each.name);
  const auto found = std::ranges::find(device.properties, property, &backend::DeviceProperty::name);
  if (found == device.properties.end() || !found->writable) {
    const std::string why = found == device.properties.end() ? fmt::format("{} has no property '{}'", device.name, property)
                                                             : fmt::format("{} of {} is set by the program, not from outside", property, device.name);
    if (writable.empty()) return fail(ErrorCode::INVALID_REQUEST, "{}; nothing of it can be set", why);
    return fail(ErrorCode::INVALID_REQUEST, "{}; what can be set: {}", why, fmt::join(writable, ", "));
  }
  if (found->type == "boolean" ? !value.is_bool() : !value.is_number())
    return fail(ErrorCode::INVALID_REQUEST, "{} of {} takes {}", property, device.name, found->type == "boolean" ? "true or false" : "a number");
  return {};
}

}  // namespace virserver::session
