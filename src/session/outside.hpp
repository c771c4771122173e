// What is done to a running board from outside: interrupt lines, devices, spans of its time.
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "backend/devices.hpp"
#include "session/debug/types.hpp"

namespace virserver::session {

enum class LineAction { pulse, raise, lower };

// Interrupt lines as the board's first node names them: "USART2", and "EXTI[1]" for one of several.
struct InterruptLine {
  std::string name;  // empty: only its number is known
  unsigned number = 0;
};
// Errors: DEVICE_NOT_FOUND (details.suggestions), INVALID_REQUEST (the peripheral has several, or is not one of them).
Result<InterruptLine> find_interrupt(const boost::json::object& board, const std::variant<std::uint64_t, std::string>& wanted);

// Errors: DEVICE_NOT_FOUND (details.suggestions).
Result<const backend::DeviceState*> find_device(const std::vector<backend::DeviceState>& devices, std::string_view name);
// The value is one that the property takes. Errors: INVALID_REQUEST, with what the device has or takes.
Result<void> check_value(const backend::DeviceState& device, std::string_view property, const boost::json::value& value);

struct SpanRequest {
  std::uint64_t nanoseconds = 0;
  bool full_speed = true;
  std::chrono::milliseconds timeout{30'000};
  std::function<bool()> give_up = {};  // looked at while it waits
};
struct SpanResult {
  DebugState state;
  bool complete = false;  // false: something else stopped it, or it is still under way
  std::uint64_t ran_ns = 0;
  std::optional<std::uint64_t> virtual_time_ns;
};

}  // namespace virserver::session
