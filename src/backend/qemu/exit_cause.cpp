#include "backend/qemu/exit_cause.hpp"

#include <csignal>
#include <cstring>

#include "backend/qemu/machine_facts.hpp"

namespace virserver::backend::qemu {

namespace {

constexpr std::size_t shown_output = 4096;

// "qemu: fatal: Lockup: ..." or "qemu-system-arm: fatal: ..."; the registers follow after an empty line.
struct Fatal {
  std::string message;
  std::string registers;
};

std::optional<Fatal> find_fatal(std::string_view output) {
  const auto at = output.rfind("qemu: fatal: ");
  if (at == output.npos) return std::nullopt;
  output.remove_prefix(at + std::string_view("qemu: fatal: ").size());
  const auto end = output.find('\n');
  Fatal fatal;
  fatal.message = output.substr(0, std::min<std::size_t>(end, 300));
  if (fatal.message.ends_with('\r')) fatal.message.pop_back();
  if (end == output.npos) return fatal;
  std::string_view rest = output.substr(end + 1);
  rest.remove_prefix(std::min(rest.find_first_not_of("\r\n"), rest.size()));
  fatal.registers = rest.substr(0, 8192);
  return fatal;
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

std::string_view tail(std::string_view text) {
  if (text.size() <= shown_output) return text;
  text.remove_prefix(text.size() - shown_output);
  const auto line = text.find('\n');
  return line == text.npos ? text : text.substr(line + 1);
}

}  // namespace

ExitReport explain_exit(const process::ExitStatus& status, const Witness& witness, std::string_view output) {
  ExitReport report;
  report.signal = status.signal;
  report.output = tail(output);
  auto say = [&report](ExitCause cause, std::string message) {
    report.cause = cause;
    report.message = std::move(message);
  };

  if (!witness.why_killed.empty()) {
    say(ExitCause::crashed, witness.why_killed);
    return report;
  }
  if (witness.we_ended_it) {
    say(ExitCause::powered_off, "the board was powered off");
    return report;
  }
  if (auto fatal = find_fatal(output); fatal && status.signal == SIGABRT) {
    report.registers = std::move(fatal->registers);
    if (fatal->message.find("Lockup") != fatal->message.npos)
      say(ExitCause::lockup, fmt::format("the processor locked up: {}", fatal->message));
    else
      say(ExitCause::crashed, fmt::format("QEMU gave up: {}", fatal->message));
    return report;
  }
  const bool ended_forcibly = status.unknown || status.signal == SIGKILL;
  if (ended_forcibly && witness.shutdown && witness.shutdown->starts_with("guest")) {
    say(ExitCause::guest_shutdown, "the guest switched the board off");
    return report;
  }
  if (status.unknown) {
    say(ExitCause::killed, "the emulator and everything around it was killed from outside");
    return report;
  }
  if (status.signal) {
    const int signal = *status.signal;
    if (signal == SIGKILL)
      say(ExitCause::killed, "the emulator was killed (SIGKILL), by somebody on this host or because memory ran out");
    else if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP)
      say(ExitCause::killed, fmt::format("somebody on this host ended the emulator ({})", signal_name(signal)));
    else if (signal == SIGSYS)
      say(ExitCause::crashed, "QEMU was ended for a system call its sandbox forbids (SIGSYS)");
    else
      say(ExitCause::crashed, fmt::format("QEMU crashed ({})", signal_name(signal)));
    return report;
  }

  const int code = status.code.value_or(-1);
  if (witness.panicked) {
    say(ExitCause::guest_panic, "the guest reported a panic");
    return report;
  }
  const bool by_signal = witness.shutdown == "host-signal" || output.find("terminating on signal") != output.npos;
  if (by_signal) {
    say(ExitCause::killed, "somebody on this host ended the emulator (SIGTERM)");
    return report;
  }
  if (witness.shutdown && witness.shutdown->starts_with("guest")) {
    if (code != 0) {
      report.exit_code = code;
      say(ExitCause::guest_exit, fmt::format("the guest ended with exit status {}", code));
    } else {
      say(ExitCause::guest_shutdown, "the guest switched the board off");
    }
    return report;
  }
  if (witness.shutdown) {
    say(ExitCause::killed, fmt::format("the emulator was ended from outside ({})", *witness.shutdown));
    return report;
  }
  if (code != 0) {
    if (const auto words = error_line(output); !words.empty()) {
      say(ExitCause::crashed, fmt::format("QEMU ended with an error: {}", words));
      return report;
    }
  }
  if (code == 0 && (!witness.attended || !witness.semihosting)) {
    if (witness.semihosting) report.exit_code = 0;
    say(ExitCause::guest_shutdown, "the guest switched the board off");
    return report;
  }
  report.exit_code = code;
  say(ExitCause::guest_exit, fmt::format("the guest ended with exit status {}", code));
  return report;
}

}  // namespace virserver::backend::qemu
