// virctl run: its command line. What it does is in run.cpp.
#include "cli/command.hpp"
#include "cli/run.hpp"

namespace virserver::cli {
namespace {

constexpr const char* manual =
    "Creates a board, loads the firmware, powers it on, shows its consoles on standard output, and ends with a status that "
    "tells the result. The session is deleted in the end, also when virctl is interrupted.\n"
    "\n"
    "Texts of --until and --fail are searched in the output of every console, however it arrives in pieces. /X/ is a "
    "regular expression (RE2 syntax; /X/i ignores case) that is matched against each line without its end, and against the "
    "unfinished line, so that prompts are found. The first of them in the output decides.\n"
    "\n"
    "When no server answers at the default address, and none was named, virctl starts one of its own (the virserver beside "
    "it or in PATH) with an empty data directory, and ends it afterwards.\n"
    "\n"
    "The emulator's own messages, and virctl's, go to standard error. With --json, standard output has one JSON object a "
    "line: the messages of the console stream, then one of type \"result\".";
constexpr const char* more =
    "EXAMPLES\n"
    "  virctl run firmware.elf --board stm32f4-disco --until 'ALL TESTS PASSED' --fail '/FAIL|assert/i' --timeout 30s\n"
    "  virctl run micropython.hex --board microbit --until 42 --input 'print(6*7)\\r' --timeout 20s\n"
    "  virctl run app.bin --board ./my-board.yaml --load-address 0x08004000 --image bootloader:boot.bin@0x08000000\n"
    "  virctl run semihosting.elf --board mps2-an385 --exit-code\n"
    "  virctl run firmware.elf --platform my-board.repl --until ready --timeout 1m\n"
    "\n"
    "EXIT STATUS\n"
    "  0    a text of --until came; or, without --until, the guest ended well (exit code 0, or it shut down)\n"
    "  1    a text of --fail came, or the guest ended otherwise: the cause and registers are on standard error;\n"
    "       or something else failed\n"
    "  N    with --exit-code, the guest's own exit code\n"
    "  2    the command line is wrong\n"
    "  3    the named server does not answer\n"
    "  124  --timeout or --virtual-timeout was over\n"
    "  128+N  ended by signal N\n"
    "\n"
    "ENVIRONMENT\n"
    "  VIRSERVER_URL   the server, unless --server names one\n"
    "  NO_COLOR        when set, no colors\n"
    "  TMPDIR          where the data directory of virctl's own server is made\n";

void add(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<RunOptions>();
  auto* command = add_command(root, "run", "run firmware on a board and tell how it went: one command for CI", manual, more);
  command->add_option("firmware", o->firmware, "The image: ELF, Intel HEX or raw binary.")->required()->type_name(type_file);
  auto* board = command->add_option("--board", o->board, "The id of a template, or a file (JSON or YAML).")->type_name(type_board);
  command->add_option("--platform", o->platform, "Instead of --board: a platform description of your own for Renode (.repl); its UARTs become the consoles.")
      ->type_name(type_file)->excludes(board);
  command->add_option("--model", o->models, "A model in C# (.cs) that the platform uses; may be repeated. A server that you name must permit it.")
      ->type_name(type_file)->allow_extra_args(false);
  command->parse_complete_callback([o] {
    if (!o->models.empty() && o->platform.empty()) throw CLI::RequiredError("--platform");
    if (o->board.empty() && o->platform.empty()) throw CLI::RequiredError("--board or --platform");
  });
  command->add_option("--backend", o->backend, "Run it on this backend.")->check(CLI::IsMember({"auto", "qemu", "renode", "skyeye"}));
  command->add_option("--until", o->until, "End with 0 when this text or /expression/ comes; any one of several.")->allow_extra_args(false);
  command->add_option("--fail", o->fail, "End with 1 when this text or /expression/ comes.")->allow_extra_args(false);
  command->add_flag("--exit-code", o->exit_code, "When the guest ends with a code that is not 0, end with that.");
  add_duration(command, "--timeout", o->timeout, "End with 124 after this time on the host: 500ms, 30s, 2m. Without it there is no limit.");
  add_duration(command, "--virtual-timeout", o->virtual_timeout, "End with 124 after this time of the guest; refused where the backend does not tell it.");
  command->add_option("--input", o->inputs, "Type this on the default console after the start; \\n \\r \\t \\e \\\\ \\xNN are known.")->allow_extra_args(false);
  command->add_option("--console-log", o->console_log, "Also write the consoles' output to this file.")->type_name(type_file);
  command->add_option("--name", o->name, "A name for the session.");
  command->add_option("--role", o->role, "The role of the firmware: application (default), bootloader, or any other word.");
  command->add_option("--type", o->type, "The format of the firmware; recognised when left out.")->check(CLI::IsMember({"elf", "hex", "bin"}));
  command->add_option("--load-address", o->load_address, "Where a raw binary goes; by default where the board boots.")->type_name("ADDRESS");
  command->add_option("--image", o->images, "A further image: ROLE:FILE or, for a raw binary, ROLE:FILE@ADDRESS.")->type_name("ROLE:FILE[@ADDRESS]")->allow_extra_args(false);
  command->add_flag("--keep", o->keep, "Do not delete the session in the end.");
  on_call(command, invocation, [o](Context& context) { return run_firmware(context, *o); });
}

const Command registered{100, &add};

}  // namespace
}  // namespace virserver::cli
