// virctl ide vscode
#include <boost/json.hpp>

#include <filesystem>
#include <fstream>

#include "cli/api.hpp"
#include "cli/command.hpp"
#include "cli/json_text.hpp"
#include "cli/text.hpp"
#include "cli/vscode.hpp"

namespace virserver::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

struct Options {
  std::string session, program, svd, folder = ".", gdb = "gdb-multiarch", device;
  std::uint16_t port = 3333;
  bool tunnel = false, print = false;
};

// Below the folder that VS Code opens, paths stay true for a colleague's checkout.
Outcome<std::string> workspace_path(const std::string& file, const fs::path& folder) {
  std::error_code ec;
  const fs::path path = fs::canonical(file, ec);
  if (ec || !fs::is_regular_file(path)) return fail(exit_usage, "USAGE", "there is no file {}", printable(file));
  const fs::path relative = path.lexically_relative(folder);
  if (relative.empty() || *relative.begin() == "..") return path.string();
  return "${workspaceFolder}/" + relative.string();
}

bool is_loopback(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

Outcome<VscodeSetup> set_up(Context& context, const Options& options, const json::value& session, const fs::path& folder) {
  VscodeSetup setup;
  setup.session_id = text(session, "id");
  setup.session_name = text(session, "name");
  setup.server = context.client().server().url;
  setup.gdb = options.gdb;
  setup.device = options.device;
  std::error_code ec;
  setup.virctl = fs::read_symlink("/proc/self/exe", ec).string();
  if (ec) setup.virctl = "virctl";
  auto program = workspace_path(options.program, folder);
  if (!program) return pass(program);
  setup.program = std::move(*program);
  if (!options.svd.empty()) {
    auto svd = workspace_path(options.svd, folder);
    if (!svd) return pass(svd);
    setup.svd = std::move(*svd);
  }
  for (const json::value& node : list(at(session, "board_config"), "nodes")) {
    setup.cortex_m = text(at(node, "processor"), "type").find("ortex-M") != std::string::npos;
    if (setup.device.empty()) setup.device = text(node, "soc");
    break;
  }
  if (setup.device.empty()) setup.device = setup.session_name;
  const auto port = number(session, "gdb_port");
  setup.tunnel = options.tunnel || port <= 0 || !is_loopback(context.client().server().host);
  setup.port = setup.tunnel ? options.port : static_cast<std::uint16_t>(port);
  return setup;
}

Outcome<> put(const fs::path& file, std::string_view version, std::string_view member, std::string_view key, const json::array& items) {
  std::string existing;
  if (fs::exists(file)) {
    auto read = read_text_file(file.string());
    if (!read) return pass(read);
    existing = std::move(*read);
  }
  auto content = merged(existing, version, member, key, items);
  if (!content) {
    Failure failure = std::move(content.error());
    failure.message = fmt::format("{} cannot be changed: {}", printable(file.string()), failure.message);
    failure.hint = "\"--print\" shows what to add to it by hand";
    return fail(std::move(failure));
  }
  std::ofstream out(file, std::ios::trunc);
  if (!(out << *content).flush()) return fail(exit_failed, "", "{} cannot be written", printable(file.string()));
  return {};
}

Task<Outcome<int>> vscode(Context& context, Options options) {
  auto session = co_await find_session(context.client(), options.session);
  if (!session) co_return pass(session);
  std::error_code ec;
  const fs::path folder = fs::canonical(options.folder, ec);
  if (ec) co_return fail(exit_usage, "USAGE", "there is no folder {}", printable(options.folder));
  auto setup = set_up(context, options, *session, folder);
  if (!setup) co_return pass(setup);
  const json::array launch = launch_configurations(*setup), work = tasks(*setup);
  if (options.print || context.json()) {
    const json::value all = {{"launch.json", {{"version", "0.2.0"}, {"configurations", launch}}},
                             {"tasks.json", {{"version", "2.0.0"}, {"tasks", work}}}};
    if (context.json()) context.out_json(all);
    else context.out(pretty(all));
    co_return exit_ok;
  }
  const fs::path settings = folder / ".vscode";
  fs::create_directories(settings, ec);
  if (ec) co_return fail(exit_failed, "", "{} cannot be made: {}", printable(settings.string()), ec.message());
  if (auto done = put(settings / "launch.json", "0.2.0", "configurations", "name", launch); !done) co_return pass(done);
  if (auto done = put(settings / "tasks.json", "2.0.0", "tasks", "label", work); !done) co_return pass(done);
  context.out(fmt::format("{}\n{}\n", printable((settings / "launch.json").string()), printable((settings / "tasks.json").string())));
  context.note(fmt::format("needs the VS Code extension {}; press F5 and choose \"VirServer: {}\"",
                           setup->cortex_m ? "marus25.cortex-debug" : "ms-vscode.cpptools", printable(setup->session_name)));
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto* ide = add_command(root, "ide", "set up an editor to debug a session's board", "Writes the files that connect an editor's debugger to a session.");
  ide->require_subcommand(1);
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      *ide, "vscode", "write .vscode/launch.json and tasks.json",
      "Adds two debug configurations (run from reset, attach) and the tasks that upload the program, power the board on and open its "
      "console. Cortex-M boards use the cortex-debug extension, others the C/C++ extension. Configurations of the same name are replaced, "
      "others are kept; a file with comments is not touched. A server on this machine is reached by the session's gdb port, any other through "
      "a tunnel that a task keeps open.",
      "EXAMPLES\n  virctl ide vscode blinky build/firmware.elf\n  virctl ide vscode blinky build/firmware.elf --svd STM32F405.svd\n"
      "  virctl ide vscode blinky build/firmware.elf --print\n");
  add_session_argument(command, options->session);
  command->add_option("program", options->program, "The ELF file with debug information.")->required()->type_name(type_file);
  command->add_option("--svd", options->svd, "The vendor's register description, for cortex-debug.")->type_name(type_file);
  command->add_option("--folder", options->folder, "The folder that VS Code opens.")->capture_default_str();
  command->add_option("--gdb", options->gdb, "The debugger to use.")->capture_default_str();
  command->add_option("--device", options->device, "The device's name as cortex-debug shows it; the board's by default.");
  command->add_option("--port", options->port, "The tunnel's local port.")->capture_default_str();
  command->add_flag("--tunnel", options->tunnel, "Through the server's address even if its gdb port can be reached.");
  command->add_flag("--print", options->print, "Print what would be written.");
  on_call(command, invocation, [options](Context& context) { return vscode(context, *options); });
}

const Command registered{115, &add};

}  // namespace
}  // namespace virserver::cli
