// virctl program upload|list|show|start|pause|stop|delete

#include "cli/api.hpp"
#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/text.hpp"
#include "cli/upload.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

struct Options {
  std::string session, program, file, name, type, role, load_address, verb;
  std::vector<std::string> arguments;
  bool start = false, wait_for_gdb = false;
};

void show_program(Context& context, const json::value& program) {
  context.out(fmt::format("{}  {}  {} ({}), {}\n", printable(text(program, "id")), printable(text(program, "name")),
                          printable(text(program, "status")), printable(text(program, "role")),
                          size_text(static_cast<std::uint64_t>(number(program, "size")))));
  std::string facts = text(program, "type");
  if (const std::string architecture = text(program, "architecture"); !architecture.empty()) facts += ", " + architecture;
  if (const std::string entry = text(program, "entry_point"); !entry.empty()) facts += ", entry " + entry;
  facts += flag(program, "has_dwarf") ? ", debug information" : flag(program, "has_symbols") ? ", symbols" : "";
  context.out("  " + printable(facts) + "\n");
  for (const auto& region : list(program, "regions"))
    context.out(fmt::format("  region   {} {}\n", printable(text(region, "address")), size_text(static_cast<std::uint64_t>(number(region, "size")))));
}

Task<Outcome<int>> upload_program(Context& context, Options options) {
  auto session = co_await find_session(context.client(), options.session);
  if (!session) co_return pass(session);
  Upload what{.session_id = text(*session, "id"), .file = options.file, .name = options.name, .type = options.type,
              .role = options.role, .load_address = options.load_address, .start = options.start};
  auto answer = co_await upload(context.client(), std::move(what));
  if (!answer) co_return pass(answer);
  if (context.json()) context.out_json(*answer);
  else show_program(context, answer->json);
  co_return exit_ok;
}

Task<Outcome<int>> list_programs(Context& context, Options options) {
  auto session = co_await find_session(context.client(), options.session);
  if (!session) co_return pass(session);
  ListQuery query{.path = session_path(text(*session, "id"), "/programs"), .terms = {}};
  auto all = co_await context.client().get(query.path);
  if (!all) co_return pass(all);
  if (context.json()) {
    context.out_json(*all);
    co_return exit_ok;
  }
  std::vector<std::vector<std::string>> rows{{"ID", "NAME", "ROLE", "STATUS", "TYPE", "SIZE"}};
  for (const auto& item : list(all->json, "items"))
    rows.push_back({printable(text(item, "id")), printable(text(item, "name")), printable(text(item, "role")),
                    printable(text(item, "status")), printable(text(item, "type")), size_text(static_cast<std::uint64_t>(number(item, "size")))});
  context.out(table(rows));
  co_return exit_ok;
}

// show, start, pause, stop and delete: all about one program.
Task<Outcome<int>> act(Context& context, Options options) {
  auto session = co_await find_session(context.client(), options.session);
  if (!session) co_return pass(session);
  const std::string session_id = text(*session, "id");
  auto program = co_await find_program(context.client(), session_id, options.program);
  if (!program) co_return pass(program);
  const std::string path = session_path(session_id, "/programs/" + percent_encode(text(*program, "id")));
  const Progress progress(context.client().executor(), options.verb + " " + options.program);
  Outcome<Answer> answer;
  if (options.verb == "show") {
    answer = co_await context.client().get(path);
  } else if (options.verb == "delete") {
    Request request{.method = "DELETE", .target = path};
    answer = co_await context.client().call(std::move(request));
  } else if (options.verb == "start") {
    json::object body;
    if (!options.arguments.empty()) body["args"] = json::value_from(options.arguments);
    if (options.wait_for_gdb) body["wait_for_gdb"] = true;
    answer = co_await context.client().post(path + "/start", json::value(std::move(body)));
  } else {
    Request request{.method = "POST", .target = path + "/" + options.verb};
    answer = co_await context.client().call(std::move(request));
  }
  if (!answer) co_return pass(answer);
  if (context.json()) context.out_json(*answer);
  else if (options.verb == "delete") context.out(text(*program, "id") + " deleted\n");
  else show_program(context, answer->json);
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto* group = add_command(root, "program", "firmware images of a session",
                            "Programs are named by id, a unique beginning of it, or their exact name.");
  group->require_subcommand(1);
  auto o = std::make_shared<Options>();
  auto* up = add_command(*group, "upload", "upload an ELF, Intel HEX or raw binary image",
                         "The image is checked against the board and never disturbs one that runs: the next power-on or "
                         "start loads it. Images of several roles stand in one memory; a new upload of a role replaces the older.",
                         "EXAMPLES\n"
                         "  virctl program upload blinky firmware.elf --start\n"
                         "  virctl program upload blinky boot.bin --role bootloader --load-address 0x08000000\n");
  add_session_argument(up, o->session);
  up->add_option("file", o->file, "The image.")->required()->type_name(type_file);
  up->add_option("--name", o->name, "A name; the file's own by default.");
  up->add_option("--type", o->type, "The format; recognised when left out.")->check(CLI::IsMember({"elf", "hex", "bin"}));
  up->add_option("--role", o->role, "application (default), bootloader, or any other word.");
  up->add_option("--load-address", o->load_address, "Where a raw binary goes; by default where the board boots.")->type_name("ADDRESS");
  up->add_flag("--start", o->start, "Load it and run at once.");
  on_call(up, invocation, [o](Context& context) { return upload_program(context, *o); });

  auto* all = add_command(*group, "list", "list the images of a session", "The oldest first.", "EXAMPLES\n  virctl program list blinky\n");
  add_session_argument(all, o->session);
  on_call(all, invocation, [o](Context& context) { return list_programs(context, *o); });

  struct Verb {
    const char *name, *summary, *manual;
  };
  for (const Verb& verb : {Verb{"show", "show one image", "Shows format, entry point and where it goes in memory."},
                           Verb{"start", "load it, reset and run", "Powers the board on if it is off. The newest uploads of the other roles are loaded with it."},
                           Verb{"pause", "pause the board that runs it", "\"virctl power resume SESSION\" lets it go on."},
                           Verb{"stop", "halt the board and unload the program", "The program stays uploaded, but the next power-on does not load it until it is started again."},
                           Verb{"delete", "forget an image", "A board that runs it runs on."}}) {
    auto* command = add_command(*group, verb.name, verb.summary, verb.manual, fmt::format("EXAMPLES\n  virctl program {} blinky firmware.elf\n", verb.name));
    add_session_argument(command, o->session);
    command->add_option("program", o->program, "The program: id, unique beginning of it, or exact name.")->required();
    if (std::string_view(verb.name) == "start") {
      command->add_option("--arg", o->arguments, "A word of the semihosting command line, where the board has semihosting.")->allow_extra_args(false);
      command->add_flag("--wait-for-gdb", o->wait_for_gdb, "Stay paused at the first instruction.");
    }
    on_call(command, invocation, [o, name = std::string(verb.name)](Context& context) {
      Options options = *o;
      options.verb = name;
      return act(context, std::move(options));
    });
  }
}

const Command registered{60, &add};

}  // namespace
}  // namespace virserver::cli
