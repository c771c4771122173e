// SkyEye's command line: its text taken apart, and commands with their answers.
//
// A prompt comes before events that happen later, so it may be stale, and events write between any two lines. Every command
// is therefore followed by a word that is none, with a number: what comes before SkyEye's complaint about it belongs to the
// command, and the prompt behind the complaint tells whether the machine runs. SkyEye repeats its last command when it reads
// an empty line; that is always such a word.
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/async_mutex.hpp"
#include "base/asio.hpp"
#include "base/error.hpp"

namespace virserver::backend::skyeye {

// What SkyEye prints, in pieces as they come. Pure; hostile input: lines are cut at max_line.
class CliText {
 public:
  static constexpr std::size_t max_line = 8192;
  struct Item {
    enum class Kind { line, prompt } kind;
    std::string text;      // of a line, without prompts, escape sequences and line ends
    bool running = false;  // of a prompt
  };
  void add(std::string_view bytes);
  std::optional<Item> next();

 private:
  std::string text_;
  std::size_t at_ = 0;  // what is before was given out
};

// A command that a user may type: one printable line of at most 200 characters, and one that changes neither the run state nor
// the breakpoints, which are VirServer's. Errors: INVALID_REQUEST, UNSUPPORTED_BY_BACKEND with the command to use instead.
Result<std::string> user_command(std::string_view text);

// Belongs to one executor, all calls on it. Calls may overlap; they are served in order.
class Cli {
 public:
  using Write = std::function<Task<Result<void>>(std::string bytes)>;
  Cli(asio::any_io_executor executor, Write write) : lock_(executor), write_(std::move(write)), waiting_(executor) {}

  struct Answer {
    std::string text;      // lines that came meanwhile, events among them, each with its line end
    bool running = false;  // the machine, just after the command
  };
  // `command` may be empty: only the state is asked for. Errors: ENGINE_TIMEOUT, ENGINE_DIED (closed() was called), those of
  // the write. After a timeout the next command goes on as usual.
  Task<Result<Answer>> execute(std::string command, std::chrono::milliseconds timeout);

  void heard(std::string_view bytes);  // what SkyEye printed
  void close();                        // nothing more will come: calls fail
  void open();                         // of another process, from its beginning

  // Every line that belongs to no complaint. Must not destroy this.
  std::function<void(std::string_view line)> on_line;

 private:
  AsyncMutex lock_;
  Write write_;
  asio::steady_timer waiting_;
  CliText text_;
  unsigned long last_ = 0;  // the number of the newest word
  bool closed_ = false;
  enum class Heard { nothing, complaint, prompt } heard_ = Heard::prompt;
  std::string word_, command_;
  Answer answer_;
};

}  // namespace virserver::backend::skyeye
