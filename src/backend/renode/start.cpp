#include "backend/renode/start.hpp"

#include <arpa/inet.h>
#include <boost/json.hpp>
#include <sys/socket.h>

#include <algorithm>

#include "backend/load_check.hpp"
#include "backend/renode/guest_log.hpp"
#include "base/bytes.hpp"

namespace virserver::backend::renode {

namespace {

constexpr std::uint16_t first_console_port = 4010;
constexpr std::uint16_t lowest_port = 1024;

std::string text_of(const boost::json::object& data, const char* key) {
  const auto* value = data.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

// A port that nobody listens on now. Somebody may take it before Renode does; its start then fails and says so.
Result<std::uint16_t> free_port() {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  if (!fd || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return fail(system_error(ErrorCode::ENGINE_START_FAILED, errno, "looking for a free TCP port"));
  return ntohs(address.sin_port);
}

// Consoles are called by their number inside Renode: the user's names are none of its business.
Result<Name> terminal_name(std::size_t index) { return Name::parse(fmt::format("console{}", index)); }

Result<std::vector<Name>> names_of(const boost::json::object& data, const char* list, const char* key) {
  std::vector<Name> names;
  const auto* array = data.if_contains(list);
  if (array && array->is_array())
    for (const auto& entry : array->get_array()) {
      const auto* object = entry.if_object();
      const std::string text = object ? text_of(*object, key) : entry.is_string() ? std::string(entry.get_string()) : std::string();
      auto name = Name::parse(text);
      if (!name) return pass(name);
      names.push_back(std::move(*name));
    }
  return names;
}

std::uint32_t first_word(const Bytes& bytes, bool big_endian) {
  std::uint32_t word = 0;
  for (unsigned i = 0; i < 4; ++i) word |= static_cast<std::uint32_t>(bytes[i]) << (big_endian ? 24 - 8 * i : 8 * i);
  return word;
}

}  // namespace

Result<Ports> choose_ports(std::size_t consoles, bool own_network) {
  Ports ports;
  for (std::size_t i = 0; i < consoles; ++i) ports.consoles.push_back(static_cast<std::uint16_t>(first_console_port + i));
  if (own_network) return ports;
  std::vector<std::uint16_t*> all{&ports.robot, &ports.stub};
  for (auto& port : ports.consoles) all.push_back(&port);
  for (auto* port : all) {
    auto found = free_port();
    if (!found) return pass(found);
    *port = *found;
  }
  return ports;
}

std::string to_text(const RunState& state) {
  std::string text = fmt::format("{} {} {}", state.output_offset, state.ports.robot, state.ports.stub);
  for (const auto port : state.ports.consoles) text += fmt::format(" {}", port);
  return text + "\n";
}

std::optional<RunState> parse_run_state(std::string_view text) {
  std::vector<std::uint64_t> numbers;
  while (!text.empty()) {
    const auto end = text.find_first_of(" \n");
    const auto number = parse_u64(text.substr(0, end));
    if (!number || numbers.size() > 64) return std::nullopt;
    numbers.push_back(*number);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  if (numbers.size() < 3) return std::nullopt;
  RunState state;
  state.output_offset = numbers[0];
  for (std::size_t i = 1; i < numbers.size(); ++i)
    if (numbers[i] < lowest_port || numbers[i] > 65535) return std::nullopt;
  state.ports.robot = static_cast<std::uint16_t>(numbers[1]);
  state.ports.stub = static_cast<std::uint16_t>(numbers[2]);
  for (std::size_t i = 3; i < numbers.size(); ++i) state.ports.consoles.push_back(static_cast<std::uint16_t>(numbers[i]));
  return state;
}

process::ExecSpec exec_spec(const EnginePlan& plan, const LaunchSpec& spec, const Ports& ports) {
  process::ExecSpec exec;
  exec.argv = {text_of(plan.data, "launcher"), "--disable-gui", "--plain", "--hide-analyzers", "--robot-server-port", std::to_string(ports.robot)};
  exec.env = {"PATH=/usr/bin:/bin",
              "LC_ALL=C.UTF-8",
              "XDG_CONFIG_HOME=" + (spec.engine_dir / "config").string(),
              "DOTNET_CLI_TELEMETRY_OPTOUT=1",
              "DOTNET_NOLOGO=1",
              // Otherwise the runtime keeps its code in a file of 2 GB, more than an engine may write.
              "DOTNET_EnableWriteXorExecute=0",
              "DOTNET_gcServer=0"};
  for (std::size_t i = 0; i < plan.consoles.size() && i < ports.consoles.size(); ++i) {
    process::ConsoleSpec console;
    console.name = plan.consoles[i].name;
    console.kind = process::ConsoleKind::tcp;
    console.port = ports.consoles[i];
    for (const auto& [name, offset] : spec.console_offsets)
      if (name == console.name) console.first_offset = offset;
    exec.consoles.push_back(std::move(console));
  }
  for (const auto& [name, offset] : spec.console_offsets)
    if (name == "emulator") exec.emulator_first_offset = offset;
  return exec;
}

Result<std::vector<Step>> set_up(const EnginePlan& plan, const Ports& ports, bool deterministic) {
  const bool own = plan.data.contains("text");
  auto platform = File::parse(own ? std::string(platform_file_name) : "platforms/" + text_of(plan.data, "platform"));
  auto uarts = names_of(plan.data, "uarts", "peripheral");
  auto cpus = names_of(plan.data, "cpus", "");
  if (!platform || !uarts || !cpus || uarts->size() > ports.consoles.size() || cpus->empty())
    return fail(ErrorCode::INTERNAL, "the session's plan for Renode cannot be read");
  std::vector<Step> steps;
  // A processor that waits makes Renode sleep to the end of a quantum: whole milliseconds, and it spins through the rest. Measured
  // on an idle host: 99 % of a processor at its own 0.1 ms and at 1 ms, 11 % at 10 ms, 5 % at 10.5 ms, after which no rest is left
  // when it wakes. Input waits for the end of a quantum, and so do several processors for each other.
  steps.push_back({cpus->size() == 1 ? Command("emulation SetGlobalQuantum \"0.0105\"") : Command("emulation SetGlobalQuantum \"0.001\"")});
  if (deterministic) {  // Renode's own random numbers, and the order of several processors
    steps.push_back({Command("emulation SetSeed 1")});
    steps.push_back({Command("emulation SetGlobalSerialExecution true")});
  }
  for (const auto& file : platform_files(plan))
    if (file.name.ends_with(model_ending)) {
      auto model = File::parse(file.name);
      if (!model) return pass(model);
      steps.push_back({Command("include").file(*model)});
    }
  steps.push_back({Command("mach create \"machine\"")});
  steps.push_back({Command("machine LoadPlatformDescription").file(*platform), !plan.data.contains("pointers")});
  for (std::size_t i = 0; i < uarts->size(); ++i) {
    auto terminal = terminal_name(i);
    if (!terminal) return pass(terminal);
    steps.push_back({Command("emulation CreateServerSocketTerminal").number(ports.consoles[i]).quoted(*terminal).word("false")});
    steps.push_back({Command("connector Connect").name((*uarts)[i]).name(*terminal)});
  }
  steps.push_back({Command("machine StartGdbServer").number(ports.stub)});
  return steps;
}

std::vector<SourceFile> platform_files(const EnginePlan& plan) {
  if (!plan.data.contains("text")) return {};
  std::vector<SourceFile> files{{std::string(platform_file_name), text_of(plan.data, "text")}};
  if (const auto* models = plan.data.if_contains("models"); models && models->is_object())
    for (const auto& [name, source] : models->get_object())
      if (source.is_string()) files.push_back({std::string(name) + std::string(model_ending), std::string(source.get_string())});
  return files;
}

Result<Load> load_images(const EnginePlan& plan, std::span<const LoadImage> images) {
  Load load;
  auto cpus = names_of(plan.data, "cpus", "");
  if (!cpus) return pass(cpus);
  std::vector<Command> script;
  std::vector<Step> checks;
  for (const auto& image : images)
    for (const auto& region : image.image->regions) {
      auto file = File::parse(fmt::format("image{}.bin", load.files.size()));
      if (!file) return pass(file);
      script.push_back(Command("sysbus LoadBinary").file(*file).address(region.address));
      if (region.bytes.size() >= 4)
        checks.push_back({Command("sysbus ReadDoubleWord").address(region.address), false, fmt::format("0x{:08X}", first_word(region.bytes, plan.big_endian))});
      load.files.push_back({file->text(), region.bytes});
    }
  if (images.empty()) return load;
  if (plan.profile == 'M') {
    for (const auto& cpu : *cpus) load.steps.push_back({Command(cpu).word("InitVectorTableOffset").address(vector_table(plan, images))});
  } else {
    const auto& first = *starting_image(images).image;
    const auto entry = first.metadata.entry ? *first.metadata.entry : first.regions.empty() ? 0 : first.regions.front().address;
    for (const auto& cpu : *cpus) script.push_back(Command(cpu).word("PC").address(entry));
  }
  std::string text;
  for (const auto& command : script) {
    text += command.line() + "\n";
    load.steps.push_back({command});
  }
  text += fmt::format("log \"{}\"\n", reset_mark);  // not at the start: that is none
  const auto bytes = as_bytes(text);
  load.files.push_back({"load.resc", Bytes(bytes.begin(), bytes.end())});
  load.steps.push_back({Command("macro reset \"include @load.resc\"")});
  for (auto& check : checks) load.steps.push_back(std::move(check));
  return load;
}

}  // namespace virserver::backend::renode
