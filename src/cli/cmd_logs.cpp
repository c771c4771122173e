// virctl logs
#include <boost/json/serialize.hpp>
#include <unistd.h>

#include "base/bytes.hpp"
#include "cli/api.hpp"
#include "cli/command.hpp"
#include "cli/console_printer.hpp"
#include "cli/console_stream.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

struct Options {
  std::string session, console;
  std::optional<std::uint64_t> since;
  bool follow = false;
};

Task<Outcome<int>> follow(Context& context, std::string session_id, Options options) {
  std::map<std::string, std::uint64_t> offsets;
  if (options.since) offsets[options.console] = *options.since;
  ConsoleStream stream(context.client(), session_id, options.console, std::move(offsets), std::chrono::minutes(1));
  ConsolePrinter printer;
  for (;;) {
    auto message = co_await stream.next();
    if (!message) co_return pass(message);
    std::string out;
    if (context.json()) out = message->json.is_null() ? "" : json::serialize(message->json) + "\n";
    else if (message->kind == StreamMessage::Kind::output || (message->kind == StreamMessage::Kind::log && message->console == options.console))
      out = printer.render(message->console, message->data);
    else if (message->kind == StreamMessage::Kind::gap)
      context.note(fmt::format("{}: {} bytes were dropped before they were read", message->console, message->to - message->from));
    if (!write_all(STDOUT_FILENO, out)) co_return exit_ok;
  }
}

Task<Outcome<int>> print(Context& context, Options options) {
  if (options.since && options.console.empty())
    co_return fail(exit_usage, "USAGE", "--since is an offset in one console: name it with --console");
  auto session = co_await find_session(context.client(), options.session);
  if (!session) co_return pass(session);
  const std::string id = text(*session, "id");
  if (options.follow) co_return co_await follow(context, id, std::move(options));
  std::vector<std::string> names;
  if (!options.console.empty()) {
    names.push_back(options.console);
  } else {
    auto consoles = co_await context.client().get(session_path(id, "/consoles"));
    if (!consoles) co_return pass(consoles);
    for (const auto& console : list(consoles->json, "items"))
      if (text(console, "kind") != "emulator" && number(console, "end") > number(console, "begin")) names.push_back(text(console, "name"));
  }
  ConsolePrinter printer;
  for (const std::string& name : names) {
    Request request{.target = session_path(id, fmt::format("/consoles/{}/output", percent_encode(name)))};
    if (options.since) request.target += "?since=" + std::to_string(*options.since);
    auto response = co_await context.client().send(std::move(request));
    if (!response) co_return pass(response);
    if (response->status != 200) co_return fail(failure_of(response->status, response->body));
    const std::string& offset = response->headers["x-console-offset"];
    if (context.json()) {
      const bool plain = is_utf8(response->body);
      json::object line{{"type", "stdout"}, {"console", name}, {"encoding", plain ? "utf-8" : "base64"},
                        {"data", plain ? response->body : to_base64(as_bytes(response->body))}, {"seq", parse_u64(offset).value_or(0)}};
      context.out_json(json::value(std::move(line)));
      continue;
    }
    const auto first = parse_u64(offset);
    if (first && *first > options.since.value_or(0))
      context.note(fmt::format("{}: the first {} bytes are no longer kept", name, *first - options.since.value_or(0)));
    context.out(printer.render(name, response->body));
  }
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, "logs", "the kept output of the consoles",
      "Prints what the consoles have put out, as far as it is kept, byte for byte. Without --console all of them; the "
      "lines of several have the console's name before them. The emulator's own messages are printed with --console only.\n\n"
      "With --json, one stream message a console.",
      "EXAMPLES\n  virctl logs blinky\n  virctl logs blinky --console uart1 --since 4096 > uart1.log\n  virctl logs blinky --follow\n");
  add_session_argument(command, options->session);
  command->add_option("--console", options->console, "Only this console.");
  command->add_option("--since", options->since, "From this offset on, in bytes.")->type_name("OFFSET");
  command->add_flag("-f,--follow", options->follow, "Go on with what comes, until Ctrl-C.");
  on_call(command, invocation, [options](Context& context) { return print(context, *options); });
}

const Command registered{80, &add};

}  // namespace
}  // namespace virserver::cli
