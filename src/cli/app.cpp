#include "cli/app.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "cli/api.hpp"
#include "cli/completion.hpp"
#include "cli/help.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {

constexpr const char* root_manual =
    "virctl drives VirServer: it asks for virtual boards, uploads firmware, switches power, and shows and types on "
    "consoles. It talks to a running virserver by its HTTP API; \"virctl run\" starts one of its own when none runs.\n"
    "\n"
    "Sessions and programs are named by their id, by a beginning of the id that fits only one, or by their exact name.";
constexpr const char* root_more =
    "EXAMPLES\n"
    "  virctl doctor\n"
    "      is the server well, and which emulators does it have\n"
    "  virctl run firmware.elf --board microbit --until 'PASS' --fail '/panic|assert/i' --timeout 30s\n"
    "      one command for continuous integration\n"
    "  virctl session create --board stm32f4-disco --name blinky\n"
    "  virctl program upload blinky firmware.elf\n"
    "  virctl power on blinky\n"
    "  virctl console blinky\n";

// Completion must be quick and silent: any trouble means no candidates.
Task<> print_candidates(Client& client, Candidates candidates, std::string prefix) {
  const auto print = [&](const std::string& word) {
    if (!word.empty() && word.starts_with(prefix)) candidates.words.push_back(printable(word));
  };
  const auto ask = [&client](std::string target) -> Task<boost::json::value> {
    Request request{.target = std::move(target), .patience = std::chrono::seconds(2)};
    auto answer = co_await client.call(std::move(request));
    co_return answer ? std::move(answer->json) : boost::json::value();
  };
  if (candidates.sessions) {
    const auto sessions = co_await ask("/api/v1/sessions?limit=200");
    for (const auto& item : list(sessions, "items")) {
      print(text(item, "id"));
      if (text(item, "name") != text(item, "id")) print(text(item, "name"));
    }
  }
  if (candidates.templates) {
    const auto templates = co_await ask("/api/v1/templates?limit=200");
    for (const auto& item : list(templates, "items")) print(text(item, "id"));
  }
  for (const std::string& word : candidates.words) std::cout << word << "\n";
  if (candidates.files) std::cout << ":files\n";
}

int run_completion(const CLI::App& app, const Globals& globals, std::vector<std::string> words) {
  auto candidates = complete(app, words);
  auto server = parse_server(globals.server);
  if (!server) return exit_failed;
  asio::io_context io(1);
  Client client(io.get_executor(), std::move(*server));
  asio::co_spawn(io, print_candidates(client, std::move(candidates), words.empty() ? "" : words.back()), asio::detached);
  io.run();
  return exit_ok;
}

int report(const Failure& failure) {
  std::cout.flush();
  std::cerr << describe(failure);
  return failure.status;
}

int execute(Globals globals, const Invocation& invocation) {
  auto server = parse_server(globals.server);
  if (!server) return report(server.error());
  asio::io_context io(1);
  Context context(io.get_executor(), std::move(globals), std::move(*server));
  int status = exit_failed;
  const auto finish = [&](std::exception_ptr exception, Outcome<int> outcome) {
    if (exception) std::rethrow_exception(exception);
    status = outcome ? *outcome : report(outcome.error());
    io.stop();
  };
  asio::co_spawn(io, invocation.run(context), finish);
  io.run();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    std::cerr << "virctl: error: cannot write to standard output (OUTPUT)\n";
    return status == exit_ok ? exit_failed : status;
  }
  return status;
}

void read_environment(Globals& globals) {
  const char* url = std::getenv("VIRSERVER_URL");
  if (!globals.server_given && url != nullptr && *url != '\0') {
    globals.server = url;
    globals.server_given = true;
  }
}

}  // namespace

std::unique_ptr<CLI::App> make_app(Globals& globals, Invocation& invocation) {
  auto app = std::make_unique<CLI::App>(std::string("the command line of VirServer\n") + root_manual, "virctl");
  app->footer(root_more);
  app->formatter(std::make_shared<ManualFormatter>());
  app->set_help_flag("-h,--help", "Show this help and leave.");
  app->set_version_flag("--version", std::string("virctl ") + VIRSERVER_VERSION, "Show the version and leave.");
  app->add_option("--server", globals.server,
                  std::string("The server. Default: VIRSERVER_URL, else ") + default_server + ".")
      ->type_name("URL")
      ->each([&globals](const std::string&) { globals.server_given = true; });
  app->add_flag("--json", globals.json, "Print what the API answered, as JSON; streams as one JSON object a line.");
  app->add_flag_callback("--no-color", [&globals] { globals.color = false; }, "No colors, as with NO_COLOR.");
  app->require_subcommand(1);
  app->fallthrough();
  for (const Command::Add add : registered_commands()) add(*app, invocation);
  return app;
}

std::string describe(const Failure& failure) {
  std::string out = "virctl: error: " + printable_lines(failure.message);
  if (!failure.code.empty()) out += fmt::format(" ({})", printable(failure.code));
  out += "\n";
  const boost::json::value details(failure.details);
  for (const char* member : {"errors", "findings"})
    for (const auto& item : list(details, member)) {
      std::string place = text(item, "pointer");
      if (number(item, "line") > 0) place = fmt::format("{}:{}", number(item, "line"), number(item, "column")) + (place.empty() ? "" : " " + place);
      const std::string what = item.is_string() ? std::string(item.get_string().data(), item.get_string().size()) : text(item, "message");
      out += "  " + printable(place) + (place.empty() ? "" : ": ") + printable(what) + "\n";
    }
  for (const char* member : {"install", "remedy", "output"})
    if (const std::string value = text(details, member); !value.empty())
      out += fmt::format("  {}: {}\n", member, printable_lines(value));
  if (!failure.hint.empty()) out += "virctl: hint: " + printable_lines(failure.hint) + "\n";
  return out;
}

int run_virctl(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of write(); what was started is still cleaned up
  Globals globals;
  globals.server = default_server;
  const char* no_color = std::getenv("NO_COLOR");
  globals.color = ::isatty(STDOUT_FILENO) != 0 && (no_color == nullptr || *no_color == '\0');
  Invocation invocation;
  const auto app = make_app(globals, invocation);
  if (argc > 1 && std::string_view(argv[1]) == "__complete") {
    read_environment(globals);
    return run_completion(*app, globals, std::vector<std::string>(argv + 2, argv + argc));
  }
  try {
    app->parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const CLI::App* called = app.get();
    while (!called->get_subcommands().empty()) called = called->get_subcommands().front();
    std::cout << called->help();
    return exit_ok;
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << "\n";
    return exit_ok;
  } catch (const CLI::ParseError& error) {
    const CLI::App* called = app.get();
    std::string path = "virctl";
    while (!called->get_subcommands().empty()) {
      called = called->get_subcommands().front();
      path += " " + called->get_name();
    }
    Failure failure{exit_usage, error.what(), "USAGE", "\"" + path + " --help\" explains the command"};
    return report(failure);
  }
  read_environment(globals);
  return execute(std::move(globals), invocation);
}

}  // namespace virserver::cli
