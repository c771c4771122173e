// What a template really becomes on an emulator of this server: its memory, devices and consoles, as the emulator tells.
#include <boost/json.hpp>

#include "api/board_input.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

json::value word(const json::object& data, std::string_view key) {
  const auto* value = data.if_contains(key);
  return value && value->is_string() ? json::value(value->as_string()) : json::value("");
}

json::object machine_json(std::string_view template_id, const backend::EnginePlan& plan) {
  json::array memory, devices, consoles, models;
  for (const auto& region : plan.memory)
    memory.push_back({{"name", region.name}, {"address", hex_address(region.address)}, {"size", region.size}, {"writable", region.writable}});
  for (const auto& device : plan.devices)
    devices.push_back({{"name", device.name}, {"model", device.model}, {"kind", device.kind}, {"address", hex_address(device.address)},
                       {"size", device.size}, {"stub", device.stub}, {"port", device.serial ? json::value(*device.serial) : json::value()}});
  for (const auto& console : plan.consoles)
    consoles.push_back({{"name", console.name}, {"peripheral", console.peripheral}, {"port", console.index}});
  for (const auto& block : plan.register_models)
    models.push_back({{"name", block.name}, {"model", block.model}, {"address", hex_address(block.address)}, {"size", block.size}});
  return {{"template_id", template_id},
          {"backend", plan.backend},
          {"version", word(plan.data, "version")},
          {"machine", word(plan.data, "machine")},
          {"processor", word(plan.data, "processor")},
          {"architecture", to_string(plan.architecture)},
          {"big_endian", plan.big_endian},
          {"semihosting", plan.semihosting},
          {"default_console", plan.default_console},
          {"minimum_memory_mb", plan.minimum_memory_mb},
          {"memory", std::move(memory)},
          {"devices", std::move(devices)},
          {"register_models", std::move(models)},
          {"consoles", std::move(consoles)}};
}

}  // namespace

void bind_template_machine(http::Handlers& handlers, Context& context) {
  handlers.bind("getTemplateMachine", [&context](http::Request& request) -> Task<Result<http::Response>> {
    auto known = co_await find_template(context, request.parameter("template_id"));
    if (!known) co_return pass(known);
    const std::string wanted(request.query.at("backend").as_string());
    auto choice = co_await context.backends.choose(known->value.config, wanted);
    if (!choice) co_return pass(choice);
    co_return http::json_response(machine_json(known->value.id, choice->plan));
  });
}

}  // namespace virserver::api
