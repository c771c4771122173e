// virctl device list|get|set
#include <boost/json.hpp>

#include "cli/api.hpp"
#include "cli/command.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

struct Options {
  std::string session, device, kind;
  std::vector<std::string> values;
};

std::string value_text(const json::value& property) {
  const json::value& value = at(property, "value");
  if (value.is_null()) return "unknown";
  const std::string unit = text(property, "unit");
  return json::serialize(value) + (unit.empty() ? "" : " " + printable(unit));
}

// A line a property; of `only` those, if there are any.
std::string device_text(const json::value& device, const json::object& only) {
  std::vector<std::vector<std::string>> rows{{"PROPERTY", "VALUE", "SET"}};
  for (const json::value& each : list(device, "properties"))
    if (only.empty() || only.contains(text(each, "name")))
      rows.push_back({printable(text(each, "name")), value_text(each), flag(each, "writable") ? "yes" : "no"});
  return printable(fmt::format("{}  {}  {}", text(device, "name"), text(device, "kind"), text(device, "model"))) + "\n" + table(rows);
}

// What a list has room for: values of devices with few properties; of ports the pins that are high.
std::string summary(const json::value& device) {
  constexpr std::size_t few = 4;
  const auto& properties = list(device, "properties");
  std::string out;
  for (const json::value& each : properties) {
    if (properties.size() > few && (at(each, "value").is_null() || (at(each, "value").is_bool() && !at(each, "value").get_bool()))) continue;
    if (properties.size() > few && at(each, "value").is_number() && at(each, "value").to_number<double>() == 0) continue;
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", printable(text(each, "name")), value_text(each));
  }
  return out;
}

Task<Outcome<std::string>> path_of(Context& context, const Options& options) {
  auto session = co_await find_session(context.client(), options.session);
  if (!session) co_return pass(session);
  co_return session_path(text(*session, "id"), options.device.empty() ? "/devices" : "/devices/" + percent_encode(options.device));
}

Task<Outcome<int>> list_devices(Context& context, Options options) {
  auto path = co_await path_of(context, options);
  if (!path) co_return pass(path);
  if (!options.kind.empty()) *path += "?kind=" + options.kind;
  auto answer = co_await context.client().get(*path);
  if (!answer) co_return pass(answer);
  if (context.json()) {
    context.out_json(*answer);
    co_return exit_ok;
  }
  std::vector<std::vector<std::string>> rows{{"NAME", "KIND", "MODEL", "STATE"}};
  for (const json::value& device : list(answer->json, "items"))
    rows.push_back({printable(text(device, "name")), printable(text(device, "kind")), printable(text(device, "model")), summary(device)});
  context.out(table(rows));
  co_return exit_ok;
}

void show(Context& context, const Answer& answer, const json::object& only) {
  if (context.json()) context.out_json(answer);
  else context.out(device_text(answer.json, only));
}

Task<Outcome<int>> get(Context& context, Options options) {
  auto path = co_await path_of(context, options);
  if (!path) co_return pass(path);
  auto answer = co_await context.client().get(*path);
  if (!answer) co_return pass(answer);
  show(context, *answer, {});
  co_return exit_ok;
}

// "on", "pressed" and the like are what people type; the server checks the type.
Outcome<json::value> value_of(const std::string& word) {
  if (word == "true" || word == "on" || word == "high" || word == "pressed") return json::value(true);
  if (word == "false" || word == "off" || word == "low" || word == "released") return json::value(false);
  error_code ec;
  auto value = json::parse(word, ec);
  if (!ec && value.is_number()) return value;
  return fail(exit_usage, "USAGE", "{} is no value: give true, false or a number", printable(word));
}

Task<Outcome<int>> set(Context& context, Options options) {
  json::object body, values;
  for (const std::string& word : options.values) {
    const auto sign = word.find('=');
    auto value = value_of(sign == word.npos ? word : word.substr(sign + 1));
    if (!value) co_return pass(value);
    if (sign == word.npos && options.values.size() > 1) co_return fail(exit_usage, "USAGE", "several values need the names of their properties: PROPERTY=VALUE");
    if (sign == word.npos) body["value"] = *value;
    else if (values.contains(word.substr(0, sign))) co_return fail(exit_usage, "USAGE", "{} is named twice", printable(word.substr(0, sign)));
    else values[word.substr(0, sign)] = *value;
  }
  if (!values.empty()) body["values"] = values;
  auto path = co_await path_of(context, options);
  if (!path) co_return pass(path);
  Request request{.method = "PUT", .target = *path, .body = json::serialize(body), .content_type = "application/json"};
  auto answer = co_await context.client().call(std::move(request));
  if (!answer) co_return pass(answer);
  show(context, *answer, values);  // what was set, of a port with many pins
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto* group = add_command(root, "device", "buttons, LEDs, pins, sensors and ADC channels of a running board",
                            "What the emulated machine has, to look at and to drive from outside. What changes in it is an event: virctl events --follow.");
  group->require_subcommand(1);
  auto options = std::make_shared<Options>();

  auto* all = add_command(*group, "list", "list the devices and their state",
                          "Of devices with many properties only those that are on, or not 0, are shown; \"virctl device get\" shows all.",
                          "EXAMPLES\n  virctl device list blinky\n  virctl device list blinky --kind led\n");
  add_session_argument(all, options->session);
  all->add_option("--kind", options->kind, "Only these.")->check(CLI::IsMember({"button", "led", "gpio", "sensor", "adc"}));
  on_call(all, invocation, [options](Context& context) { return list_devices(context, *options); });

  auto* one = add_command(*group, "get", "show one device", "Shows each property, its value, and whether it can be set.",
                          "EXAMPLES\n  virctl device get blinky UserLED\n  virctl device get blinky gpioPortA --json | jq .properties\n");
  auto* put = add_command(*group, "set", "press a button, drive a pin, set what a sensor measures",
                          "VALUE alone is for a device with one property that can be set. Names and types are checked before anything is set.",
                          "EXAMPLES\n  virctl device set blinky UserButton pressed\n  virctl device set blinky gpioPortA in3=high in4=low\n"
                          "  virctl device set blinky bme280 temperature=36.5 humidity=40\n");
  for (auto* command : {one, put}) {
    add_session_argument(command, options->session);
    command->add_option("device", options->device, "Its name, or the last part of it where that is one device's only.")->required()->type_name("DEVICE");
  }
  put->add_option("value", options->values, "true, false or a number; also on, off, high, low, pressed, released.")->required()->type_name("[PROPERTY=]VALUE");
  on_call(one, invocation, [options](Context& context) { return get(context, *options); });
  on_call(put, invocation, [options](Context& context) { return set(context, *options); });
}

const Command registered{76, &add};

}  // namespace
}  // namespace virserver::cli
