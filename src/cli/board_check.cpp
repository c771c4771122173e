// virctl board check
#include <boost/json/serialize.hpp>

#include <map>

#include "cli/api.hpp"
#include "cli/board_commands.hpp"
#include "cli/form.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

struct Options {
  std::string board, backend = "auto", program, type, load_address;
};

std::string part_line(const json::value& part) {
  std::string line = printable(text(part, "name"));
  if (line.empty()) line = printable(text(part, "pointer"));
  const std::string on = text(part, "on"), reason = text(part, "reason");
  if (!on.empty()) line += " on " + printable(on);
  if (!reason.empty()) line += ": " + printable(reason);
  return line;
}

// Everything there is, by what becomes of it; what simply runs in as few lines as possible.
void show_parts(Context& context, const json::value& backend) {
  std::map<std::string, std::vector<std::string>> by_state;
  for (const auto& part : list(backend, "parts")) by_state[text(part, "state")].push_back(part_line(part));
  for (const auto& [state, color] : {std::pair{"runs", "32"}, {"approximated", "33"}, {"missing", "31"}, {"unknown", "2"}}) {
    const auto& lines = by_state[state];
    if (lines.empty()) continue;
    context.out(fmt::format("  {}\n", context.paint(color, state)));
    for (const std::string& line : lines) context.out(wrap(line, 4));
  }
}

void show_verdict(Context& context, const json::value& backend) {
  const std::string verdict = text(backend, "verdict");
  const char* color = verdict == "runs" ? "32" : verdict == "refused" ? "31" : "33";
  std::string line = fmt::format("{}: {}", printable(text(backend, "backend")), context.paint(color, printable(verdict)));
  if (const std::string machine = text(backend, "machine"); !machine.empty()) line += " on " + printable(machine);
  if (const std::string reason = text(backend, "reason"); !reason.empty()) line += ": " + printable(reason);
  if (const std::string code = text(backend, "code"); !code.empty()) line += " (" + printable(code) + ")";
  context.out(line + "\n");
  for (const auto& finding : list(backend, "findings")) {
    const std::string pointer = text(finding, "pointer");
    context.out(fmt::format("  {:<12} {}{}\n", printable(text(finding, "severity")),
                            pointer.empty() ? "" : printable(pointer) + ": ", printable(text(finding, "message"))));
  }
  show_parts(context, backend);
}

Outcome<Request> check_request(const Options& options) {
  json::object body{{"backend", options.backend}};
  if (auto board = add_board(body, options.board); !board) return pass(board);
  if (options.program.empty())
    return Request{.method = "POST", .target = "/api/v1/templates/check", .body = json::serialize(body), .content_type = "application/json"};
  Form form;
  for (const auto& [name, value] : body) form.add(name, {value.get_string().data(), value.get_string().size()});
  if (!options.type.empty()) form.add("type", options.type);
  if (!options.load_address.empty()) form.add("load_address", options.load_address);
  if (auto added = form.add_file("program", options.program); !added) return pass(added);
  return std::move(form).post("/api/v1/templates/check");
}

Task<Outcome<int>> check_board(Context& context, Options options) {
  auto request = check_request(options);
  if (!request) co_return pass(request);
  auto answer = co_await context.client().call(std::move(*request));
  if (!answer) {
    if (context.json() && answer.error().http_status != 0)
      context.out_json(json::value(json::object{{"error", answer.error().message}, {"code", answer.error().code}, {"details", answer.error().details}}));
    const json::value place(answer.error().details);
    if (number(place, "line") > 0 && answer.error().message.find("line") == std::string::npos)
      answer.error().message = fmt::format("{}:{}:{}: {}", options.board, number(place, "line"), number(place, "column"), answer.error().message);
    co_return pass(answer);
  }
  const bool runs = flag(answer->json, "runs");
  if (context.json()) {
    context.out_json(*answer);
    co_return runs ? exit_ok : exit_failed;
  }
  for (const auto& backend : list(answer->json, "backends")) show_verdict(context, backend);
  const std::string what = options.program.empty() ? "the board" : "the board with this program";
  context.out(runs ? what + " runs here\n" : "no backend on this server runs " + what + "\n");
  co_return runs ? exit_ok : exit_failed;
}

}  // namespace

void add_board_check(CLI::App& group, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* check = add_command(group, "check", "would this board run here, and on what",
                            "Sends the board, and with --program also a program, to the server, which starts nothing, and prints each "
                            "backend's verdict, its findings, and what becomes of every part of the board: it runs, is approximated or "
                            "is missing. Mistakes are shown with their place: line and column, and the JSON pointer.",
                            "EXAMPLES\n  virctl board check my-board.yaml\n  virctl board check my-board.yaml --program firmware.elf\n"
                            "  virctl board check microbit --backend qemu\n"
                            "\nEXIT STATUS\n"
                            "  0    a backend runs it\n"
                            "  1    every backend refuses it, or it has mistakes\n"
                            "  2    the command line is wrong, or the file cannot be read\n"
                            "  3    no server answers\n");
  check->add_option("board", options->board, "A file (JSON or YAML), or the id of a template.")->required()->type_name(type_board);
  check->add_option("--backend", options->backend, "Ask this backend only.")->check(CLI::IsMember({"auto", "qemu", "renode", "skyeye"}));
  check->add_option("--program", options->program, "Would this image run on it: ELF, Intel HEX or raw binary.")->type_name(type_file);
  check->add_option("--type", options->type, "The format of the program; recognised when left out.")->check(CLI::IsMember({"elf", "hex", "bin"}));
  check->add_option("--load-address", options->load_address, "Where a raw binary goes; by default where the board boots.")->type_name("ADDRESS");
  on_call(check, invocation, [options](Context& context) { return check_board(context, *options); });
}

}  // namespace virserver::cli
