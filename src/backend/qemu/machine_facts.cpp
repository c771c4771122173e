#include "backend/qemu/machine_facts.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <fstream>

#include "backend/qemu/boot_stub.hpp"
#include "backend/qemu/mtree.hpp"
#include "backend/probe_process.hpp"
#include "backend/qemu/qmp.hpp"
#include "backend/qemu/tables.hpp"

namespace virserver::backend::qemu {

namespace json = boost::json;

std::vector<std::string> MachineChoice::arguments() const {
  std::string full = machine;
  for (const auto& option : options) full += "," + option;
  std::vector<std::string> argv{"-M", full};
  auto add = [&argv](const char* name, std::string value) {
    argv.emplace_back(name);
    argv.push_back(std::move(value));
  };
  if (!processor.empty()) add("-cpu", processor);
  if (!memory.empty()) add("-m", memory);
  if (cores > 1) add("-smp", std::to_string(cores));
  if (no_audio) add("-audio", "none");
  if (!firmware.empty()) add("-bios", firmware);
  else if (bios_none) add("-bios", "none");
  return argv;
}

std::string error_line(std::string_view output) {
  std::string found;
  while (!output.empty()) {
    const auto end = output.find('\n');
    std::string_view line = output.substr(0, end);
    output.remove_prefix(end == output.npos ? output.size() : end + 1);
    if (!line.starts_with("qemu")) continue;
    const auto colon = line.find(": ");
    if (colon == line.npos || line.substr(0, colon).find(' ') != line.npos) continue;
    line.remove_prefix(colon + 2);
    if (line.starts_with("warning:") || line.starts_with("info:") || line.starts_with("terminating on signal")) continue;
    found = line.substr(0, 500);
  }
  return found;
}

namespace {

// What RLIMIT_DATA counts: the guest's RAM and flash and the translation buffer are reserved in it from the start.
std::uint64_t private_memory_mb(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmData:")) return std::strtoull(line.c_str() + 7, nullptr, 10) / 1024;
  return 0;
}

Task<std::string> property(QmpClient& qmp, std::string path, std::string name, std::chrono::milliseconds timeout) {
  json::object arguments{{"path", std::move(path)}, {"property", std::move(name)}};
  auto value = co_await qmp.execute("qom-get", std::move(arguments), timeout);
  if (!value || !value->is_string()) co_return std::string();
  co_return std::string(std::string_view(value->get_string()).substr(0, 256));
}

std::optional<unsigned> port_number(std::string_view label) {
  if (label.size() != 5 || !label.starts_with("port") || label[4] < '0' || label[4] > '9') return std::nullopt;
  return static_cast<unsigned>(label[4] - '0');
}

// What lies behind a port of a peripheral protection controller is the controller's in the map; its property port[N]
// leads to the region behind, which is a device's or holds several.
Task<std::vector<IoRegion>> behind_port(QmpClient& qmp, const MachineMap& map, const IoRegion& region, std::chrono::milliseconds timeout) {
  std::vector<IoRegion> found{region};
  const std::string behind = co_await property(qmp, region.owner, region.name.substr(7), timeout);
  const auto slash = behind.rfind('/');
  if (slash == behind.npos || slash == 0) co_return found;
  const std::string root = behind.substr(slash + 1, behind.find('[', slash) - slash - 1);
  found = {{root, region.address, region.size, behind.substr(0, slash)}};
  const PortMap* only = nullptr;
  for (const auto& port : map.ports)
    if (port.port == region.name && port.root == root) {
      if (only) co_return found;  // of which controller, the map does not tell
      only = &port;
    }
  if (!only || only->io.size() < 2) co_return found;
  found.clear();
  for (const auto& inner : only->io)
    if (inner.address < region.size && inner.size <= region.size - inner.address) found.push_back({inner.name, region.address + inner.address, inner.size, inner.owner});
  co_return found;
}

Task<std::vector<DeviceRegion>> ask_devices(QmpClient& qmp, const MachineMap& map, std::chrono::milliseconds timeout) {
  std::vector<IoRegion> regions;
  for (const auto& region : map.io) {
    if (region.name.starts_with("tz-ppc-port[") && !region.owner.empty()) {
      auto behind = co_await behind_port(qmp, map, region, timeout);
      regions.insert(regions.end(), behind.begin(), behind.end());
    } else {
      regions.push_back(region);
    }
  }
  struct Known {
    std::string model;
    std::optional<unsigned> serial;
  };
  std::map<std::string, Known> known;
  std::vector<DeviceRegion> devices;
  for (const auto& region : regions) {
    Known device;
    if (const auto found = known.find(region.owner); found != known.end()) {
      device = found->second;
    } else if (!region.owner.empty()) {
      device.model = co_await property(qmp, region.owner, "type", timeout);
      for (const char* name : {"chardev", "chrdev"})  // LEON's UART has a name of its own for it
        if (!device.serial) device.serial = port_number(co_await property(qmp, region.owner, name, timeout));
      known[region.owner] = device;
    }
    DeviceRegion& added = devices.emplace_back();
    added = {region.name, device.model, device_kind(device.model), region.address, region.size, false, device.serial};
    added.stub = device.model == "unimplemented-device" || device.model == "empty_slot";
    if (added.stub) added.kind = device_kind(region.name);
  }
  co_return devices;
}

Task<Result<MachineFacts>> ask(QmpClient& qmp, pid_t pid, std::chrono::milliseconds timeout) {
  MachineFacts facts;
  auto greeting = co_await qmp.handshake(timeout);
  if (!greeting) co_return pass(greeting);
  json::object none;
  auto ports = co_await qmp.execute("query-chardev", none, timeout);
  if (!ports) co_return pass(ports);
  auto text = co_await qmp.monitor("info mtree -f -o", timeout);
  if (!text) co_return pass(text);
  const auto map = parse_machine_map(*text);
  facts.memory = map.memory;
  facts.devices = co_await ask_devices(qmp, map, timeout);
  auto size = co_await qmp.execute("query-memory-size-summary", none, timeout);
  if (!size) co_return pass(size);
  if (const auto* summary = size->if_object())
    if (const auto* base = summary->if_contains("base-memory"); base && base->is_number()) facts.ram_size = base->to_number<std::uint64_t>();
  auto processors = co_await qmp.execute("query-cpus-fast", none, timeout);
  if (!processors) co_return pass(processors);

  std::string path;
  if (const auto* list = processors->if_array(); list && !list->empty()) {
    facts.cores = static_cast<unsigned>(std::min<std::size_t>(list->size(), 4096));
    if (const auto* first = list->front().if_object())
      if (const auto* value = first->if_contains("qom-path"); value && value->is_string()) path = value->get_string();
  }
  json::object arguments{{"path", path}, {"property", "type"}};
  auto type = co_await qmp.execute("qom-get", std::move(arguments), timeout);
  if (type && type->is_string()) facts.processor = processor_of_type(std::string_view(type->get_string()));
  if (const auto* list = ports->if_array())
    for (const auto& entry : *list) {
      const auto* port = entry.if_object();
      const auto* label = port ? port->if_contains("label") : nullptr;
      const auto* open = port ? port->if_contains("frontend-open") : nullptr;
      if (!label || !label->is_string() || !open || !open->is_bool() || !open->get_bool()) continue;
      if (const auto number = port_number(label->get_string())) facts.serials.push_back(*number);
    }
  std::ranges::sort(facts.serials);
  facts.host_memory_mb = private_memory_mb(pid);
  auto quit = co_await qmp.execute("quit", none, timeout);
  co_return facts;
}

}  // namespace

Task<Result<std::shared_ptr<const MachineFacts>>> FactsCache::get(MachineChoice choice, std::chrono::milliseconds timeout) {
  const BootStub* stub = boot_stub(choice.machine);
  const bool firmware = stub && stub->is_firmware();
  if (firmware) choice.firmware = ProbeProcess::file_path;
  std::vector<std::string> argv{choice.binary.string()};
  for (auto& argument : choice.arguments()) argv.push_back(std::move(argument));
  std::string key = choice.version;
  for (const auto& argument : argv) key += '\n' + argument;
  {
    std::lock_guard lock(mutex_);
    if (auto found = known_.find(key); found != known_.end()) co_return found->second;
  }
  for (const char* argument : {"-S", "-display", "none", "-nodefaults", "-no-user-config", "-accel", "tcg,tb-size=16", "-qmp", "stdio"})
    argv.emplace_back(argument);
  for (unsigned i = 0; i < max_serials; ++i) {
    argv.emplace_back("-chardev");
    argv.push_back(fmt::format("null,id=port{}", i));
    argv.emplace_back("-serial");
    argv.push_back(fmt::format("chardev:port{}", i));
  }
  auto executor = co_await asio::this_coro::executor;
  auto process = ProbeProcess::start(executor, argv, firmware ? stub->bytes(stub->address) : Bytes{});
  if (!process) co_return pass(process);
  QmpClient qmp(executor, (*process)->take_io());
  auto asked = co_await ask(qmp, (*process)->pid(), timeout);
  co_await qmp.stop();
  const bool died = !asked && asked.error().code == ErrorCode::ENGINE_DIED;
  co_await (*process)->end(std::chrono::milliseconds(asked ? 2000 : died ? 500 : 0));
  if (!asked) {
    if (!died) co_return pass(asked);
    const auto words = error_line((*process)->errors());
    co_return fail(ErrorCode::BOARD_UNPLANNABLE, "QEMU does not start the machine {}: {}", choice.machine,
                   words.empty() ? "it ended without an explanation" : words);
  }
  auto facts = std::make_shared<const MachineFacts>(std::move(*asked));
  std::lock_guard lock(mutex_);
  if (known_.size() >= 256) known_.clear();
  known_[key] = facts;
  co_return facts;
}

}  // namespace virserver::backend::qemu
