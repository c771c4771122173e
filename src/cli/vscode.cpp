#include "cli/vscode.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "cli/json_text.hpp"

namespace virserver::cli {
namespace {

namespace json = boost::json;

std::string target(const VscodeSetup& setup) { return fmt::format("127.0.0.1:{}", setup.port); }
std::string label(const VscodeSetup& setup, std::string_view what) { return fmt::format("VirServer: {} {}", what, setup.session_name); }

json::object cortex_debug(const VscodeSetup& setup, bool attach) {
  json::object configuration{{"name", attach ? label(setup, "attach to") : "VirServer: " + setup.session_name},
                             {"type", "cortex-debug"},
                             {"request", attach ? "attach" : "launch"},
                             {"servertype", "external"},
                             {"gdbTarget", target(setup)},
                             {"gdbPath", setup.gdb},
                             {"executable", setup.program},
                             {"cwd", "${workspaceFolder}"},
                             {"device", setup.device},
                             {"liveWatch", {{"enabled", true}, {"samplesPerSecond", 4}}}};
  if (!setup.svd.empty()) configuration["svdFile"] = setup.svd;
  if (!attach) configuration["runToEntryPoint"] = "main";
  configuration["preLaunchTask"] = label(setup, attach ? "connect" : "upload and power on");
  return configuration;
}

json::object cppdbg(const VscodeSetup& setup, bool attach) {
  json::array commands{{{"text", "target extended-remote " + target(setup)}}};
  if (!attach) {
    commands.push_back({{"text", "monitor reset halt"}});
    commands.push_back({{"text", "tbreak main"}});
  }
  return {{"name", attach ? label(setup, "attach to") : "VirServer: " + setup.session_name},
          {"type", "cppdbg"},
          {"request", "launch"},
          {"MIMode", "gdb"},
          {"miDebuggerPath", setup.gdb},
          {"program", setup.program},
          {"cwd", "${workspaceFolder}"},
          {"customLaunchSetupCommands", std::move(commands)},
          {"launchCompleteCommand", attach ? "None" : "exec-continue"},
          {"preLaunchTask", label(setup, attach ? "connect" : "upload and power on")}};
}

json::object call(const VscodeSetup& setup, std::string name, json::array arguments) {
  json::array words{"--server", setup.server};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return {{"label", std::move(name)}, {"type", "process"}, {"command", setup.virctl}, {"args", std::move(words)}, {"problemMatcher", json::array{}}};
}

}  // namespace

json::array launch_configurations(const VscodeSetup& setup) {
  const auto make = setup.cortex_m ? cortex_debug : cppdbg;
  return {make(setup, false), make(setup, true)};
}

json::array tasks(const VscodeSetup& setup) {
  // The task "connect" is what every configuration starts with; it makes the port reachable.
  json::object connect = setup.tunnel
                             ? call(setup, label(setup, "connect"), {"gdb", setup.session_id, "--listen", target(setup)})
                             : call(setup, label(setup, "connect"), {"session", "show", setup.session_id});
  if (setup.tunnel) {
    connect["isBackground"] = true;
    connect["problemMatcher"] = {{"owner", "virctl"},
                                 {"pattern", {{"regexp", "^virctl: error: (.*)$"}, {"message", 1}}},
                                 {"background", {{"activeOnStart", true}, {"beginsPattern", "^connecting"}, {"endsPattern", "listening on"}}}};
  }
  // Uploading again is cheap (content is kept once) and puts the newest build on the board.
  json::object upload = call(setup, label(setup, "upload to"), {"program", "upload", setup.session_id, setup.program, "--start"});
  json::object start{{"label", label(setup, "upload and power on")},
                     {"dependsOrder", "sequence"},
                     {"dependsOn", {label(setup, "upload to"), label(setup, "connect")}},
                     {"problemMatcher", json::array{}}};
  json::object console = call(setup, label(setup, "console of"), {"console", setup.session_id});
  return {std::move(connect), std::move(upload), std::move(start), std::move(console)};
}

Outcome<std::string> merged(std::string_view existing, std::string_view version, std::string_view member, std::string_view key,
                            const json::array& items) {
  json::value file = json::object{{"version", version}, {member, json::array{}}};
  if (existing.find_first_not_of(" \t\r\n") != std::string_view::npos) {
    boost::system::error_code ec;
    file = json::parse(existing, ec);
    if (ec) return fail(exit_usage, "USAGE", "it is not plain JSON ({}); comments and trailing commas would be lost", ec.message());
    if (!file.is_object()) return fail(exit_usage, "USAGE", "it does not hold an object");
  }
  json::value& list = file.as_object()[member];
  if (list.is_null()) list = json::array{};
  if (!list.is_array()) return fail(exit_usage, "USAGE", "its \"{}\" is not an array", member);
  for (const json::value& item : items) {
    const auto same = std::ranges::find_if(list.as_array(), [&](const json::value& each) {
      const auto* object = each.if_object();
      const auto* name = object ? object->if_contains(key) : nullptr;
      return name && *name == item.as_object().at(key);
    });
    if (same == list.as_array().end()) list.as_array().push_back(item);
    else *same = item;
  }
  return pretty(file);
}

}  // namespace virserver::cli
