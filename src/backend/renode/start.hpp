// How a Renode session is started: the command line of the process, and the monitor commands that make the board.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "backend/renode/command.hpp"

namespace virserver::backend::renode {

// TCP ports of one engine. In a network of its own they are always the same; in the host's (allow_unsandboxed_tcp) free
// ones are picked.
struct Ports {
  std::uint16_t robot = 4001, stub = 4002;
  std::vector<std::uint16_t> consoles;
};
Result<Ports> choose_ports(std::size_t consoles, bool own_network);

// What is kept in the engine's directory for a server that comes later. The emulator could have changed it: ports below
// 1024 are refused, a wrong offset misplaces shown output.
struct RunState {
  std::uint64_t output_offset = 0;  // of the emulator's own output, where this run begins
  Ports ports;
};
std::string to_text(const RunState& state);
std::optional<RunState> parse_run_state(std::string_view text);

process::ExecSpec exec_spec(const EnginePlan& plan, const LaunchSpec& spec, const Ports& ports);

// One command of a start, and what its failure means.
struct Step {
  Command command;
  bool may_lack_download = false;  // a platform whose register names cannot be downloaded is complete without them
  std::optional<std::string> expect;  // what it must print
};
// Everything up to and without starting the emulation. Errors: INTERNAL (a plan of another version).
Result<std::vector<Step>> set_up(const EnginePlan& plan, const Ports& ports, bool deterministic = false);

// A description of a platform, or what it needs beside it.
struct SourceFile {
  std::string name;  // "platform.repl", "Magic.cs"
  std::string text;
};
// The files of a platform that travel in the plan, its description first, then models in C#; none when the plan names a shipped one.
inline constexpr std::string_view platform_file_name = "platform.repl", model_ending = ".cs";
std::vector<SourceFile> platform_files(const EnginePlan& plan);

// Files with the images' bytes and the script `load.resc` that puts them into memory; the same script is run by every reset.
struct LoadFile {
  std::string name;
  Bytes bytes;
};
struct Load {
  std::vector<LoadFile> files;
  std::vector<Step> steps;  // after the files exist; the last checks that memory holds what was loaded
};
Result<Load> load_images(const EnginePlan& plan, std::span<const LoadImage> images);

}  // namespace virserver::backend::renode
