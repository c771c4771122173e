#include "gdb/monitor_words.hpp"

#include <fmt/format.h>


namespace virserver::gdb {
namespace {

struct Word {
  std::string_view text;
  MonitorWord word;
  std::string_view help;
};
constexpr Word words[] = {
    {"reset", MonitorWord::reset, "reset the board; a halted one stays halted"},
    {"reset halt", MonitorWord::reset_halt, "reset and halt before the first instruction"},
    {"reset init", MonitorWord::reset_halt, "the same"},
    {"reset run", MonitorWord::reset_run, "reset and run"},
    {"halt", MonitorWord::halt, "halt the board"},
    {"resume", MonitorWord::resume, "let the board run; gdb is not told (continue in gdb tells it)"},
    {"go", MonitorWord::resume, "the same"},
    {"version", MonitorWord::version, "name the server and the emulator"},
    {"help", MonitorWord::help, "this text"},
};

// "  reset   halt " -> "reset halt"
std::string normalize(std::string_view command) {
  std::string out;
  for (const char c : command) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!space) out += c;
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace

MonitorWord parse_monitor(std::string_view command) {
  const auto text = normalize(command.substr(0, 64));
  for (const auto& word : words)
    if (word.text == text) return word.word;
  return MonitorWord::emulator;
}

std::string monitor_help(std::string_view emulator) {
  std::string out;
  for (const auto& word : words) out += fmt::format("{:<12} {}\n", word.text, word.help);
  return out + fmt::format("Everything else goes to the monitor of {}.\n", emulator);
}

}  // namespace virserver::gdb
