#include "backend/skyeye/exit_cause.hpp"

#include <cstring>

#include "backend/skyeye/cli.hpp"

namespace virserver::backend::skyeye {

namespace {
constexpr std::size_t shown_size = 4096;
}  // namespace

std::string shown_output(std::string_view output) {
  std::string shown;
  CliText text;
  text.add(output);
  text.add("\n");
  while (auto item = text.next()) {
    if (item->kind == CliText::Item::Kind::prompt || item->text.empty()) continue;
    if (item->text.starts_with("*** Unknown command: vs") || item->text.starts_with("*** Get commands with")) continue;
    shown += item->text + "\n";
  }
  if (shown.size() > shown_size) shown.erase(0, shown.size() - shown_size);
  return shown;
}

ExitReport explain_exit(const process::ExitStatus& status, const Witness& witness, std::string_view output) {
  ExitReport report;
  report.signal = status.signal;
  report.output = shown_output(output);
  auto say = [&report](ExitCause cause, std::string message) {
    report.cause = cause;
    report.message = std::move(message);
    return report;
  };
  if (!witness.why_killed.empty()) return say(ExitCause::crashed, witness.why_killed);
  if (witness.we_ended_it) return say(ExitCause::powered_off, "switched off");
  if (status.unknown) return say(ExitCause::killed, "the emulator was killed from outside, or by the system when memory ran out");
  if (status.signal == SIGKILL) return say(ExitCause::killed, "the emulator was killed (SIGKILL), from outside or by the system when memory ran out");
  if (status.signal) {
    const char* name = ::sigabbrev_np(*status.signal);
    return say(ExitCause::crashed, fmt::format("SkyEye crashed with signal {}; its last output may tell why", name ? name : std::to_string(*status.signal)));
  }
  const int code = status.code.value_or(0);
  if (code == 0) return say(ExitCause::powered_off, "SkyEye was told to quit");
  return say(ExitCause::crashed, fmt::format("SkyEye ended with status {}; its last output may tell why", code));
}

}  // namespace virserver::backend::skyeye
