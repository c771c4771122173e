#include "session/plan_json.hpp"

#include <boost/json.hpp>

namespace virserver::session {
namespace json = boost::json;
namespace {
constexpr std::string_view severities[] = {"info", "approximated", "missing", "error"};

std::string text(const json::object& object, const char* key) { return std::string(object.at(key).as_string()); }
}  // namespace

std::string_view to_string(backend::Severity severity) { return severities[static_cast<int>(severity)]; }

json::object plan_to_json(const backend::EnginePlan& plan) {
  json::array findings, memory, devices, consoles, models;
  for (const auto& finding : plan.findings)
    findings.push_back({{"severity", static_cast<int>(finding.severity)}, {"pointer", finding.pointer}, {"message", finding.message}});
  for (const auto& region : plan.memory)
    memory.push_back({{"name", region.name}, {"address", region.address}, {"size", region.size}, {"writable", region.writable}});
  for (const auto& device : plan.devices) {
    json::object entry{{"name", device.name}, {"model", device.model}, {"kind", device.kind}, {"address", device.address}, {"size", device.size}};
    if (device.stub) entry["stub"] = true;
    if (device.serial) entry["serial"] = *device.serial;
    devices.push_back(std::move(entry));
  }
  for (const auto& console : plan.consoles)
    consoles.push_back({{"name", console.name}, {"peripheral", console.peripheral}, {"index", console.index}});
  for (const auto& block : plan.register_models)
    models.push_back({{"name", block.name}, {"model", block.model}, {"address", block.address}, {"size", block.size}});
  return {{"backend", plan.backend},
          {"findings", std::move(findings)},
          {"architecture", virserver::to_string(plan.architecture)},
          {"profile", static_cast<int>(plan.profile)},
          {"big_endian", plan.big_endian},
          {"memory", std::move(memory)},
          {"devices", std::move(devices)},
          {"consoles", std::move(consoles)},
          {"register_models", std::move(models)},
          {"semihosting", plan.semihosting},
          {"default_console", plan.default_console},
          {"minimum_memory_mb", plan.minimum_memory_mb},
          {"data", plan.data}};
}

backend::EnginePlan plan_from_json(const json::object& object) {
  backend::EnginePlan plan;
  plan.backend = text(object, "backend");
  for (const auto& value : object.at("findings").as_array()) {
    const auto& finding = value.as_object();
    plan.findings.push_back({static_cast<backend::Severity>(finding.at("severity").to_number<int>()), text(finding, "pointer"),
                             text(finding, "message")});
  }
  plan.architecture = parse_architecture(text(object, "architecture")).value_or(Architecture::other);
  plan.profile = static_cast<char>(object.at("profile").to_number<int>());
  plan.big_endian = object.at("big_endian").as_bool();
  for (const auto& value : object.at("memory").as_array()) {
    const auto& region = value.as_object();
    plan.memory.push_back({text(region, "name"), region.at("address").to_number<std::uint64_t>(),
                           region.at("size").to_number<std::uint64_t>(), region.at("writable").as_bool()});
  }
  if (const auto* devices = object.if_contains("devices"))  // not in rows of earlier versions
    for (const auto& value : devices->as_array()) {
      const auto& device = value.as_object();
      auto& added = plan.devices.emplace_back();
      added = {text(device, "name"), text(device, "model"), text(device, "kind"), device.at("address").to_number<std::uint64_t>(),
               device.at("size").to_number<std::uint64_t>(), device.contains("stub"), std::nullopt};
      if (const auto* serial = device.if_contains("serial")) added.serial = serial->to_number<unsigned>();
    }
  for (const auto& value : object.at("consoles").as_array()) {
    const auto& console = value.as_object();
    plan.consoles.push_back({text(console, "name"), text(console, "peripheral"), console.at("index").to_number<unsigned>()});
  }
  if (const auto* models = object.if_contains("register_models"))  // not in rows of earlier versions
    for (const auto& value : models->as_array()) {
      const auto& block = value.as_object();
      plan.register_models.push_back({text(block, "name"), text(block, "model"), block.at("address").to_number<std::uint64_t>(), block.at("size").to_number<std::uint64_t>()});
    }
  plan.semihosting = object.at("semihosting").as_bool();
  plan.default_console = text(object, "default_console");
  plan.minimum_memory_mb = object.at("minimum_memory_mb").to_number<std::uint64_t>();
  plan.data = object.at("data").as_object();
  return plan;
}

}  // namespace virserver::session
