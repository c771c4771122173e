#include "backend/qemu/machine_facts.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <fstream>

#include "backend/qemu/boot_stub.hpp"
#include "backend/qemu/mtree.hpp"
#include "backend/qemu/probe_process.hpp"
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

// The devices behind the map's registers. What lies behind a peripheral protection controller is the controller's in
// the map; its property port[N] leads to the device.
Task<std::vector<DeviceRegion>> ask_devices(QmpClient& qmp, const std::vector<IoRegion>& regions, std::chrono::milliseconds timeout) {
  struct Known {
    std::string model;
    std::optional<unsigned> serial;
  };
  std::map<std::string, Known> known;
  std::vector<DeviceRegion> devices;
  for (const auto& region : regions) {
    std::string owner = region.owner, name = region.name;
    if (name.starts_with("tz-ppc-port[") && !owner.empty()) {
      const std::string behind = co_await property(qmp, owner, name.substr(7), timeout);
      if (const auto slash = behind.rfind('/'); slash != behind.npos && slash > 0) {
        owner = behind.substr(0, slash);
        name = behind.substr(slash + 1, behind.find('[', slash) - slash - 1);
      }
    }
    Known device;
    if (const auto found = known.find(owner); found != known.end()) {
      device = found->second;
    } else if (!owner.empty()) {
      device.model = co_await property(qmp, owner, "type", timeout);
      device.serial = port_number(co_await property(qmp, owner, "chardev", timeout));
      if (!device.serial) device.serial = port_number(co_await property(qmp, owner, "chrdev", timeout));  // grlib-apbuart
      known[owner] = device;
    }
    DeviceRegion& added = devices.emplace_back();
    added = {name, device.model, device_kind(device.model), region.address, region.size, false, device.serial};
    added.stub = device.model == "unimplemented-device" || device.model == "empty_slot";
    if (added.stub) added.kind = device_kind(name);
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
  auto map = parse_machine_map(*text);
  facts.memory = std::move(map.memory);
  facts.devices = co_await ask_devices(qmp, map.io, timeout);
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
