#include "backend/renode/probe.hpp"

#include <algorithm>
#include <fstream>

#include "backend/probe_process.hpp"
#include "backend/renode/start.hpp"
#include "base/bytes.hpp"
#include "base/embedded.hpp"
#include "process/sandbox.hpp"

namespace virserver::backend::renode {

namespace {

constexpr std::size_t max_facts = 20'000, max_field = 300, max_output = 4u << 20;
constexpr std::size_t confined_file_size = 64u << 20;
constexpr const char* confined_heap = "DOTNET_GCHeapHardLimit=0x40000000";  // 1 GiB of objects

std::vector<std::string_view> split(std::string_view text, char separator, std::size_t longest = std::string_view::npos) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, std::min(end, longest)));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

TypeFact type_fact(std::string_view name, std::string_view interfaces) {
  TypeFact fact{std::string(name), {}};
  for (const auto interface : split(interfaces, ','))
    if (!interface.empty()) fact.interfaces.emplace_back(interface);
  return fact;
}

template <class List, class Fact>
void keep(List& list, Fact fact) {
  if (list.size() < max_facts) list.push_back(std::move(fact));
}

void read_line(ProbeFacts& facts, const std::vector<std::string_view>& f) {
  const auto kind = f[1];
  if (f.size() == 3) {
    if (kind == "program") facts.program = f[2];
    else if (kind == "runtime") facts.runtime = f[2];
    else if (kind == "root") facts.root = f[2];
    else if (kind == "platform") keep(facts.platforms, std::string(f[2]));
    else if (kind == "end") keep(facts.finished, std::string(f[2]));
  } else if (f.size() == 4 && kind == "type") {
    keep(facts.types, type_fact(f[2], f[3]));
  } else if (f.size() == 5 && kind == "peripheral") {
    PeripheralFact fact{std::string(f[2]), type_fact(f[3], f[4])};
    if (std::ranges::find(facts.peripherals, fact.name, &PeripheralFact::name) == facts.peripherals.end()) keep(facts.peripherals, std::move(fact));
  } else if (f.size() == 6 && kind == "cpu") {
    keep(facts.cpus, CpuFact{std::string(f[2]), std::string(f[3]), std::string(f[4]), f[5] == "BigEndian"});
  } else if (f.size() == 5 && kind == "range") {
    const auto address = parse_u64(f[3]), size = parse_u64(f[4]);
    if (address && size && *size > 0 && *address + (*size - 1) >= *address) keep(facts.ranges, RangeFact{std::string(f[2]), *address, *size});
  }
}

}  // namespace

bool TypeFact::is(std::string_view interface) const { return std::ranges::find(interfaces, interface) != interfaces.end(); }
bool ProbeFacts::has(std::string_view list) const { return std::ranges::find(finished, list) != finished.end(); }

ProbeFacts parse_probe(std::string_view output) {
  ProbeFacts facts;
  for (auto line : split(output, '\n')) {
    while (!line.empty() && (line.front() == '\r' || line.front() == ' ')) line.remove_prefix(1);
    while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.starts_with("vs\t")) continue;
    const auto fields = split(line, '\t', max_field);
    if (fields.size() >= 3) read_line(facts, fields);
  }
  return facts;
}

std::string_view script_text(std::string_view name) {
  for (const auto& file : embedded::renode())
    if (file.path == name) return file.text();
  return {};
}

Task<Result<ProbeAnswer>> ask_renode(std::filesystem::path launcher, std::filesystem::path work, std::vector<Command> commands,
                                     std::chrono::milliseconds timeout, std::optional<Confinement> confinement, std::vector<SourceFile> files) {
  // Renode removes what other instances left in their TMPDIR: it never shares one.
  std::string directory = (work / "renode-probe-XXXXXX").string();
  if (!::mkdtemp(directory.data())) co_return fail(system_error(ErrorCode::STORAGE_ERROR, errno, "making a directory for Renode"));
  struct Remove {
    std::string path;
    ~Remove() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  };
  const Remove remove{directory};
  const auto script = script_text("probe.py");
  std::ofstream(directory + "/probe.py", std::ios::binary) << script;
  for (const auto& file : files) std::ofstream(fmt::format("{}/{}", directory, file.name), std::ios::binary) << file.text;
  std::vector<std::string> argv{launcher.string(), "--disable-gui", "--plain", "--console", "--hide-log", "-e", "include @probe.py"};
  for (const auto& command : commands) {
    argv.push_back("-e");
    argv.push_back(command.line());
  }
  argv.push_back("-e");
  argv.push_back("quit");
  ProbeSettings settings;
  settings.directory = directory;
  settings.home = directory;
  settings.environment = {"TMPDIR=" + directory, "XDG_CONFIG_HOME=" + directory, "DOTNET_CLI_TELEMETRY_OPTOUT=1"};
  if (confinement) {
    settings.environment.push_back(confined_heap);
    process::PrepareSpec spec;
    spec.engine_dir = directory;
    spec.read_only = std::move(confinement->readable);
    std::vector<std::string> limited{"prlimit", fmt::format("--fsize={}", confined_file_size), "--core=0", "--"};
    limited.insert(limited.end(), std::make_move_iterator(argv.begin()), std::make_move_iterator(argv.end()));
    auto confined = process::confined_command(confinement->host, confinement->sandbox, spec, std::move(limited));
    if (!confined) co_return pass(confined);
    argv = std::move(*confined);
  }
  auto text = co_await run_text(std::move(argv), timeout, max_output, std::move(settings));
  if (!text) co_return pass(text);
  ProbeAnswer answer{parse_probe(*text), std::move(*text)};
  co_return answer;
}

}  // namespace virserver::backend::renode
