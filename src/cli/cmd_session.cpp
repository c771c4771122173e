// virctl session create|list|show|update|delete
#include <boost/json/serialize.hpp>

#include "cli/api.hpp"
#include "cli/command.hpp"
#include "cli/session_watch.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

struct Options {
  std::string session, name, backend = "auto", board, status, sort, cursor, list_backend, ttl;
  std::vector<std::string> sessions, labels, removed_labels, features;
  double cpu_cores = 0;
  std::uint64_t memory_mb = 0, limit = 0;
};

Outcome<> add_labels(json::object& labels, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    const std::size_t cut = word.find_first_of(":=");
    if (cut == std::string::npos || cut == 0)
      return fail(exit_usage, "USAGE", "\"{}\" is not a label; write KEY:VALUE", printable(word));
    labels[word.substr(0, cut)] = word.substr(cut + 1);
  }
  return {};
}

Outcome<json::value> parse_ttl(const std::string& text_ttl) {
  if (text_ttl == "none") return json::value();
  auto duration = parse_duration(text_ttl);
  if (!duration) return pass(duration);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(*duration).count();
  if (seconds < 1) return fail(exit_usage, "USAGE", "the shortest time to live is 1s; \"none\" means without end");
  return json::value(static_cast<std::int64_t>(seconds));
}

void show_short(Context& context, const json::value& session) {
  context.out(fmt::format("{}  {}  {} on {}\n", printable(text(session, "id")), printable(text(session, "name")),
                          printable(text(session, "status")), printable(text(session, "backend"))));
}

Task<Outcome<int>> create(Context& context, Options options) {
  json::object body{{"backend", options.backend}};
  if (auto board = add_board(body, options.board); !board) co_return pass(board);
  if (!options.name.empty()) body["name"] = options.name;
  json::object labels;
  if (auto added = add_labels(labels, options.labels); !added) co_return pass(added);
  if (!labels.empty()) body["labels"] = std::move(labels);
  json::object resources;
  if (options.cpu_cores > 0) resources["cpu_cores"] = options.cpu_cores;
  if (options.memory_mb > 0) resources["memory_mb"] = options.memory_mb;
  if (!resources.empty()) body["resources"] = std::move(resources);
  if (!options.ttl.empty()) {
    auto ttl = parse_ttl(options.ttl);
    if (!ttl) co_return pass(ttl);
    if (!ttl->is_null()) body["ttl_sec"] = std::move(*ttl);
  }
  json::object features;
  for (const std::string& feature : options.features) {
    const bool off = feature.starts_with("no-");
    features[off ? feature.substr(3) : feature] = !off;
  }
  if (!features.empty()) body["features"] = std::move(features);
  auto answer = co_await context.client().post("/api/v1/sessions", json::value(std::move(body)));
  if (!answer) {
    if (answer.error().code == "TEMPLATE_NOT_FOUND") answer.error().hint = "\"virctl board list\" shows the templates";
    co_return pass(answer);
  }
  if (context.json()) {
    context.out_json(*answer);
    co_return exit_ok;
  }
  show_short(context, answer->json);
  for (const auto& finding : list(answer->json, "findings"))
    context.note(fmt::format("{}: {}", text(finding, "severity"), text(finding, "message")));
  co_return exit_ok;
}

Task<Outcome<int>> list_sessions(Context& context, Options options) {
  ListQuery query{.path = "/api/v1/sessions", .terms = {}, .limit = options.limit, .cursor = options.cursor};
  const auto term = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) query.terms.push_back(fmt::format("{}={}", key, percent_encode(value)));
  };
  term("status", options.status);
  term("backend", options.list_backend);
  term("name", options.name);
  term("sort", options.sort);
  for (const std::string& label : options.labels) term("label", label);
  auto all = co_await fetch_list(context.client(), std::move(query));
  if (!all) co_return pass(all);
  if (context.json()) {
    context.out_json(*all);
    co_return exit_ok;
  }
  std::vector<std::vector<std::string>> rows{{"ID", "NAME", "STATUS", "BACKEND", "BOARD", "CREATED"}};
  for (const auto& item : list(all->json, "items")) {
    std::string board = text(item, "board_template");
    if (board.empty()) board = text(at(item, "board_config"), "name");
    rows.push_back({printable(text(item, "id")), printable(text(item, "name")), printable(text(item, "status")),
                    printable(text(item, "backend")), printable(board), printable(text(item, "created_at").substr(0, 19))});
  }
  context.out(table(rows));
  if (const std::string next = text(all->json, "next_cursor"); !next.empty())
    context.note("there are more: --cursor " + next);
  co_return exit_ok;
}

Task<Outcome<int>> show(Context& context, Options options) {
  auto found = co_await find_session(context.client(), options.session);
  if (!found) co_return pass(found);
  auto answer = co_await context.client().get(session_path(text(*found, "id")));
  if (!answer) co_return pass(answer);
  if (context.json()) {
    context.out_json(*answer);
    co_return exit_ok;
  }
  const json::value& session = answer->json;
  show_short(context, session);
  const auto row = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) context.out(fmt::format("  {:<16}{}\n", key, printable(value)));
  };
  row("reason", text(session, "status_reason"));
  row("board", text(session, "board_template"));
  row("default console", text(session, "default_console"));
  for (const auto& node : list(session, "nodes"))
    row("node", fmt::format("{} ({}, {} endian)", text(node, "id"), text(node, "architecture"), text(node, "endianness")));
  if (const json::value& sandbox = at(session, "sandbox"); sandbox.is_object())
    row("sandbox", text(sandbox, "mode") + (text(sandbox, "cause").empty() ? "" : ": " + text(sandbox, "cause")));
  if (at(session, "virtual_time_ns").is_number())
    row("virtual time", fmt::format("{:.6f} s", static_cast<double>(number(session, "virtual_time_ns")) / 1e9));
  if (at(session, "labels").is_object() && !at(session, "labels").get_object().empty())
    row("labels", json::serialize(at(session, "labels")));
  if (at(session, "ttl_sec").is_number())
    row("time to live", fmt::format("{} s, until {}", number(session, "ttl_sec"), text(session, "expires_at")));
  row("created", text(session, "created_at"));
  row("last used", text(session, "last_used_at"));
  for (const auto& finding : list(session, "findings"))
    row(text(finding, "severity"), text(finding, "message"));
  if (at(session, "last_exit").is_object()) context.out("  last exit: " + exit_report(session) + "\n");
  co_return exit_ok;
}

Task<Outcome<int>> update(Context& context, Options options) {
  auto session = co_await find_session(context.client(), options.session);
  if (!session) co_return pass(session);
  json::object body;
  if (!options.name.empty()) body["name"] = options.name;
  if (!options.ttl.empty()) {
    auto ttl = parse_ttl(options.ttl);
    if (!ttl) co_return pass(ttl);
    body["ttl_sec"] = std::move(*ttl);
  }
  if (!options.labels.empty() || !options.removed_labels.empty()) {
    json::object labels;
    if (at(*session, "labels").is_object()) labels = at(*session, "labels").get_object();
    for (const std::string& key : options.removed_labels) labels.erase(key);
    if (auto added = add_labels(labels, options.labels); !added) co_return pass(added);
    body["labels"] = std::move(labels);
  }
  if (body.empty()) co_return fail(exit_usage, "USAGE", "nothing to change: give --name, --label, --remove-label or --ttl");
  Request request{.method = "PATCH", .target = session_path(text(*session, "id")), .body = json::serialize(body),
                  .content_type = "application/json"};
  auto answer = co_await context.client().call(std::move(request));
  if (!answer) co_return pass(answer);
  if (context.json()) context.out_json(*answer);
  else show_short(context, answer->json);
  co_return exit_ok;
}

Task<Outcome<int>> remove(Context& context, Options options) {
  std::vector<std::string> ids;  // all are found before the first is deleted
  for (const std::string& given : options.sessions) {
    auto session = co_await find_session(context.client(), given);
    if (!session) co_return pass(session);
    ids.push_back(text(*session, "id"));
  }
  for (const std::string& id : ids) {
    Request request{.method = "DELETE", .target = session_path(id)};
    auto answer = co_await context.client().call(std::move(request));
    if (!answer) co_return pass(answer);
    if (!context.json()) context.out(fmt::format("{} deleted\n", id));
  }
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto* group = add_command(root, "session", "virtual boards: create, list, show, change, delete",
                            "A session is one virtual board with its power, programs and consoles.");
  group->require_subcommand(1);
  auto o = std::make_shared<Options>();

  auto* make = add_command(*group, "create", "create a virtual board, powered off",
                           "Prints the new session's id first. What cannot run on this server is refused with the reasons.",
                           "EXAMPLES\n"
                           "  virctl session create --board stm32f4-disco --name blinky --ttl 2h\n"
                           "  virctl session create --board ./my-board.yaml --label team:radio\n"
                           "  id=$(virctl session create --board microbit --json | jq -r .id)\n");
  make->add_option("--board", o->board, "The id of a template, or a file (JSON or YAML).")->required()->type_name(type_board);
  make->add_option("--name", o->name, "A name; the server invents one otherwise.");
  make->add_option("--backend", o->backend, "Run it on this backend.")->check(CLI::IsMember({"auto", "qemu", "renode", "skyeye"}));
  make->add_option("--label", o->labels, "KEY:VALUE.")->allow_extra_args(false);
  make->add_option("--ttl", o->ttl, "Delete it when unused for so long: 30m, 2h.")->type_name("DURATION");
  make->add_option("--cpu-cores", o->cpu_cores, "Limit of the emulator's process, in host cores.")->check(CLI::PositiveNumber);
  make->add_option("--memory-mb", o->memory_mb, "Limit of the emulator's process, in MiB of host memory.")->check(CLI::PositiveNumber);
  make->add_option("--feature", o->features, "Choose what must be known before power-on: coverage, trace, irq, deterministic, record; no-NAME chooses it away.")->allow_extra_args(false);
  on_call(make, invocation, [o](Context& context) { return create(context, *o); });

  auto* all = add_command(*group, "list", "list sessions", "Lists all sessions, the newest first.",
                          "EXAMPLES\n  virctl session list --status running --label team:radio\n");
  all->add_option("--status", o->status, "Only sessions in this state.")
      ->check(CLI::IsMember({"created", "starting", "running", "paused", "stopping", "stopped", "resetting", "error"}));
  all->add_option("--backend", o->list_backend, "Only this backend's.")->check(CLI::IsMember({"qemu", "renode", "skyeye"}));
  all->add_option("--label", o->labels, "KEY:VALUE; all must match.")->allow_extra_args(false);
  all->add_option("--name", o->name, "Only sessions of exactly this name.");
  all->add_option("--sort", o->sort, "The order; - is descending.")
      ->check(CLI::IsMember({"created_at", "-created_at", "updated_at", "-updated_at", "name", "-name"}));
  auto* limit = all->add_option("--limit", o->limit, "One page of so many.")->check(CLI::Range(1, 200));
  all->add_option("--cursor", o->cursor, "The page after this cursor.")->needs(limit);
  on_call(all, invocation, [o](Context& context) { return list_sessions(context, *o); });

  auto* one = add_command(*group, "show", "show one session", "Shows state, consoles, limits, findings, and how it last ended.",
                          "EXAMPLES\n  virctl session show blinky\n  virctl session show ses-01h --json\n");
  add_session_argument(one, o->session);
  on_call(one, invocation, [o](Context& context) { return show(context, *o); });

  auto* change = add_command(*group, "update", "change name, labels or time to live",
                             "Labels that are not named stay as they are.",
                             "EXAMPLES\n  virctl session update blinky --ttl 8h --label stage:test\n"
                             "  virctl session update blinky --ttl none --remove-label stage\n");
  add_session_argument(change, o->session);
  change->add_option("--name", o->name, "The new name.");
  change->add_option("--label", o->labels, "Set KEY:VALUE.")->allow_extra_args(false);
  change->add_option("--remove-label", o->removed_labels, "Remove the label of this key.")->allow_extra_args(false);
  change->add_option("--ttl", o->ttl, "Delete it when unused for so long; \"none\": never.")->type_name("DURATION");
  on_call(change, invocation, [o](Context& context) { return update(context, *o); });

  auto* drop = add_command(*group, "delete", "end sessions in any state",
                           "When it returns, no process and no file of the sessions is left. Nothing is deleted when one of the ids fits none or several.",
                           "EXAMPLES\n  virctl session delete blinky ses-01h3\n");
  drop->add_option("session", o->sessions, "The sessions: ids, unique beginnings of ids, or exact names.")->required()->type_name(type_session);
  on_call(drop, invocation, [o](Context& context) { return remove(context, *o); });
}

const Command registered{40, &add};

}  // namespace
}  // namespace virserver::cli
