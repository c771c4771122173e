// Interrupt lines, devices and spans of time.
#include <boost/json.hpp>

#include "api/api.hpp"
#include "api/debug_json.hpp"
#include "api/paging.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

using Answer = Task<Result<http::Response>>;

json::object device_json(const backend::DeviceState& device) {
  json::array properties;
  for (const auto& each : device.properties)
    properties.push_back({{"name", each.name}, {"type", each.type}, {"value", each.value}, {"writable", each.writable}, {"unit", each.unit}});
  return {{"name", device.name}, {"kind", device.kind}, {"model", device.model}, {"properties", std::move(properties)}};
}

Answer drive_interrupt(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  const json::object& body = request.body.as_object();
  std::variant<std::uint64_t, std::string> line;
  if (const auto& wanted = body.at("line"); wanted.is_string()) line = std::string(wanted.get_string());
  else line = wanted.to_number<std::uint64_t>();
  const auto* given = body.if_contains("action");
  const std::string action(given ? std::string_view(given->as_string()) : "pulse");
  const auto how = action == "raise" ? session::LineAction::raise : action == "lower" ? session::LineAction::lower : session::LineAction::pulse;
  auto driven = co_await (*session)->drive_interrupt(std::move(line), how);
  if (!driven) co_return pass(driven);
  const json::value name = driven->name.empty() ? json::value(nullptr) : json::value(driven->name);
  co_return http::json_response(json::object{{"line", driven->number}, {"name", name}, {"action", action}});
}

Answer list_devices(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  auto devices = co_await (*session)->devices();
  if (!devices) co_return pass(devices);
  const auto* kind = request.query.if_contains("kind");
  json::array items;
  for (const auto& device : *devices)
    if (!kind || kind->as_string() == device.kind) items.push_back(device_json(device));
  const auto total = items.size();
  co_return http::json_response(list_body(std::move(items), {}, total));
}

Answer get_device(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  auto devices = co_await (*session)->devices();
  if (!devices) co_return pass(devices);
  auto device = session::find_device(*devices, request.parameter("device"));
  if (!device) co_return pass(device);
  co_return http::json_response(device_json(**device));
}

Answer set_device(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  const json::object& body = request.body.as_object();
  json::object values;
  if (const auto* several = body.if_contains("values")) values = several->as_object();
  std::string name = request.parameter("device");
  if (const auto* value = body.if_contains("value")) {
    auto devices = co_await (*session)->devices();
    if (!devices) co_return pass(devices);
    auto device = session::find_device(*devices, name);
    if (!device) co_return pass(device);
    std::vector<std::string> writable;
    for (const auto& each : (*device)->properties)
      if (each.writable) writable.push_back(each.name);
    if (writable.empty()) co_return fail(ErrorCode::INVALID_REQUEST, "nothing of {} can be set from outside: the program sets it", name);
    if (writable.size() > 1)
      co_return fail(ErrorCode::INVALID_REQUEST, "{} has several properties that can be set; name them in values: {}", name, fmt::join(writable, ", "));
    values[writable.front()] = *value;
  }
  auto device = co_await (*session)->set_device(std::move(name), std::move(values));
  if (!device) co_return pass(device);
  co_return http::json_response(device_json(*device));
}

Answer run_for(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  const json::object& body = request.body.as_object();
  session::SpanRequest how;
  how.nanoseconds = body.at("for_ns").to_number<std::uint64_t>();
  if (const auto* pace = body.if_contains("pace")) how.full_speed = pace->as_string() == "fast";
  if (const auto* timeout = body.if_contains("timeout_ms")) how.timeout = std::chrono::milliseconds(timeout->to_number<std::int64_t>());
  how.give_up = [&context] { return context.stopping.load(); };
  auto result = co_await (*session)->run_for(std::move(how));
  if (!result) co_return pass(result);
  const json::value time = result->virtual_time_ns ? json::value(*result->virtual_time_ns) : json::value(nullptr);
  co_return http::json_response(
      json::object{{"complete", result->complete}, {"ran_ns", result->ran_ns}, {"virtual_time_ns", time}, {"state", state_json(result->state)}});
}

}  // namespace

void bind_outside(http::Handlers& handlers, Context& context) {
  using Handle = Answer (*)(Context&, const http::Request&);
  constexpr std::pair<const char*, Handle> all[] = {{"driveInterrupt", drive_interrupt}, {"listDevices", list_devices}, {"getDevice", get_device},
                                                    {"setDevice", set_device}, {"runFor", run_for}};
  for (const auto& [operation, handle] : all) handlers.bind(operation, [&context, handle](http::Request& request) { return handle(context, request); });
}

}  // namespace virserver::api
