// virctl doctor
#include "cli/api.hpp"
#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/text.hpp"

#include <boost/json/parse.hpp>

namespace virserver::cli {
namespace {
namespace json = boost::json;

bool probing(const json::value& capabilities) {
  const auto* backends = at(capabilities, "backends").if_object();
  if (backends == nullptr) return false;
  for (const auto& [name, backend] : *backends)
    if (text(backend, "status") == "probing") return true;
  return false;
}

// The backends are asked in parallel at the server's start; a report in the middle of that would mislead.
Task<Outcome<Answer>> settled_capabilities(Context& context) {
  const Progress progress(context.client().executor(), "waiting until the server has asked its emulators");
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (;;) {
    auto answer = co_await context.client().get("/api/v1/capabilities");
    if (!answer || !probing(answer->json) || std::chrono::steady_clock::now() > give_up) co_return answer;
    asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(200));
    co_await pause.async_wait(tuple_awaitable);
  }
}

struct Report {
  Context& context;
  bool well = true;

  void line(bool good, std::string_view what, std::string_view detail) {
    context.out(fmt::format("{} {}", good ? context.paint("32", "ok  ") : context.paint("31", "FAIL"), printable(what)));
    context.out(detail.empty() ? "\n" : ": " + printable(detail) + "\n");
  }
  void warn(std::string_view what, std::string_view detail) {
    context.out(fmt::format("{} {}", context.paint("33", "--  "), printable(what)));
    context.out(detail.empty() ? "\n" : ": " + printable_lines(detail) + "\n");
  }
};

void report_backend(Report& report, std::string_view name, const json::value& backend, bool& any) {
  const std::string status = text(backend, "status");
  const std::string reason = text(backend, "reason");
  if (status != "available") {
    report.warn(fmt::format("{} {}", name, status), reason);
    return;
  }
  any = true;
  report.line(true, name, text(backend, "version"));
  for (const auto& executable : list(backend, "executables"))
    report.context.out(fmt::format("       {} {}\n", printable(text(executable, "path")), printable(text(executable, "version"))));
  std::string has;
  std::string lacks;
  const auto* features = at(backend, "features").if_object();
  for (const auto& [feature, available] : features != nullptr ? *features : json::object()) {
    const std::string shown = printable({feature.data(), feature.size()});
    if (available.is_bool() && available.get_bool()) has += (has.empty() ? "" : ", ") + shown;
    else lacks += fmt::format("       no {}: {}\n", shown, printable(text(at(backend, "reasons"), feature)));
  }
  if (!has.empty()) report.context.out(wrap("features: " + has, 7, 100));
  report.context.out(lacks);
}

Task<Outcome<int>> examine(Context& context) {
  Request request{.target = "/health"};
  auto response = co_await context.client().send(std::move(request));
  if (!response) co_return pass(response);
  error_code ec;
  const json::value health = json::parse(response->body, ec);
  if (ec || (response->status != 200 && response->status != 503) || !at(health, "parts").is_object())
    co_return fail(failure_of(response->status, response->body));
  auto capabilities = co_await settled_capabilities(context);
  if (!capabilities) co_return pass(capabilities);

  const bool ready = text(health, "status") != "unready";
  bool any = false;
  const auto* backends = at(capabilities->json, "backends").if_object();
  if (context.json()) {
    for (const auto& [name, backend] : backends != nullptr ? *backends : json::object())
      any |= text(backend, "status") == "available";
    context.out_json(json::value(json::object{{"server", context.client().server().url}, {"health", health}, {"capabilities", capabilities->json}}));
    co_return ready && any ? exit_ok : exit_failed;
  }
  Report report{context};
  report.line(ready, fmt::format("server {} version {}", context.client().server().url, text(health, "version")),
              text(health, "status"));
  for (const auto& [name, part] : at(health, "parts").get_object()) {
    const std::string status = text(part, "status");
    const std::string detail = text(part, "detail");
    const std::string shown({name.data(), name.size()});
    if (shown.starts_with("backend.")) continue;  // told below, with more
    if (status == "ok" || status == "full") report.line(true, shown, detail);
    else report.warn(shown, status + (detail.empty() ? "" : ": " + detail));
  }
  for (const auto& [name, backend] : backends != nullptr ? *backends : json::object())
    report_backend(report, {name.data(), name.size()}, backend, any);
  if (!any) report.line(false, "no emulator is available", "install one of the above; then restart virserver");
  co_return ready && any ? exit_ok : exit_failed;
}

void add(CLI::App& root, Invocation& invocation) {
  auto* command = add_command(
      root, "doctor", "is everything as it should be",
      "Reports on the server, its parts (storage, sandbox), and each emulator: its version, or what to install; its "
      "features, and why one is missing. Waits until the server has asked its emulators.\n\n"
      "With --json prints one object with the members server, health (GET /health) and capabilities "
      "(GET /api/v1/capabilities).",
      "EXAMPLES\n"
      "  virctl doctor\n"
      "  virctl --server http://buildhost:8080 doctor --json | jq .health.parts.sandbox\n"
      "\nEXIT STATUS\n"
      "  0    the server is ready and has at least one emulator\n"
      "  1    it is not\n"
      "  2    the command line is wrong\n"
      "  3    no server answers\n");
  on_call(command, invocation, [](Context& context) { return examine(context); });
}

const Command registered{20, &add};

}  // namespace
}  // namespace virserver::cli
