#include "backend/renode/exit_cause.hpp"

#include <cstring>

#include "backend/renode/guest_log.hpp"

namespace virserver::backend::renode {

namespace {

constexpr std::size_t shown_output = 4096;

std::string_view tail(std::string_view text) {
  if (text.size() <= shown_output) return text;
  text.remove_prefix(text.size() - shown_output);
  const auto line = text.find('\n');
  return line == text.npos ? text : text.substr(line + 1);
}

// The last abort of a processor in the output, for an end that nobody saw.
std::optional<Abort> last_abort(std::string_view output) {
  const auto at = output.rfind("CPU abort");
  if (at == output.npos) return std::nullopt;
  const auto begin = output.rfind('\n', at);
  const auto line = parse_log_line(output.substr(begin == output.npos ? 0 : begin + 1, output.find('\n', at) - (begin == output.npos ? 0 : begin + 1)));
  return line ? abort_of(*line) : std::nullopt;
}

// "Unhandled exception. System.X: text" of the .NET runtime.
std::string exception_in(std::string_view output) {
  for (const std::string_view mark : {"Unhandled exception. ", "Fatal error:\n"}) {
    const auto at = output.rfind(mark);
    if (at == output.npos) continue;
    auto text = output.substr(at + mark.size());
    text = text.substr(0, std::min<std::size_t>(text.find('\n'), 300));
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    return std::string(text);
  }
  return {};
}

}  // namespace

ExitReport explain_exit(const process::ExitStatus& status, const Witness& witness, std::string_view output) {
  ExitReport report;
  report.signal = status.signal;
  report.output = tail(output);
  report.registers = witness.registers;
  auto say = [&report](ExitCause cause, std::string message) {
    report.cause = cause;
    report.message = std::move(message);
    return report;
  };
  if (witness.abort) return say(ExitCause::lockup, fmt::format("the processor cannot go on: {}", *witness.abort));
  if (!witness.why_killed.empty()) return say(ExitCause::crashed, witness.why_killed);
  if (witness.we_ended_it) return say(ExitCause::powered_off, "switched off");
  if (!witness.attended)
    if (const auto abort = last_abort(output)) return say(ExitCause::lockup, fmt::format("the processor cannot go on: {}", abort->text));
  if (status.unknown) return say(ExitCause::killed, "the emulator was killed from outside, or by the system when memory ran out");
  const std::string exception = exception_in(output);
  if (status.signal == SIGKILL) return say(ExitCause::killed, "the emulator was killed (SIGKILL), from outside or by the system when memory ran out");
  if (status.signal) {
    const char* name = ::sigabbrev_np(*status.signal);
    return say(ExitCause::crashed, fmt::format("Renode crashed with signal {}{}{}", name ? name : std::to_string(*status.signal), exception.empty() ? "" : ": ", exception));
  }
  const int code = status.code.value_or(0);
  if (code == 134 || !exception.empty()) return say(ExitCause::crashed, fmt::format("Renode crashed: {}", exception.empty() ? "its last output may tell why" : exception));
  if (code == 0) return say(ExitCause::powered_off, "Renode was told to quit");
  return say(ExitCause::crashed, fmt::format("Renode ended with status {}; its last output may tell why", code));
}

}  // namespace virserver::backend::renode
