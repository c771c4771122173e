#include "backend/qemu/command_line.hpp"

#include <algorithm>

#include "backend/load_check.hpp"
#include "backend/qemu/machine.hpp"
#include "backend/qemu/guest_watch.hpp"
#include "backend/qemu/interrupt_lines.hpp"
#include "backend/qemu/machine_facts.hpp"

namespace virserver::backend::qemu {

namespace json = boost::json;

namespace {

constexpr int first_console_fd = 20;  // above whatever the shim keeps for itself

std::string text(const json::object& data, std::string_view key) {
  const auto* value = data.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::uint64_t> number(const json::object& data, std::string_view key) {
  const auto* value = data.if_contains(key);
  if (!value || !value->is_number()) return std::nullopt;
  boost::system::error_code ec;
  const auto n = value->to_number<std::uint64_t>(ec);
  return ec ? std::nullopt : std::optional(n);
}

std::uint64_t offset_of(const LaunchSpec& spec, std::string_view console) {
  for (const auto& [name, offset] : spec.console_offsets)
    if (name == console) return offset;
  return 0;
}

// In QEMU's option lists a comma in a value is written twice.
std::string doubled(std::string_view value) {
  std::string out;
  for (char c : value) out.append(c == ',' ? 2 : 1, c);
  return out;
}

}  // namespace

std::vector<RegionFile> region_files(const std::vector<LoadImage>& images) {
  std::vector<RegionFile> files;
  for (const auto& image : images)
    for (const auto& region : image.image->regions)
      files.push_back({fmt::format("load{}.bin", files.size()), region.address, &region.bytes});
  return files;
}

const BootStub* stub_for(const EnginePlan& plan, const std::vector<LoadImage>& images) {
  const BootStub* stub = boot_stub(text(plan.data, "machine"));
  if (!stub || stub->words.empty()) return nullptr;
  if (stub->place == BootStub::Place::entering) return stub;  // QEMU needs it whatever the images are
  for (const auto& image : images)
    for (const auto& region : image.image->regions) {
      const bool before = region.address + region.bytes.size() <= stub->address;
      const bool behind = region.address >= stub->address + stub->size();
      if (!region.bytes.empty() && !before && !behind) return nullptr;
    }
  return stub;
}

std::optional<std::uint64_t> start_address(const EnginePlan& plan, const std::vector<LoadImage>& images) {
  if (plan.profile == 'M' || images.empty()) return std::nullopt;
  const auto& image = *starting_image(images).image;
  auto entry = image.metadata.entry;
  if (!entry && !image.regions.empty()) entry = image.regions.front().address;
  if (!entry || entry == number(plan.data, "reset_address")) return std::nullopt;
  return entry;
}

CommandLine command_line(const EnginePlan& plan, const LaunchSpec& spec, bool semihosting) {
  MachineChoice choice;
  choice.machine = text(plan.data, "machine");
  choice.processor = text(plan.data, "cpu");
  choice.memory = text(plan.data, "memory");
  choice.cores = static_cast<unsigned>(number(plan.data, "cores").value_or(1));
  if (const auto* value = plan.data.if_contains("bios_none")) choice.bios_none = value->is_bool() && value->get_bool();
  if (const auto* value = plan.data.if_contains("no_audio")) choice.no_audio = value->is_bool() && value->get_bool();
  if (const auto* list = plan.data.if_contains("machine_options"); list && list->is_array())
    for (const auto& option : list->get_array())
      if (option.is_string()) choice.options.emplace_back(option.get_string());
  const auto files = region_files(spec.images);
  const BootStub* machine_stub = boot_stub(choice.machine);
  const BootStub* stub = stub_for(plan, spec.images);
  if (stub && stub->is_firmware()) choice.firmware = stub_file;
  if (machine_stub && machine_stub->is_firmware() && !stub)  // an image is where the firmware lies: it is the firmware
    for (const auto& file : files)
      if (file.address == machine_stub->address) choice.firmware = file.name;

  CommandLine line;
  auto& argv = line.argv;
  auto add = [&argv](const char* name, std::string value) {
    argv.emplace_back(name);
    argv.push_back(std::move(value));
  };
  argv.push_back(text(plan.data, "binary"));
  for (auto& argument : choice.arguments()) argv.push_back(std::move(argument));
  for (const char* argument : {"-display", "none", "-nodefaults", "-no-user-config"}) argv.emplace_back(argument);
  add("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
  // 16 MiB of translated code: a microcontroller needs less, and the default reserves 1 GiB.
  add("-accel", fmt::format("tcg,tb-size=16,thread={}", choice.cores > 1 ? "multi" : "single"));
  add("-qmp", "unix:qmp,server=on,wait=off");
  add("-gdb", fmt::format("unix:{},server=on,wait=off", stub_socket));  // costs nothing until somebody connects

  if (const auto* driven = plan.data.if_contains("qtest"); driven && driven->is_bool() && driven->get_bool()) {
    add("-qtest", fmt::format("unix:{},server=on,wait=off", InterruptLines::socket_name));
    add("-qtest-log", "none");
  }

  int fd = first_console_fd;
  // SiFive's, OpenTitan's and the HTIF console write without waiting for room: over a socket, which holds a few hundred single bytes,
  // output is lost. A pipe holds a million.
  const bool hasty = choice.machine.starts_with("sifive_") || choice.machine.starts_with("spike") || choice.machine == "opentitan";
  auto chardev = [&](const std::string& name, bool pipe) {
    process::ConsoleSpec console;
    console.name = name;
    console.first_offset = offset_of(spec, name);
    if (pipe) {
      console.kind = process::ConsoleKind::fifo;
      add("-chardev", fmt::format("pipe,id=c_{},path={}", name, name));
    } else {
      console.child_fd = fd++;
      add("-chardev", fmt::format("socket,id=c_{},fd={}", name, console.child_fd));
    }
    line.consoles.push_back(std::move(console));
  };
  process::ConsoleSpec guest_log;  // a pipe: QEMU opens it by name
  guest_log.name = GuestWatch::console;
  guest_log.kind = process::ConsoleKind::fifo;
  guest_log.first_offset = offset_of(spec, GuestWatch::console);
  line.consoles.push_back(std::move(guest_log));
  add("-D", GuestWatch::pipe);

  unsigned last = 0;
  for (const auto& console : plan.consoles) {
    chardev(console.name, hasty);
    last = std::max(last, console.index + 1);
  }
  for (unsigned port = 0; port < last; ++port) {
    const auto found = std::ranges::find(plan.consoles, port, &board::Console::index);
    add("-serial", found == plan.consoles.end() ? "null" : "chardev:c_" + found->name);
  }
  if (plan.semihosting && semihosting) {
    chardev("semihosting", false);
    std::string config = "enable=on,target=native,chardev=c_semihosting";
    for (const auto& argument : spec.arguments) config += ",arg=" + doubled(argument);
    add("-semihosting-config", std::move(config));
  }
  const auto start = start_address(plan, spec.images);
  const bool enters = start && !(stub && stub->place == BootStub::Place::entering);
  auto load = [&](std::string_view name, std::uint64_t address) {
    // The loader takes 0 for "no address" unless there is a file: the processor goes to where the file is.
    const bool here = enters && *start == 0 && address == 0;
    add("-device", fmt::format("loader,file={},addr={:#x},force-raw=on{}", name, address, here ? ",cpu-num=0" : ""));
  };
  auto enter = [&add](std::uint64_t address, unsigned core) { add("-device", fmt::format("loader,addr={:#x},cpu-num={}", address, core)); };
  for (const auto& file : files)
    if (file.name != choice.firmware) load(file.name, file.address);
  if (stub && stub->place == BootStub::Place::memory) load(stub_file, stub->address);
  if (enters && *start != 0) enter(*start, 0);
  const auto others = !machine_stub || machine_stub->others == BootStub::Others::machine ? std::nullopt
                      : machine_stub->others == BootStub::Others::stub                   ? std::optional(machine_stub->address)
                                                                                         : start;
  for (unsigned core = 1; others.value_or(0) != 0 && core < choice.cores; ++core) enter(*others, core);
  if (spec.start_paused) argv.emplace_back("-S");
  return line;
}

}  // namespace virserver::backend::qemu
