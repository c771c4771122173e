// virctl console
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json/serialize.hpp>
#include <signal.h>
#include <unistd.h>

#include <set>

#include "base/bytes.hpp"
#include "cli/api.hpp"
#include "cli/command.hpp"
#include "cli/console_printer.hpp"
#include "cli/console_stream.hpp"
#include "cli/session_watch.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
using namespace asio::experimental::awaitable_operators;
namespace json = boost::json;

struct Options {
  std::string session, console, since;
  std::optional<std::chrono::nanoseconds> timeout;
  bool no_wait = false;
};

// One attachment. Each of its tasks returns when the attachment is to end; `failure` says if that is bad.
class Attachment {
 public:
  Attachment(Context& context, Options options, std::string id, std::map<std::string, std::uint64_t> offsets,
             std::set<std::string> hidden, bool interactive)
      : context_(context), options_(std::move(options)), id_(std::move(id)), hidden_(std::move(hidden)),
        stream_(context.client(), id_, options_.console, std::move(offsets), std::chrono::minutes(1)),
        printer_(interactive), interactive_(interactive) {}

  Task<Outcome<int>> run() {
    std::optional<RawTerminal> raw;
    if (interactive_) {
      auto entered = RawTerminal::enter(STDIN_FILENO);
      if (!entered) co_return pass(entered);
      raw.emplace(std::move(*entered));
      tell("attached; Ctrl-] leaves");
    }
    co_await (show() || type() || watch() || deadline() || signals());
    show_text(printer_.finish());
    raw.reset();
    if (failure_) co_return fail(std::move(*failure_));
    co_return status_;
  }

 private:
  static Task<> forever() {
    asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await never.async_wait(tuple_awaitable);
  }
  // The emulator's own words only when they were asked for.
  bool is_shown(const StreamMessage& message) const {
    if (message.kind == StreamMessage::Kind::log) return message.console == options_.console;
    return message.kind == StreamMessage::Kind::output && !hidden_.contains(message.console);
  }
  bool show_text(std::string_view bytes) { return write_all(STDOUT_FILENO, bytes); }
  void tell(std::string_view what) {
    if (interactive_) show_text(printer_.note(fmt::format("[virctl: {}]", printable(what))));
    else context_.note(what);
  }

  Task<> show() {
    for (;;) {
      auto message = co_await stream_.next();
      if (!message) {
        // What another part's end cancels, like a connection that is being made, has not failed.
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() == asio::cancellation_type::none) failure_ = std::move(message.error());
        co_return;
      }
      std::string out;
      if (context_.json()) {
        if (!message->json.is_null()) out = json::serialize(message->json) + "\n";
      } else if (is_shown(*message)) {
        out = printer_.render(message->console, message->data);
      } else if (message->kind == StreamMessage::Kind::gap) {
        tell(fmt::format("{}: {} bytes were dropped before they were read", message->console, message->to - message->from));
      } else if (message->kind == StreamMessage::Kind::reconnected) {
        tell("connected again");
      } else if (text(message->json, "type") == "error") {
        tell(message->data.empty() ? text(message->json, "error") : message->data);
      }
      if (!show_text(out)) co_return;  // nobody reads any more
    }
  }

  Task<> type() {
    asio::posix::stream_descriptor input(co_await asio::this_coro::executor, open_for_reading(STDIN_FILENO).release());
    std::string buffer(16 * 1024, '\0');
    for (;;) {
      auto [ec, n] = co_await input.async_read_some(asio::buffer(buffer), tuple_awaitable);
      if (ec) break;
      std::string bytes = buffer.substr(0, n);
      const bool leave = interactive_ && cut_at_escape(bytes);
      if (!bytes.empty()) {
        auto typed = co_await stream_.type(std::move(bytes));
        if (!typed) break;
      }
      if (leave) co_return;
    }
    if (interactive_) co_return;
    if (options_.no_wait) co_return co_await wait_drained(context_.client(), id_, options_.console, stream_);
    co_await forever();
  }

  Task<> watch() {
    for (;;) {
      auto session = co_await wait_for_session(context_.client(), id_, has_ended, std::chrono::minutes(1));
      if (!session) {
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() == asio::cancellation_type::none) failure_ = std::move(session.error());
        co_return;
      }
      co_await wait_drained(context_.client(), id_, options_.console, stream_);
      if (!interactive_) co_return;
      tell("the board is off: " + text(*session, "status_reason"));
      const auto runs = [](const json::value& now) { return !has_ended(now); };
      auto again = co_await wait_for_session(context_.client(), id_, runs, std::chrono::minutes(1));
      if (!again) co_return;
      tell("the board is on");
    }
  }

  Task<> deadline() {
    asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    if (options_.timeout) timer.expires_after(*options_.timeout);
    co_await timer.async_wait(tuple_awaitable);
  }

  Task<> signals() {
    asio::signal_set set(co_await asio::this_coro::executor, SIGINT, SIGTERM, SIGHUP);
    auto [ec, number] = co_await set.async_wait(tuple_awaitable);
    if (!ec) status_ = 128 + number;
  }

  Context& context_;
  Options options_;
  std::string id_;
  std::set<std::string> hidden_;
  ConsoleStream stream_;
  ConsolePrinter printer_;
  bool interactive_;
  int status_ = exit_ok;
  std::optional<Failure> failure_;
};

Task<Outcome<int>> attach(Context& context, Options options) {
  const auto since = parse_u64(options.since);
  if (!options.since.empty() && options.since != "now" && !since)
    co_return fail(exit_usage, "USAGE", "--since is an offset in bytes or \"now\"");
  auto session = co_await find_session(context.client(), options.session);
  if (!session) co_return pass(session);
  const std::string id = text(*session, "id");
  auto consoles = co_await context.client().get(session_path(id, "/consoles"));
  if (!consoles) co_return pass(consoles);
  std::map<std::string, std::uint64_t> offsets;
  std::set<std::string> hidden;
  std::string known;
  bool exists = options.console.empty();
  for (const auto& console : list(consoles->json, "items")) {
    const std::string name = text(console, "name");
    known += (known.empty() ? "" : ", ") + printable(name);
    if (options.since == "now") offsets[name] = static_cast<std::uint64_t>(number(console, "end"));
    if (text(console, "kind") == "emulator" && name != options.console) hidden.insert(name);
    exists |= name == options.console;
  }
  if (!exists)
    co_return fail(exit_failed, "CONSOLE_NOT_FOUND", "the session has no console \"{}\"; it has {}", printable(options.console), known);
  if (since) offsets[options.console.empty() ? text(*session, "default_console") : options.console] = *since;
  const bool interactive = ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0 && !context.json();
  Attachment attachment(context, std::move(options), id, std::move(offsets), std::move(hidden), interactive);
  co_return co_await attachment.run();
}

void add(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, "console", "a terminal on the board's consoles",
      "On a terminal: keys go to the board as they are pressed (Ctrl-C too), its output is shown, Ctrl-] leaves. What the "
      "board has put out before is shown first. On pipes: plain bytes both ways; after the end of standard input the output "
      "goes on until the board ends, --timeout, or at once with --no-wait.\n\n"
      "All consoles are shown; once a second one speaks, lines have the console's name before them. Keys go to --console, else "
      "to the default one. The connection is made again when the server restarts, and goes on where it was.",
      "EXAMPLES\n"
      "  virctl console blinky\n"
      "  printf 'version\\r' | virctl console blinky --since now --timeout 2s\n"
      "\nEXIT STATUS\n"
      "  0    left, or the board ended, or --timeout came\n"
      "  1    it failed\n"
      "  2    the command line is wrong, or an id fits several sessions\n"
      "  3    no server answers\n");
  add_session_argument(command, options->session);
  command->add_option("--console", options->console, "Only this console; without it all of them.");
  command->add_option("--since", options->since, "Begin at this offset in bytes (of --console or the default one), or \"now\".")->type_name("OFFSET|now");
  add_duration(command, "--timeout", options->timeout, "Leave after this time.");
  command->add_flag("--no-wait", options->no_wait, "On pipes: leave at the end of standard input, after the output that is there.");
  on_call(command, invocation, [options](Context& context) { return attach(context, *options); });
}

const Command registered{70, &add};

}  // namespace
}  // namespace virserver::cli
