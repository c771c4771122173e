// virctl break add|list|show|delete|enable|disable

#include "cli/debug.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

struct Options {
  Target target;
  std::string location, watch, condition, verb;
  std::optional<unsigned> size;
  unsigned ignore = 0;
  bool temporary = false, hardware = false, disabled = false, all = false;
  std::vector<std::uint64_t> ids;
};

std::string place_of(const json::value& breakpoint) {
  std::string out;
  for (const json::value& address : list(breakpoint, "addresses"))
    if (address.is_string()) out += (out.empty() ? "" : ",") + std::string(address.get_string());
  return out;
}

void show_breakpoint(Context& context, const json::value& breakpoint) {
  std::string line = fmt::format("{}  {}  {}", number(breakpoint, "id"), text(breakpoint, "type"), text(breakpoint, "location"));
  if (const std::string place = place_of(breakpoint); !place.empty() && place != text(breakpoint, "location")) line += "  " + place;
  if (const std::string file = text(breakpoint, "file"); !file.empty()) line += fmt::format("  {}:{}", file, number(breakpoint, "line"));
  context.out(printable(line) + "\n");
  std::string facts = flag(breakpoint, "enabled") ? "enabled" : "disabled";
  if (flag(breakpoint, "temporary")) facts += ", temporary";
  if (const auto length = number(breakpoint, "length"); length > 0) facts += fmt::format(", {} bytes", length);
  facts += fmt::format(", {} hits", number(breakpoint, "hit_count"));
  if (const auto ignored = number(breakpoint, "ignore_count"); ignored > 0) facts += fmt::format(", {} more pass", ignored);
  context.out("  " + facts + "\n");
  if (const std::string condition = text(breakpoint, "condition"); !condition.empty()) context.out("  if " + printable(condition) + "\n");
  if (const std::string message = text(breakpoint, "message"); !message.empty())
    context.out(wrap(fmt::format("{}{}", flag(breakpoint, "verified") ? "" : "not set: ", printable(message)), 2));
}

// The condition with a mark below the place that was refused.
Failure marked(Failure failure, const std::string& condition) {
  const auto column = number(json::value(failure.details), "column");
  if (column > 0 && failure.hint.empty() && condition.find('\n') == condition.npos)
    failure.hint = fmt::format("{}\n{}^", condition, std::string(13 + static_cast<std::size_t>(column), ' '));
  return failure;
}

Task<Outcome<int>> add_breakpoint(Context& context, Options options) {
  auto call = co_await DebugCall::to(context, options.target, "/breakpoints");
  if (!call) co_return pass(call);
  json::object body{{"location", options.location},
                    {"type", !options.watch.empty() ? options.watch : options.hardware ? "hardware" : "software"}};
  if (options.size) body["length"] = *options.size;
  if (!options.condition.empty()) body["condition"] = options.condition;
  if (options.ignore > 0) body["ignore_count"] = options.ignore;
  if (options.temporary) body["temporary"] = true;
  if (options.disabled) body["enabled"] = false;
  auto answer = co_await call->send("POST", std::move(body));
  if (!answer) co_return fail(marked(std::move(answer.error()), options.condition));
  if (context.json()) context.out_json(*answer);
  else show_breakpoint(context, answer->json);
  co_return exit_ok;
}

Task<Outcome<int>> list_breakpoints(Context& context, Options options) {
  auto call = co_await DebugCall::to(context, options.target, "/breakpoints");
  if (!call) co_return pass(call);
  ListQuery query{.path = call->target(), .terms = {}};
  auto all = co_await fetch_list(context.client(), std::move(query));
  if (!all) co_return pass(all);
  if (context.json()) {
    context.out_json(*all);
    co_return exit_ok;
  }
  std::vector<std::vector<std::string>> rows{{"ID", "TYPE", "ENABLED", "HITS", "LOCATION", "ADDRESS", "CONDITION"}};
  for (const json::value& item : list(all->json, "items"))
    rows.push_back({std::to_string(number(item, "id")), printable(text(item, "type")), flag(item, "enabled") ? "yes" : "no",
                    std::to_string(number(item, "hit_count")), printable(text(item, "location")),
                    flag(item, "verified") ? printable(place_of(item)) : "not set", printable(text(item, "condition"))});
  context.out(table(rows));
  co_return exit_ok;
}

// show, delete, enable and disable: of one or more breakpoints, in the given order.
Task<Outcome<int>> act(Context& context, Options options) {
  if (options.verb == "delete" && options.all == !options.ids.empty())
    co_return fail(exit_usage, "USAGE", "name the breakpoints to delete, or --all");
  if (options.all) {
    auto call = co_await DebugCall::to(context, options.target, "/breakpoints");
    if (!call) co_return pass(call);
    Request request{.method = "DELETE"};
    auto answer = co_await call->send(std::move(request));
    if (!answer) co_return pass(answer);
    if (!context.json()) context.out("all deleted\n");
    co_return exit_ok;
  }
  for (const std::uint64_t id : options.ids) {
    auto call = co_await DebugCall::to(context, options.target, fmt::format("/breakpoints/{}", id));
    if (!call) co_return pass(call);
    Outcome<Answer> answer;
    if (options.verb == "show") {
      answer = co_await call->get();
    } else if (options.verb == "delete") {
      Request request{.method = "DELETE"};
      answer = co_await call->send(std::move(request));
    } else {
      json::object body{{"enabled", options.verb == "enable"}};
      answer = co_await call->send("PATCH", std::move(body));
    }
    if (!answer) co_return pass(answer);
    if (context.json()) context.out_json(*answer);
    else if (options.verb == "delete") context.out(fmt::format("{} deleted\n", id));
    else show_breakpoint(context, answer->json);
  }
  co_return exit_ok;
}

void add_the_add(CLI::App& group, Invocation& invocation, const std::shared_ptr<Options>& options) {
  auto* command = add_command(
      group, "add", "set a breakpoint or watchpoint",
      "The place is an address (0x08000200), a symbol (uart_send, buffer+4) or a source line (main.c:42). The breakpoint lives in the session until it is "
      "deleted: over resets, power cycles and uploads, and also while the board is off. A condition is an expression of C over registers ($r0), symbols "
      "(counter, &buffer), memory (*(u16*)0x20000000) and constants; the processor goes on where it is 0.",
      "EXAMPLES\n  virctl break add blinky main\n  virctl break add blinky main.c:42 --if 'counter == 7 && $r0 > 3'\n"
      "  virctl break add blinky counter --watch write\n  virctl break add blinky 0x20000100 --watch access --size 16\n"
      "  virctl break add blinky uart_send --ignore 10 --temporary\n");
  add_session_argument(command, options->target.session);
  command->add_option("location", options->location, "An address, a symbol or file:line.")->required()->type_name("LOCATION");
  auto* watch = command->add_option("--watch", options->watch, "Stop when this memory is read, written, or either (access).")
                    ->check(CLI::IsMember({"read", "write", "access"}));
  command->add_option("--size", options->size, "Bytes to watch; by default the symbol's size, or 4.")->needs(watch)->check(CLI::Range(1u, 4096u))->type_name("N");
  command->add_option("--if", options->condition, "Stop only when this is not 0.")->type_name("EXPRESSION");
  command->add_option("--ignore", options->ignore, "Let so many hits pass.")->check(CLI::Range(0u, 1000000000u))->type_name("N");
  command->add_flag("--temporary", options->temporary, "Delete it when it has stopped the processor.");
  command->add_flag("--hardware", options->hardware, "A hardware breakpoint.")->excludes(watch);
  command->add_flag("--disabled", options->disabled, "Set it, but do not stop there yet.");
  on_call(command, invocation, [options](Context& context) { return add_breakpoint(context, *options); });
}

void add(CLI::App& root, Invocation& invocation) {
  auto* group = add_command(root, "break", "breakpoints and watchpoints",
                            "The session's own breakpoints; those that a gdb has set are gdb's and not shown here.");
  group->require_subcommand(1);
  auto options = std::make_shared<Options>();
  add_the_add(*group, invocation, options);

  auto* all = add_command(*group, "list", "list the breakpoints", "Lists the session's breakpoints with their hits.", "EXAMPLES\n  virctl break list blinky\n");
  add_session_argument(all, options->target.session);
  on_call(all, invocation, [options](Context& context) { return list_breakpoints(context, *options); });

  const auto add_act = [&](const std::string& verb, std::string summary, std::string manual) {
    auto* command = add_command(*group, verb, std::move(summary), std::move(manual), fmt::format("EXAMPLES\n  virctl break {} blinky 1\n", verb));
    add_session_argument(command, options->target.session);
    auto* ids = command->add_option("id", options->ids, "The numbers of the breakpoints.")->type_name("ID");
    if (verb == "delete") command->add_flag("--all", options->all, "All of the session's.");
    else ids->required();
    on_call(command, invocation, [options, verb](Context& context) {
      options->verb = verb;
      return act(context, *options);
    });
  };
  add_act("show", "show breakpoints", "Shows place, condition and hits, and why a breakpoint could not be set.");
  add_act("delete", "delete breakpoints", "Deletes breakpoints by number, or all of the session's.");
  add_act("enable", "let breakpoints stop the processor again", "Enables breakpoints that were disabled.");
  add_act("disable", "keep breakpoints, but do not stop there", "Disables breakpoints; their conditions and hits stay.");
}

const Command registered{101, &add};

}  // namespace
}  // namespace virserver::cli
