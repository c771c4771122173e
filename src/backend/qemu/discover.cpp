#include "backend/qemu/discover.hpp"

#include <boost/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "backend/probe_process.hpp"
#include "backend/qemu/qmp.hpp"
#include "backend/qemu/tables.hpp"

namespace virserver::backend::qemu {

namespace json = boost::json;

namespace {

constexpr std::size_t max_entries = 8000;  // of one list of one executable

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_string() ? std::string(std::string_view(value->get_string()).substr(0, 200)) : std::string();
}

std::int64_t number_of(const json::object& object, std::string_view key, std::int64_t otherwise) {
  const auto* value = object.if_contains(key);
  return value && value->is_int64() ? value->get_int64() : otherwise;
}

template <class Use>
void each_object(const json::value& list, Use use) {
  if (!list.is_array()) return;
  std::size_t count = 0;
  for (const auto& entry : list.get_array())
    if (entry.is_object() && count++ < max_entries) use(entry.get_object());
}

// "netduinoplus2        Netduino Plus 2 Machine (Cortex-M4)"
std::map<std::string, std::string, std::less<>> parse_descriptions(std::string_view text) {
  std::map<std::string, std::string, std::less<>> found;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    const auto space = line.find(' ');
    const auto rest = space == line.npos ? line.npos : line.find_first_not_of(' ', space);
    if (rest == line.npos || line.starts_with("Supported machines")) continue;
    std::string_view description = line.substr(rest);
    if (description.ends_with(" (default)")) description.remove_suffix(10);
    found.emplace(line.substr(0, space), description.substr(0, 200));
  }
  return found;
}

Task<Result<json::value>> list_types(QmpClient& qmp, std::string kind, std::chrono::milliseconds timeout) {
  json::object arguments{{"implements", kind}};
  co_return co_await qmp.execute("qom-list-types", std::move(arguments), timeout);
}

Task<Result<void>> ask(QmpClient& qmp, Binary& binary, std::chrono::milliseconds timeout) {
  auto version = co_await qmp.handshake(timeout);
  if (!version) co_return pass(version);
  if (const auto* numbers = version->if_contains("qemu"); numbers && numbers->is_object()) {
    const auto& n = numbers->get_object();
    binary.version = fmt::format("{}.{}.{}", number_of(n, "major", 0), number_of(n, "minor", 0), number_of(n, "micro", 0));
  }
  binary.package = text_of(*version, "package");

  json::object none;
  auto machines = co_await qmp.execute("query-machines", none, timeout);
  if (!machines) co_return pass(machines);
  each_object(*machines, [&](const json::object& entry) {
    MachineEntry machine;
    machine.name = text_of(entry, "name");
    machine.default_processor = processor_of_type(text_of(entry, "default-cpu-type"));
    machine.max_cores = static_cast<unsigned>(std::clamp<std::int64_t>(number_of(entry, "cpu-max", 1), 1, 4096));
    if (machine.name.empty() || machine.name == "none") return;
    if (auto alias = text_of(entry, "alias"); !alias.empty()) {
      MachineEntry second = machine;
      second.name = std::move(alias);
      binary.machines.push_back(std::move(second));
    }
    binary.machines.push_back(std::move(machine));
  });
  std::ranges::sort(binary.machines, {}, &MachineEntry::name);

  auto processors = co_await list_types(qmp, "cpu", timeout);
  if (!processors) co_return pass(processors);
  each_object(*processors, [&](const json::object& entry) {
    const auto type = text_of(entry, "name");
    if (!type.empty()) binary.processors.emplace_back(processor_of_type(type), type);
  });
  auto devices = co_await list_types(qmp, "device", timeout);
  if (!devices) co_return pass(devices);
  each_object(*devices, [&](const json::object& entry) {
    const auto name = text_of(entry, "name");
    if (!name.empty() && !name.ends_with("-cpu")) binary.devices.emplace_back(name, text_of(entry, "parent"));
  });
  auto buses = co_await list_types(qmp, "bus", timeout);
  if (!buses) co_return pass(buses);
  each_object(*buses, [&](const json::object& entry) { binary.buses.push_back(text_of(entry, "name")); });
  std::ranges::sort(binary.processors);
  std::ranges::sort(binary.devices);
  std::ranges::sort(binary.buses);
  auto quit = co_await qmp.execute("quit", none, timeout);
  co_return Result<void>{};
}

Task<Result<void>> ask_machine_protocol(Binary& binary, std::chrono::milliseconds timeout) {
  auto executor = co_await asio::this_coro::executor;
  const std::vector<std::string> argv{binary.path.string(), "-M", "none", "-S", "-display", "none", "-nodefaults",
                                      "-no-user-config", "-qmp", "stdio"};
  auto process = ProbeProcess::start(executor, argv);
  if (!process) co_return pass(process);
  QmpClient qmp(executor, (*process)->take_io());
  auto asked = co_await ask(qmp, binary, timeout);
  co_await qmp.stop();
  co_await (*process)->end(asked ? std::chrono::milliseconds(2000) : std::chrono::milliseconds(asked.error().code == ErrorCode::ENGINE_DIED ? 500 : 0));
  if (!asked && asked.error().code == ErrorCode::ENGINE_DIED && !(*process)->errors().empty())
    asked.error().message += fmt::format("; it printed: {}", (*process)->errors().substr(0, 300));
  co_return asked;
}

}  // namespace

const MachineEntry* Binary::find_machine(std::string_view name) const {
  const auto found = std::ranges::lower_bound(machines, name, {}, &MachineEntry::name);
  return found != machines.end() && found->name == name ? &*found : nullptr;
}

std::vector<std::filesystem::path> find_binaries(const std::vector<std::filesystem::path>& directories) {
  std::vector<std::filesystem::path> search = directories;
  if (search.empty()) {
    const char* variable = std::getenv("PATH");
    std::string_view path = variable ? variable : "/usr/bin:/bin";
    while (!path.empty()) {
      const auto colon = path.find(':');
      if (colon != 0) search.emplace_back(path.substr(0, colon));
      path.remove_prefix(colon == path.npos ? path.size() : colon + 1);
    }
  }
  std::map<std::string, std::filesystem::path> found;
  for (const auto& directory : search) {
    std::error_code ec;
    if (!directory.is_absolute()) continue;
    for (std::filesystem::directory_iterator entry(directory, ec), end; !ec && entry != end; entry.increment(ec)) {
      const auto name = entry->path().filename().string();
      std::error_code ignored;
      if (name.starts_with("qemu-system-") && entry->is_regular_file(ignored) && ::access(entry->path().c_str(), X_OK) == 0)
        found.emplace(name, entry->path());
    }
  }
  std::vector<std::filesystem::path> paths;
  for (auto& [name, path] : found) paths.push_back(path);
  return paths;
}

Task<std::shared_ptr<const Binary>> inspect(std::filesystem::path path, std::chrono::milliseconds timeout) {
  auto binary = std::make_shared<Binary>();
  binary->path = path;
  binary->target = path.filename().string().substr(std::string_view("qemu-system-").size());
  binary->architecture = architecture_of_target(binary->target);
  auto asked = co_await ask_machine_protocol(*binary, timeout);
  if (!asked) {
    Binary broken;
    broken.path = binary->path;
    broken.target = binary->target;
    broken.architecture = binary->architecture;
    broken.error = asked.error().message;
    *binary = std::move(broken);
    co_return binary;
  }
  std::vector<std::string> help{path.string(), "-M", "help"};
  if (auto text = co_await run_text(std::move(help), timeout)) {
    const auto descriptions = parse_descriptions(*text);
    for (auto& machine : binary->machines)
      if (auto found = descriptions.find(machine.name); found != descriptions.end()) machine.description = found->second;
  }
  co_return binary;
}

}  // namespace virserver::backend::qemu
