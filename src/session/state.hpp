// The states of a session. The moves between them are described in api/openapi.yaml.
#pragma once
#include <optional>
#include <string_view>

namespace virserver::session {

enum class State { created, starting, running, paused, stopping, stopped, resetting, error, destroyed };

constexpr std::string_view to_string(State state) {
  constexpr std::string_view names[] = {"created", "starting", "running", "paused", "stopping",
                                        "stopped", "resetting", "error", "destroyed"};
  return names[static_cast<int>(state)];
}
constexpr std::optional<State> parse_state(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(State::destroyed); ++i)
    if (to_string(static_cast<State>(i)) == name) return static_cast<State>(i);
  return std::nullopt;
}

constexpr bool is_on(State state) { return state == State::running || state == State::paused; }
constexpr bool is_off(State state) { return state == State::created || state == State::stopped || state == State::error; }

enum class PowerAction { on, off, reset, pause, resume };

constexpr std::optional<PowerAction> parse_power_action(std::string_view name) {
  if (name == "on") return PowerAction::on;
  if (name == "off") return PowerAction::off;
  if (name == "reset") return PowerAction::reset;
  if (name == "pause") return PowerAction::pause;
  if (name == "resume") return PowerAction::resume;
  return std::nullopt;
}

}  // namespace virserver::session
