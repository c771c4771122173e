// What the debugger's commands have in common.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "cli/api.hpp"
#include "cli/command.hpp"

namespace virserver::cli {

// The session a command of the debugger is about.
struct Target {
  std::string session;              // as given on the command line
  std::optional<unsigned> core;
  bool halt = false;
};
CLI::Option* add_core(CLI::App* command, Target& target);
CLI::Option* add_halt(CLI::App* command, Target& target);

// A path below the session's /debug, with the target's core and halt as its query.
class DebugCall {
 public:
  static Task<Outcome<DebugCall>> to(Context& context, const Target& target, std::string_view path);

  void add(std::string_view name, std::string_view value);  // to the query
  const std::string& target() const { return path_; }

  Task<Outcome<Answer>> get() const;
  Task<Outcome<Answer>> send(std::string method, boost::json::value body) const;
  Task<Outcome<Answer>> send(Request request) const;  // its target is set here
  // Exactly as it is answered.
  Task<Outcome<std::string>> get_bytes() const;

 private:
  DebugCall(Context& context, std::string session, std::string path) : context_(&context), session_(std::move(session)), path_(std::move(path)) {}
  Failure explained(Failure failure) const;

  Context* context_;
  std::string session_, path_;
};

// "main+0x12 at main.c:42", or what of it is known; "" for null.
std::string location_text(const boost::json::value& location);
// "stopped: breakpoint 1 (core 0)\n0x08000130  main+0x12 at main.c:42\n"
std::string state_text(const boost::json::value& state);
void show_state(Context& context, const Answer& state);

// The rows of a Backtrace.
std::string frames_text(const boost::json::array& frames);

// A hex dump: 16 bytes a line, with the characters.
std::string hex_dump(std::uint64_t address, std::string_view hex_digits);
// The values of a Memory with `width`, 16 bytes a line.
std::string value_dump(std::uint64_t address, unsigned width, const boost::json::array& values);

std::uint64_t address_number(const std::string& text);  // "0x..." as the API gives it; 0 when it is none

}  // namespace virserver::cli
