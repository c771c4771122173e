// virctl events
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <unistd.h>

#include "cli/api.hpp"
#include "cli/command.hpp"
#include "cli/session_watch.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
using namespace asio::experimental::awaitable_operators;

constexpr auto quiet = std::chrono::milliseconds(500);  // without --follow: the kept events come at once

struct Options {
  std::string session;
  std::optional<std::uint64_t> since;
  bool follow = false;
};

bool print_event(Context& context, const ServerEvent& event) {
  error_code ec;
  const auto parsed = boost::json::parse(event.data, ec);
  if (ec) return true;
  if (context.json()) return write_all(STDOUT_FILENO, event.data + "\n");
  return write_all(STDOUT_FILENO, fmt::format("{}  {}  {}  {}\n", printable(text(parsed, "timestamp")), printable(text(parsed, "type")),
                                              printable(text(parsed, "session_id")), boost::json::serialize(at(parsed, "data"))));
}

Task<Outcome<int>> follow(Context& context, Options options) {
  std::string filter;
  if (!options.session.empty()) {
    auto session = co_await find_session(context.client(), options.session);
    if (!session) co_return pass(session);
    filter = "session_id=" + percent_encode(text(*session, "id"));
  }
  std::string query = filter;
  if (!options.since && !options.follow) options.since = 0;
  if (options.since) query += fmt::format("{}since={}", query.empty() ? "" : "&", *options.since);
  auto events = co_await EventStream::open(context.client(), query);
  if (!events) co_return pass(events);
  std::string last_id;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  auto give_up = std::chrono::steady_clock::time_point::max();
  for (;;) {
    if (options.follow) timer.expires_at(std::chrono::steady_clock::time_point::max());
    else timer.expires_after(quiet);
    auto outcome = co_await (events->next() || timer.async_wait(tuple_awaitable));
    if (outcome.index() == 1) co_return exit_ok;
    auto& event = std::get<0>(outcome);
    if (event) {
      if (!event->id.empty()) last_id = event->id;
      if (!print_event(context, *event)) co_return exit_ok;  // nobody reads any more
      continue;
    }
    if (!options.follow) co_return exit_ok;
    context.note("the connection was lost; trying again");
    give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    do {
      asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(200));
      co_await pause.async_wait(tuple_awaitable);
      events = co_await EventStream::open(context.client(), filter, last_id);
    } while (!events && std::chrono::steady_clock::now() < give_up);
    if (!events) co_return pass(events);
  }
}

void add(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, "events", "what happened and what happens",
      "Prints the kept events, the oldest first, and ends. With --follow, prints events as they happen (with --since also "
      "older ones first) and misses none while the server restarts.",
      "EXAMPLES\n  virctl events --session blinky\n  virctl events --follow --json | jq -c 'select(.type == \"session.state\")'\n");
  command->add_option("--session", options->session, "Only this session's.")->type_name(type_session);
  command->add_flag("-f,--follow", options->follow, "Go on with what happens next, until Ctrl-C.");
  command->add_option("--since", options->since, "Only events after this id; 0: from the oldest kept.")->type_name("ID");
  on_call(command, invocation, [options](Context& context) { return follow(context, *options); });
}

const Command registered{90, &add};

}  // namespace
}  // namespace virserver::cli
