#include <boost/json.hpp>

#include "api/api.hpp"
#include "api/backend_json.hpp"

namespace virserver::api {
namespace json = boost::json;

std::string_view to_string(backend::Status status) {
  constexpr std::string_view names[] = {"probing", "available", "absent", "broken"};
  return names[static_cast<int>(status)];
}

namespace {

json::object backend_json(const backend::BackendInfo& info) {
  json::object features, reasons, limits;
  for (const auto& [name, feature] : info.features) {
    features[name] = feature.available;
    if (!feature.available) reasons[name] = feature.reason;
  }
  for (const auto& [name, value] : info.limits) limits[name] = value;
  json::array executables;
  for (const auto& [path, tool_version] : info.executables) executables.push_back({{"path", path}, {"version", tool_version}});
  return {{"type", info.name},           {"status", to_string(info.status)}, {"version", info.version},
          {"reason", info.reason},       {"features", std::move(features)},  {"reasons", std::move(reasons)},
          {"limits", std::move(limits)}, {"executables", std::move(executables)}};
}

void add(json::object& names, const std::string& id, const std::string& backend) {
  auto& value = names[id];
  if (!value.is_array()) value = json::array();
  auto& backends = value.as_array();
  for (const auto& known : backends)
    if (known.as_string() == backend) return;
  backends.push_back(json::value(backend));
}

}  // namespace

void bind_capabilities(http::Handlers& handlers, Context& context) {
  handlers.bind("getCapabilities", [&context](http::Request&) -> Task<Result<http::Response>> {
    context.backends.discover();  // a private server does not ask the tools before somebody wants to know
    json::object processors, peripherals, buses, backends;
    for (const auto& info : context.backends.infos()) {
      for (const auto& each : info->processors) add(processors, each.id, info->name);
      for (const auto& each : info->peripherals) add(peripherals, each.id, info->name);
      for (const auto& each : info->buses) add(buses, each.id, info->name);
      backends[info->name] = backend_json(*info);
    }
    json::object body{{"processors", std::move(processors)},
                      {"peripherals", std::move(peripherals)},
                      {"buses", std::move(buses)},
                      {"backends", std::move(backends)}};
    co_return http::json_response(std::move(body));
  });
}

}  // namespace virserver::api
