// virctl gdb
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstring>
#include <filesystem>

#include "base/task_scope.hpp"
#include "cli/api.hpp"
#include "cli/command.hpp"
#include "cli/gdb_tunnel.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"

extern char** environ;

namespace virserver::cli {
namespace {

using tcp = asio::ip::tcp;

struct Options {
  std::string session, listen;
  std::vector<std::string> debugger;
};

Outcome<tcp::endpoint> parse_endpoint(const std::string& given) {
  const std::size_t colon = given.rfind(':');
  std::string host = colon == given.npos ? "127.0.0.1" : given.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  error_code ec;
  const auto address = asio::ip::make_address(host, ec);
  const std::string digits = given.substr(colon == given.npos ? 0 : colon + 1);
  char* end = nullptr;
  const unsigned long port = std::strtoul(digits.c_str(), &end, 10);
  if (ec || digits.empty() || *end || port > 65535) return fail(exit_usage, "USAGE", "\"{}\" is no ADDRESS:PORT", printable(given));
  return tcp::endpoint(address, static_cast<std::uint16_t>(port));
}

// gdb's own words for a pipe: `target remote | virctl gdb ID`.
Task<Outcome<int>> over_pipes(Context& context, std::string session_id) {
  auto input = std::make_shared<asio::posix::stream_descriptor>(context.client().executor(), open_for_reading(0).release());
  LocalEnd local;
  local.read = [input]() -> Task<std::string> {
    std::string buffer(16384, '\0');
    auto [ec, count] = co_await input->async_read_some(asio::buffer(buffer), tuple_awaitable);
    buffer.resize(ec ? 0 : count);
    co_return buffer;
  };
  local.write = [](const std::string& bytes) -> Task<bool> { co_return write_all(1, bytes); };
  auto done = co_await tunnel(context.client(), std::move(session_id), std::move(local));
  if (!done) co_return pass(done);
  co_return exit_ok;
}

Task<> serve(Context& context, std::string session_id, tcp::socket accepted) {
  auto socket = std::make_shared<tcp::socket>(std::move(accepted));
  error_code ignored;
  socket->set_option(tcp::no_delay(true), ignored);
  LocalEnd local;
  local.read = [socket]() -> Task<std::string> {
    std::string buffer(16384, '\0');
    auto [ec, count] = co_await socket->async_read_some(asio::buffer(buffer), tuple_awaitable);
    buffer.resize(ec ? 0 : count);
    co_return buffer;
  };
  local.write = [socket](const std::string& bytes) -> Task<bool> {
    auto [ec, count] = co_await asio::async_write(*socket, asio::buffer(bytes), tuple_awaitable);
    co_return !ec;
  };
  const auto done = co_await tunnel(context.client(), std::move(session_id), std::move(local));
  if (!done) context.note(fmt::format("a debugger's connection failed: {}", done.error().message));
}

Task<Outcome<int>> over_tcp(Context& context, std::string session_id, tcp::endpoint place) {
  const auto executor = context.client().executor();
  tcp::acceptor acceptor(executor);
  error_code ec;
  acceptor.open(place.protocol(), ec);
  if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor.bind(place, ec);
  if (!ec) acceptor.listen(16, ec);
  if (ec) co_return fail(exit_failed, "", "cannot listen on {}:{}: {}", place.address().to_string(), place.port(), ec.message());
  const auto real = acceptor.local_endpoint();
  context.out(fmt::format("listening on {}:{}; in gdb: target extended-remote {}:{}\n", real.address().to_string(), real.port(),
                          real.address().to_string(), real.port()));
  std::fflush(stdout);
  TaskScope scope(executor, "gdb tunnels");
  for (;;) {
    auto [failed, socket] = co_await acceptor.async_accept(tuple_awaitable);
    if (failed) break;
    scope.spawn(serve(context, session_id, std::move(socket)));
  }
  co_await scope.stop();
  co_return exit_ok;
}

// Starts the debugger with its target already connected, and waits for it. A terminal's Ctrl-C is gdb's alone.
Outcome<int> run_debugger(Context& context, const std::string& session_id, std::vector<std::string> words) {
  std::error_code ec;
  std::string self = std::filesystem::read_symlink("/proc/self/exe", ec).string();
  if (ec) self = "virctl";
  words.insert(words.begin() + 1, {"-ex", fmt::format("target extended-remote | '{}' --server '{}' gdb {}", self, context.client().server().url, session_id)});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGQUIT, SIG_IGN);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t defaults;
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGINT);
  ::sigaddset(&defaults, SIGQUIT);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t child = -1;
  const int error = ::posix_spawnp(&child, argv[0], nullptr, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    Failure failure{exit_usage, fmt::format("{} cannot be started: {}", printable(words[0]), std::strerror(error)), "USAGE"};
    failure.hint = "install a debugger that knows the processor: apt-get install gdb-multiarch";
    return fail(std::move(failure));
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Task<Outcome<int>> gdb(Context& context, Options options) {
  auto session = co_await find_session(context.client(), options.session);
  if (!session) co_return pass(session);
  const std::string id = text(*session, "id");
  if (!options.debugger.empty()) co_return run_debugger(context, id, std::move(options.debugger));
  if (options.listen.empty()) co_return co_await over_pipes(context, id);
  auto place = parse_endpoint(options.listen);
  if (!place) co_return pass(place);
  co_return co_await over_tcp(context, id, *place);
}

void add(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, "gdb", "connect a debugger to a board",
      "Carries gdb's protocol to the server, from any machine that reaches it. Without options it speaks on standard input and output, for "
      "gdb's \"target extended-remote | virctl gdb SESSION\". With a debugger's command line after \"--\" it starts it, connected. With --listen it "
      "opens a local port for any number of debuggers until it is interrupted. Several debuggers may work on one board at once; a board "
      "that is off is waited for.\n"
      "On the server's own machine gdb can also connect to the session's gdb_port directly.",
      "EXAMPLES\n  virctl gdb blinky -- gdb-multiarch firmware.elf\n  virctl gdb blinky --listen 127.0.0.1:3333\n"
      "  gdb-multiarch firmware.elf -ex 'target extended-remote | virctl gdb blinky'\n");
  add_session_argument(command, options->session);
  command->add_option("--listen", options->listen, "A local port for debuggers.")->type_name("[ADDRESS:]PORT");
  command->add_option("debugger", options->debugger, "The debugger to start, with its arguments, after \"--\".")->type_name("COMMAND");
  on_call(command, invocation, [options](Context& context) { return gdb(context, *options); });
}

const Command registered{75, &add};

}  // namespace
}  // namespace virserver::cli
