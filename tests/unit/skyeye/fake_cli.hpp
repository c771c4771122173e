// SkyEye's command line as a program meets it, in the test's own loop: what it prints follows transcripts of 1.3.5.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "backend/skyeye/cli.hpp"
#include "support/loop.hpp"

namespace virserver::backend::skyeye::test {

class FakeCli {
 public:
  explicit FakeCli(asio::any_io_executor executor) : cli(executor, [this](std::string bytes) { return take(std::move(bytes)); }), executor_(executor) {}

  std::map<std::string, std::string> answers;  // command -> what it prints; a command that is not here is unknown
  std::map<std::string, bool> becomes_running;
  std::string events;          // printed before the next prompt, as what other threads say
  bool silent = false, echoes = false;
  bool running = false;
  std::vector<std::string> typed;
  Cli cli;

  void say(std::string text) { cli.heard(text); }

 private:
  // Letter by letter: nothing may depend on where a read ends.
  void print(const std::string& text) {
    for (const char c : text) cli.heard(std::string_view(&c, 1));
  }
  Task<Result<void>> take(std::string bytes) {
    if (silent) co_return Result<void>{};
    input_ += bytes;
    for (std::size_t end; (end = input_.find('\n')) != input_.npos; input_.erase(0, end + 1)) run(input_.substr(0, end));
    co_return Result<void>{};
  }
  void run(std::string line) {
    typed.push_back(line);
    if (echoes) print(line + "\r\n");
    if (line.empty()) line = last_;  // it repeats
    last_ = line;
    std::string key = line;
    for (char& c : key)
      if (c == '-') c = '_';
    if (const auto found = answers.find(line); found != answers.end()) {
      print(found->second);
      if (const auto next = becomes_running.find(line); next != becomes_running.end()) running = next->second;
    } else {
      print("*** Unknown command: " + key + "\n*** Get commands with 'help' cmd\n");
    }
    const std::string prompt = running ? "(running) " : "(skyeye) ";
    print(prompt + std::exchange(events, ""));
  }

  asio::any_io_executor executor_;
  std::string input_, last_;
};

}  // namespace virserver::backend::skyeye::test
