// How a SkyEye process is started: its files, its command line, and what must be known to start it again.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "backend/backend.hpp"

namespace virserver::backend::skyeye {

inline constexpr std::uint16_t stub_port = 12345;  // built into SkyEye, on every interface
inline constexpr std::string_view conf_file = "skyeye.conf", image_file = "image.elf", state_file = "run.txt";

// Kept in the engine's directory for a server that comes later. The emulator could have changed it: a wrong offset misplaces
// shown output.
struct RunState {
  std::uint64_t output_offset = 0;  // of SkyEye's own output, where this process began
  bool stub = false;                // its debug stub listens
};
std::string to_text(const RunState& state);
RunState parse_run_state(std::string_view text);

// skyeye.conf with the plan's consoles. Error: INTERNAL (a plan of another version).
Result<std::string> conf_text(const EnginePlan& plan);

// `offsets`: name ("emulator" too) -> first offset.
process::ExecSpec exec_spec(const EnginePlan& plan, const std::vector<std::pair<std::string, std::uint64_t>>& offsets);

// What must pass between two bytes of input, see Mach::input_gap_ms.
std::chrono::milliseconds input_gap(const EnginePlan& plan);

// The paths that the plan names to be readable.
std::vector<std::filesystem::path> readable_paths(const EnginePlan& plan);

// What went wrong, in SkyEye's words, in its answer to `start`; empty: nothing.
std::string start_complaint(std::string_view answer);

}  // namespace virserver::backend::skyeye
