#include "cli/run.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json/serialize.hpp>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/bytes.hpp"
#include "cli/api.hpp"
#include "cli/console_printer.hpp"
#include "cli/console_stream.hpp"
#include "cli/diagnosis_text.hpp"
#include "cli/matcher.hpp"
#include "cli/private_server.hpp"
#include "cli/progress.hpp"
#include "cli/session_watch.hpp"
#include "cli/text.hpp"
#include "cli/upload.hpp"

namespace virserver::cli {
namespace {
using namespace asio::experimental::awaitable_operators;
namespace json = boost::json;

constexpr auto server_patience = std::chrono::seconds(15);  // for a server that restarts
constexpr auto quiet_time = std::chrono::milliseconds(100);
constexpr std::int64_t ttl_sec = 300;  // should virctl be killed outright

// What the command line means, read before anything is started.
struct Plan {
  RunOptions options;
  json::object body;
  std::vector<Pattern> patterns;  // the failures first: they win at the same place
  std::vector<std::string> inputs;
  std::vector<ExtraImage> images;
};

Outcome<Plan> make_plan(RunOptions options) {
  Plan plan;
  plan.body = {{"backend", options.backend}, {"labels", json::object{{"virctl", "run"}}}};
  if (!options.name.empty()) plan.body["name"] = options.name;
  if (!options.keep) plan.body["ttl_sec"] = ttl_sec;
  if (options.platform.empty()) {
    if (auto board = add_board(plan.body, options.board); !board) return pass(board);
  } else {
    auto text = read_text_file(options.platform);
    if (!text) return pass(text);
    json::object models;
    for (const std::string& file : options.models) {
      auto source = read_text_file(file);
      if (!source) return pass(source);
      const std::string name = std::filesystem::path(file).stem().string();
      if (models.contains(name)) return fail(exit_usage, "USAGE", "two models are called {}", printable(name));
      models[name] = *source;
    }
    plan.body["board_config"] = json::serialize(board_on_platform(*text, options.platform, std::move(models)));
  }
  for (const auto* sources : {&options.fail, &options.until})
    for (const std::string& source : *sources) {
      auto pattern = Pattern::parse(source);
      if (!pattern) return pass(pattern);
      plan.patterns.push_back(std::move(*pattern));
    }
  for (const std::string& input : options.inputs) {
    auto bytes = unescape(input);
    if (!bytes) return pass(bytes);
    plan.inputs.push_back(std::move(*bytes));
  }
  for (const std::string& image : options.images) {
    auto extra = parse_extra_image(image);
    if (!extra) return pass(extra);
    plan.images.push_back(std::move(*extra));
  }
  plan.options = std::move(options);
  return plan;
}

// One session from its upload to its verdict. Its tasks run side by side; the first to return ends all.
class Runner {
 public:
  Runner(Context& context, Client& client, const Plan& plan, json::value session, Fd log)
      : context_(context), client_(client), plan_(plan), session_(std::move(session)), id_(text(session_, "id")),
        log_(std::move(log)), matcher_(plan.patterns), stream_(client, id_, "", {}, server_patience),
        quiet_(client.executor(), asio::steady_timer::time_point::max()) {}

  Task<Outcome<int>> run(asio::signal_set& signals) {
    co_await (work() || deadline() || interruption(signals));
    put(STDOUT_FILENO, context_.json() ? "" : printer_.finish());
    if (failure_) co_return fail(std::move(*failure_));
    if (context_.json()) {
      json::object result{{"type", "result"}, {"exit_status", status_}, {"message", verdict_}, {"session_id", id_}, {"last_exit", last_exit_}, {"diagnosis", diagnosis_}};
      put(STDOUT_FILENO, json::serialize(result) + "\n");
    }
    if (!verdict_.empty()) put(STDERR_FILENO, "virctl: " + verdict_ + "\n");
    co_return status_;
  }

 private:
  // The first verdict or failure stands: the tasks that are cancelled by it report their cancellation too.
  void conclude(int status, std::string verdict) {
    if (std::exchange(over_, true)) return;
    status_ = status;
    verdict_ = std::move(verdict);
  }
  template <class T>
  bool failed(Outcome<T>& outcome) {
    if (!outcome && !std::exchange(over_, true)) failure_ = std::move(outcome.error());
    return !outcome;
  }
  bool put(int fd, std::string_view bytes) { return write_all(fd, bytes); }

  Task<> work() {
    if (co_await start()) co_await (show() || settle() || watch() || type() || virtual_deadline());
  }

  Task<bool> start() {
    if (plan_.options.virtual_timeout && !co_await check_virtual_time()) co_return false;
    for (const ExtraImage& image : plan_.images) {
      Upload extra{.session_id = id_, .file = image.file, .role = image.role, .load_address = image.load_address};
      auto uploaded = co_await upload(client_, std::move(extra));
      if (failed(uploaded)) co_return false;
    }
    Upload main{.session_id = id_, .file = plan_.options.firmware, .type = plan_.options.type, .role = plan_.options.role,
                .load_address = plan_.options.load_address};
    auto uploaded = co_await upload(client_, std::move(main));
    if (failed(uploaded)) co_return false;
    const Progress progress(client_.executor(), "powering on");
    json::value body = json::object{{"action", "on"}};
    auto powered = co_await client_.post(session_path(id_, "/power"), std::move(body));
    if (failed(powered)) co_return false;
    session_ = powered->json;
    if (const json::value& sandbox = at(session_, "sandbox"); text(sandbox, "mode") == "reduced")
      context_.note("sandbox reduced: " + text(sandbox, "cause"));
    if (plan_.options.virtual_timeout && !at(session_, "virtual_time_ns").is_number() && !has_ended(session_)) {
      refuse("this session does not report its virtual time");
      co_return false;
    }
    co_return true;
  }

  Task<bool> check_virtual_time() {
    json::value backend;
    for (;;) {  // right after its start the server does not know yet
      auto capabilities = co_await client_.get("/api/v1/capabilities");
      if (failed(capabilities)) co_return false;
      backend = at(at(capabilities->json, "backends"), text(session_, "backend"));
      if (text(backend, "status") != "probing") break;
      asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(100));
      co_await pause.async_wait(tuple_awaitable);
    }
    if (flag(at(backend, "features"), "virtual_time")) co_return true;
    refuse(fmt::format("{} does not tell its virtual time: {}", text(session_, "backend"), text(at(backend, "reasons"), "virtual_time")));
    co_return false;
  }

  void refuse(std::string why) {
    if (std::exchange(over_, true)) return;
    failure_ = Failure{exit_usage, "--virtual-timeout: " + why, "UNSUPPORTED_BY_BACKEND", "use --timeout"};
  }

  // Of the emulator's own log what is more than its course: Renode tells each step of a start.
  std::string notable(std::string_view data) {
    std::string kept;
    emulator_line_ += data;
    for (std::size_t end; (end = emulator_line_.find('\n')) != std::string::npos; emulator_line_.erase(0, end + 1))
      if (!emulator_line_.substr(0, end).contains("] [INFO] ")) kept += emulator_line_.substr(0, end + 1);
    return kept;
  }

  Task<> show() {
    for (;;) {
      auto message = co_await stream_.next();
      if (failed(message)) co_return;
      const bool emulator = message->kind == StreamMessage::Kind::log;
      const bool output = emulator || message->kind == StreamMessage::Kind::output;
      std::string out;
      if (context_.json()) out = message->json.is_null() ? "" : json::serialize(message->json) + "\n";
      else if (output) out = emulator ? emulator_printer_.render("emulator", notable(message->data)) : printer_.render(message->console, message->data);
      else if (message->kind == StreamMessage::Kind::gap)
        context_.note(fmt::format("{}: {} bytes were dropped before they were read", message->console, message->to - message->from));
      const bool to_stderr = emulator && !context_.json();
      if (!put(to_stderr ? STDERR_FILENO : STDOUT_FILENO, out) && !to_stderr)
        co_return conclude(exit_failed, "nobody reads the output any more");
      if (!output || emulator) continue;
      remember(message->data);
      if (log_ && !put(log_.get(), context_.json() ? message->data : out))
        co_return conclude(exit_failed, fmt::format("cannot write {}: {}", plan_.options.console_log, std::strerror(errno)));
      if (const auto hit = matcher_.feed(message->console, message->data)) co_return met(*hit);
      if (matcher_.unsettled()) quiet_.expires_after(quiet_time);
    }
  }

  Task<> settle() {
    for (;;) {
      auto [ec] = co_await quiet_.async_wait(tuple_awaitable);
      if (ec) continue;  // more output came
      quiet_.expires_at(asio::steady_timer::time_point::max());
      if (const auto hit = matcher_.settle()) co_return met(*hit);
    }
  }

  Task<> watch() {
    auto session = co_await wait_for_session(client_, id_, has_ended, server_patience);
    if (failed(session)) co_return;
    co_await wait_drained(client_, id_, "", stream_);
    if (const auto hit = matcher_.settle()) co_return met(*hit);
    last_exit_ = at(*session, "last_exit");
    const int status = status_of_end(*session, !plan_.options.until.empty(), plan_.options.exit_code);
    std::string report = status == exit_ok ? "" : exit_report(*session);
    if (status != exit_ok && !plan_.options.until.empty()) report += "\nvirctl: the board ended before any --until text came";
    conclude(status, std::move(report));
  }

  Task<> type() {
    const std::string console = text(session_, "default_console");
    for (const std::string& bytes : plan_.inputs) {
      const bool plain = is_utf8(bytes);
      json::value body = json::object{{"data", plain ? bytes : to_base64(as_bytes(bytes))}, {"encoding", plain ? "utf-8" : "base64"}};
      auto typed = co_await client_.post(session_path(id_, fmt::format("/consoles/{}/input", percent_encode(console))), std::move(body));
      if (!typed && !over_) context_.note("--input was not taken: " + typed.error().message);
    }
    co_await forever();
  }

  Task<> virtual_deadline() {
    if (!plan_.options.virtual_timeout) co_await forever();
    for (;;) {
      asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(100));
      co_await pause.async_wait(tuple_awaitable);
      auto session = co_await client_.get(session_path(id_));
      if (session && number(session->json, "virtual_time_ns") >= plan_.options.virtual_timeout->count())
        co_return co_await timed_out(*plan_.options.virtual_timeout, "virtual-time limit");
    }
  }

  Task<> deadline() {
    if (!plan_.options.timeout) co_await forever();
    asio::steady_timer timer(co_await asio::this_coro::executor, *plan_.options.timeout);
    auto [ec] = co_await timer.async_wait(tuple_awaitable);
    if (!ec) co_await timed_out(*plan_.options.timeout, "time limit");
  }

  Task<> interruption(asio::signal_set& signals) {
    auto [ec, number] = co_await signals.async_wait(tuple_awaitable);
    if (!ec) conclude(128 + number, "interrupted");
  }

  static Task<> forever() {
    asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await never.async_wait(tuple_awaitable);
  }

  void met(std::size_t pattern) {
    const bool bad = pattern < plan_.options.fail.size();
    conclude(bad ? exit_failed : exit_ok, bad ? fmt::format("--fail {} was met", printable(plan_.patterns[pattern].source())) : "");
  }

  Task<> timed_out(std::chrono::nanoseconds limit, std::string_view kind) {
    if (over_) co_return;
    std::string verdict = fmt::format("the {} of {} is over", kind, to_text(limit));
    if (!plan_.options.until.empty()) verdict += " and no --until text came";
    if (tail_.empty()) {
      verdict += "\nvirctl: hint: no console has put out anything; is the image for this board, and on which UART does it print?";
    } else {
      verdict += "; the last output was:";
      std::size_t begin = tail_.size();
      for (int lines = 0; begin > 0 && lines < 5; ++lines) begin = begin < 2 ? 0 : tail_.rfind('\n', begin - 2) + 1;
      std::string last = tail_.substr(begin);
      std::erase(last, '\r');
      while (last.ends_with('\n')) last.pop_back();
      verdict += "\n  " + printable_lines(last);
      for (std::size_t at = verdict.size() - last.size(); (at = verdict.find('\n', at)) != std::string::npos; at += 3)
        verdict.replace(at, 1, "\n  ");
      verdict += "\nvirctl: hint: give it longer with --timeout, or look at the board with --keep and \"virctl console\"";
    }
    conclude(exit_timeout, std::move(verdict));  // whatever comes while we ask is too late
    Request request{.target = session_path(id_, "/diagnosis"), .patience = std::chrono::seconds(5)};
    auto diagnosis = co_await client_.call(std::move(request));
    if (!diagnosis) co_return;
    diagnosis_ = diagnosis->json;
    if (const std::string seen = diagnosis_text(diagnosis_, true); !seen.empty()) verdict_ += "\nvirctl: where it is:\n" + seen.substr(0, seen.size() - 1);
  }

  void remember(std::string_view bytes) {
    tail_ += bytes;
    if (tail_.size() > 4096) tail_.erase(0, tail_.size() - 2048);
  }

  Context& context_;
  Client& client_;
  const Plan& plan_;
  json::value session_;
  std::string id_;
  Fd log_;
  Matcher matcher_;
  ConsoleStream stream_;
  asio::steady_timer quiet_;
  ConsolePrinter printer_, emulator_printer_;
  std::string emulator_line_;  // not complete
  std::string tail_, verdict_;
  json::value last_exit_, diagnosis_;
  bool over_ = false;
  int status_ = exit_failed;
  std::optional<Failure> failure_;
};

// Whether a VirServer answers there.
Task<bool> answers(Client& client) {
  Request request{.target = "/health/live", .patience = std::chrono::seconds(2)};
  auto health = co_await client.call(std::move(request));
  co_return health && at(health->json, "parts").is_object();
}

Task<Outcome<Answer>> create_session(Client& client, const json::object& body) {
  const Progress progress(client.executor(), "creating the board");
  const auto give_up = std::chrono::steady_clock::now() + server_patience;
  for (;;) {
    Request request{.method = "POST", .target = "/api/v1/sessions", .body = json::serialize(body),
                    .content_type = "application/json", .patience = std::chrono::seconds(30)};
    auto created = co_await client.call(std::move(request));
    if (created || created.error().code != "NOT_READY" || std::chrono::steady_clock::now() > give_up) co_return created;
    asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(200));
    co_await pause.async_wait(tuple_awaitable);
  }
}

Task<> delete_session(Context& context, Client& client, std::string id) {
  const Progress progress(client.executor(), "deleting the session");
  Request request{.method = "DELETE", .target = session_path(id), .patience = std::chrono::seconds(30)};
  auto deleted = co_await client.call(std::move(request));
  if (!deleted && deleted.error().http_status != 404)
    context.note(fmt::format("session {} was not deleted: {}", id, deleted.error().message));
}

Task<> second_signal(asio::signal_set& signals) {
  auto [ec, number] = co_await signals.async_wait(tuple_awaitable);
  static_cast<void>(number);
}

}  // namespace

Outcome<ExtraImage> parse_extra_image(const std::string& text_image) {
  const std::size_t colon = text_image.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text_image.size())
    return fail(exit_usage, "USAGE", "--image {}: write ROLE:FILE or ROLE:FILE@ADDRESS", printable(text_image));
  ExtraImage image{text_image.substr(0, colon), text_image.substr(colon + 1), {}};
  const std::size_t at_sign = image.file.rfind('@');
  if (at_sign != std::string::npos && parse_u64(image.file.substr(at_sign + 1))) {
    image.load_address = image.file.substr(at_sign + 1);
    image.file.resize(at_sign);
  }
  return image;
}

int status_of_end(const json::value& session, bool until_given, bool guest_code) {
  const json::value& report = at(session, "last_exit");
  const std::string cause = text(report, "cause");
  const bool has_code = at(report, "exit_code").is_number();
  const int code = static_cast<int>(number(report, "exit_code")) & 0xFF;
  const bool clean = (cause == "guest_exit" || cause == "guest_shutdown") && (!has_code || number(report, "exit_code") == 0);
  if (guest_code && has_code && code != 0) return code;
  return clean && !until_given ? exit_ok : exit_failed;
}

Task<Outcome<int>> run_firmware(Context& context, RunOptions options) {
  auto plan = make_plan(std::move(options));
  if (!plan) co_return pass(plan);
  const auto executor = co_await asio::this_coro::executor;
  asio::signal_set signals(executor, SIGINT, SIGTERM, SIGHUP);
  Fd log;
  if (const std::string& path = plan->options.console_log; !path.empty()) {
    log.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!log) co_return fail(exit_usage, "FILE", "cannot write {}: {}", printable(path), std::strerror(errno));
  }
  if (::access(plan->options.firmware.c_str(), R_OK) != 0)
    co_return fail(exit_usage, "FILE", "cannot read {}: {}", printable(plan->options.firmware), std::strerror(errno));

  std::unique_ptr<PrivateServer> own;
  Client client = context.client();
  if (!context.globals().server_given && !co_await answers(client)) {
    if (plan->options.keep)
      co_return fail(exit_usage, "USAGE", "--keep needs a running server: the session would end with virctl's own");
    const Progress progress(executor, "starting a server");
    auto started = co_await PrivateServer::start();
    if (!started) co_return pass(started);
    own = std::move(*started);
    auto server = parse_server(own->url());
    if (!server) co_return pass(server);
    client = Client(executor, std::move(*server));
  }
  auto created = co_await create_session(client, plan->body);
  if (!created) co_return pass(created);
  const std::string id = text(created->json, "id");
  for (const auto& finding : list(created->json, "findings"))
    if (text(finding, "severity") != "info") context.note(fmt::format("{}: {}", text(finding, "severity"), text(finding, "message")));
  Outcome<int> outcome = fail(exit_failed, "INTERNAL", "nothing ran");
  {
    Runner runner(context, client, *plan, std::move(created->json), std::move(log));
    outcome = co_await runner.run(signals);
  }
  if (!outcome && own && outcome.error().status == exit_unreachable) outcome.error().message += own->last_log_lines();
  if (plan->options.keep) context.note(fmt::format("session {} is kept; \"virctl session delete {}\" ends it", id, id));
  else if (!own || outcome) co_await (delete_session(context, client, id) || second_signal(signals));
  co_return outcome;
}

}  // namespace virserver::cli
