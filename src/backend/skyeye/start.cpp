#include "backend/skyeye/start.hpp"

#include <boost/json.hpp>

#include "backend/skyeye/load_elf.hpp"
#include "base/bytes.hpp"

namespace virserver::backend::skyeye {

namespace {
std::string text_of(const boost::json::object& data, const char* key) {
  const auto* value = data.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

// SkyEye counts with memory of malloc() that it never wrote: every second start of an ARM920T takes what was there for the
// length of a list and fills the host's memory. glibc gives zeros with this, and without its caches that would pass it by.
constexpr const char* zeroed_heap = "GLIBC_TUNABLES=glibc.malloc.perturb=255:glibc.malloc.tcache_count=0";

}  // namespace

std::string to_text(const RunState& state) { return fmt::format("{} {}\n", state.output_offset, state.stub ? 1 : 0); }

RunState parse_run_state(std::string_view text) {
  RunState state;
  const auto space = text.find(' ');
  const auto offset = parse_u64(text.substr(0, space));
  if (!offset || space == text.npos) return state;
  state.output_offset = *offset;
  state.stub = text.substr(space + 1).starts_with('1');
  return state;
}

Result<std::string> conf_text(const EnginePlan& plan) {
  auto text = text_of(plan.data, "conf");
  if (text.empty()) return fail(ErrorCode::INTERNAL, "the session's plan for SkyEye cannot be read");
  // A machine's UARTs have their lines in order, those in between without a console too.
  unsigned line = 0;
  for (const auto& console : plan.consoles) {
    for (; line < console.index; ++line) text += "uart: mod=pipe, desc=/dev/null\n";
    text += input_gap(plan) == std::chrono::milliseconds(0) ? fmt::format("uart: mod=pipe, desc=pty/{}\n", console.name)
                                                            : fmt::format("uart: mod=pipe, desc_in={0}.in, desc_out={0}.out\n", console.name);
    ++line;
  }
  return text;
}

process::ExecSpec exec_spec(const EnginePlan& plan, const std::vector<std::pair<std::string, std::uint64_t>>& offsets) {
  process::ExecSpec exec;
  // -e ends the options.
  exec.argv = {text_of(plan.data, "launcher"), "-c", std::string(conf_file), "-e", std::string(image_file)};
  exec.env = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TERM=dumb", "PYTHONDONTWRITEBYTECODE=1", zeroed_heap};
  exec.terminal = true;
  for (const auto& planned : plan.consoles) {
    process::ConsoleSpec console;
    console.name = planned.name;
    // Only a FIFO tells how much was taken from it.
    console.kind = input_gap(plan) == std::chrono::milliseconds(0) ? process::ConsoleKind::pty : process::ConsoleKind::fifo;
    for (const auto& [name, offset] : offsets)
      if (name == console.name) console.first_offset = offset;
    exec.consoles.push_back(std::move(console));
  }
  for (const auto& [name, offset] : offsets)
    if (name == "emulator") exec.emulator_first_offset = offset;
  return exec;
}

std::chrono::milliseconds input_gap(const EnginePlan& plan) {
  const auto* gap = plan.data.if_contains("input_gap_ms");
  boost::system::error_code ec;
  const auto ms = gap && gap->is_number() ? gap->to_number<unsigned>(ec) : 0;
  return std::chrono::milliseconds(ec ? 0 : ms);
}

std::vector<std::filesystem::path> readable_paths(const EnginePlan& plan) {
  std::vector<std::filesystem::path> paths;
  if (const auto* list = plan.data.if_contains("readable"); list && list->is_array())
    for (const auto& path : list->get_array())
      if (path.is_string()) paths.emplace_back(std::string_view(path.get_string()));
  return paths;
}

std::string start_complaint(std::string_view answer) {
  std::string complaint;
  while (!answer.empty()) {
    const auto end = answer.find('\n');
    const auto line = answer.substr(0, end);
    answer.remove_prefix(end == answer.npos ? answer.size() : end + 1);
    for (const std::string_view word : {"rror", "Should provide", "Unknown", "Can not", "Failed", "wrong"})
      if (line.contains(word) && complaint.size() < 600) {
        complaint += (complaint.empty() ? "" : "; ") + std::string(line.substr(0, 300));
        break;
      }
  }
  return complaint;
}

}  // namespace virserver::backend::skyeye
