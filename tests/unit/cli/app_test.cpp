#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>

#include <cstdio>

#include "cli/app.hpp"
#include "cli/completion.hpp"

namespace virserver::cli {
namespace {
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Tree {
  Globals globals;
  Invocation invocation;
  std::unique_ptr<CLI::App> app = make_app(globals, invocation);

  bool parses(std::vector<std::string> words) {
    std::ranges::reverse(words);  // as CLI11 wants them
    try {
      app->parse(words);
    } catch (const CLI::ParseError&) {
      return false;
    }
    return static_cast<bool>(invocation.run);
  }
};

TEST(CommandLine, AcceptsTheDocumentedForms) {
  const std::vector<std::vector<std::string>> lines = {
      {"capabilities"}, {"doctor", "--json"}, {"board", "list"}, {"board", "show", "x"}, {"board", "check", "x.yaml"},
      {"session", "create", "--board", "b", "--label", "a:b", "--label", "c:d"}, {"session", "list", "--status", "running"},
      {"session", "delete", "a", "b"}, {"session", "update", "a", "--ttl", "1h"}, {"power", "on", "a"},
      {"program", "upload", "a", "fw.elf", "--start"}, {"program", "start", "a", "p"}, {"console", "a", "--since", "now"},
      {"logs", "a", "--follow"}, {"events", "--session", "a", "--follow"}, {"completion", "bash"},
      {"run", "--until", "A", "--until", "B", "fw.elf", "--board", "b", "--timeout", "30s"},
      {"session", "show", "a", "--server", "http://h:1"},
      {"break", "add", "a", "main.c:42", "--if", "$r0 == 3", "--ignore", "2", "--temporary"}, {"break", "add", "a", "x", "--watch", "write", "--size", "8"},
      {"break", "list", "a"}, {"break", "show", "a", "1"}, {"break", "delete", "a", "1", "2"}, {"break", "delete", "a", "--all"}, {"break", "enable", "a", "1"},
      {"regs", "a"}, {"regs", "a", "r0", "sp", "--halt"}, {"regs", "a", "r0=-1", "pc=0x10"}, {"regs", "a", "--group", "float", "--core", "1"},
      {"mem", "read", "a", "buffer+4", "--size", "64", "--width", "4"}, {"mem", "read", "a", "0x0", "--output", "f"}, {"mem", "write", "a", "x", "1", "0x2", "--width", "1"},
      {"step", "a", "10", "--over"}, {"step", "a", "--line", "--timeout", "5s"}, {"continue", "a", "--until", "main"}, {"pause", "a"},
      {"bt", "a", "--limit", "5"}, {"disas", "a", "main", "--function"}, {"sym", "a", "uart", "--kind", "function"}, {"fault", "a"}};
  for (const auto& line : lines) {
    Tree tree;
    EXPECT_TRUE(tree.parses(line)) << line[0] << " " << (line.size() > 1 ? line[1] : "");
  }
}

TEST(CommandLine, RefusesWhatIsWrong) {
  const std::vector<std::vector<std::string>> lines = {
      {}, {"nonsense"}, {"board"}, {"power", "explode", "a"}, {"power", "on"}, {"run", "fw.elf"},
      {"run", "fw.elf", "--board", "b", "--timeout", "soon"}, {"run", "fw.elf", "--board", "b", "--backend", "bochs"},
      {"completion", "tcsh"}, {"session", "list", "--limit", "0"}, {"break", "add", "a"}, {"break", "add", "a", "x", "--size", "4"},
      {"break", "add", "a", "x", "--watch", "write", "--hardware"}, {"break", "show", "a"}, {"break", "show", "a", "one"},
      {"mem", "read", "a", "x", "--width", "3"}, {"mem", "read", "a", "x", "--size", "0"}, {"step", "a", "0"}, {"step", "a", "--over", "--out"},
      {"regs", "a", "--group", "all-of-them"}, {"bt", "a", "--limit", "1000"}};
  for (const auto& line : lines) {
    Tree tree;
    EXPECT_FALSE(tree.parses(line)) << (line.empty() ? "nothing" : line[0]);
  }
}

// Every command, with every option, must be explained.
void check_help(const CLI::App& app, const std::string& path) {
  const std::string help = app.help();
  for (const char* section : {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "ENVIRONMENT"})
    EXPECT_THAT(help, HasSubstr(std::string(section) + "\n")) << path;
  const auto subs = app.get_subcommands([](const CLI::App*) { return true; });
  if (subs.empty()) { EXPECT_THAT(help, HasSubstr("EXAMPLES\n")) << path; }
  for (const CLI::Option* option : app.get_options()) EXPECT_FALSE(option->get_description().empty()) << path << " " << option->get_name();
  for (const CLI::App* sub : subs) check_help(*sub, path + " " + sub->get_name());
}

TEST(Help, IsCompleteForEveryCommand) {
  Tree tree;
  check_help(*tree.app, "virctl");
}

TEST(Completion, WalksCommandsOptionsAndChoices) {
  Tree tree;
  EXPECT_THAT(complete(*tree.app, {"se"}).words, ElementsAre("session"));
  EXPECT_THAT(complete(*tree.app, {"session", ""}).words, ElementsAre("create", "list", "show", "update", "delete"));
  EXPECT_THAT(complete(*tree.app, {"session", "create", "--b"}).words, ElementsAre("--board", "--backend"));
  EXPECT_THAT(complete(*tree.app, {"session", "list", "--"}).words, Contains("--json"));
  EXPECT_THAT(complete(*tree.app, {"power", ""}).words, ElementsAre("on", "off", "reset", "pause", "resume"));
  EXPECT_TRUE(complete(*tree.app, {"power", "on", ""}).sessions);
  EXPECT_TRUE(complete(*tree.app, {"run", "fw.elf", "--board", "mic"}).templates);
  EXPECT_TRUE(complete(*tree.app, {"run", "--board", "microbit", ""}).files);
  EXPECT_FALSE(complete(*tree.app, {"run", "fw.elf", ""}).files);
  EXPECT_TRUE(complete(*tree.app, {"session", "delete", "a", ""}).sessions) << "takes several";
  EXPECT_THAT(complete(*tree.app, {"nonsense", ""}).words, Contains("session"));
}

TEST(Completion, BashAcceptsTheScript) {
  FILE* bash = ::popen("bash -n", "w");
  ASSERT_NE(bash, nullptr);
  const std::string script = completion_script("bash");
  ASSERT_FALSE(script.empty());
  std::fwrite(script.data(), 1, script.size(), bash);
  EXPECT_EQ(::pclose(bash), 0);
  EXPECT_FALSE(completion_script("zsh").empty());
  EXPECT_FALSE(completion_script("fish").empty());
  EXPECT_TRUE(completion_script("tcsh").empty());
}

TEST(Failures, ShowCodePlacesAndHint) {
  Failure failure{exit_failed, "the board is not valid", "BOARD_INVALID", "mend it"};
  failure.details = {{"errors", {{{"pointer", "/nodes/0"}, {"line", 3}, {"column", 5}, {"message", "no\x1b memory"}}}}};
  EXPECT_EQ(describe(failure),
            "virctl: error: the board is not valid (BOARD_INVALID)\n  3:5 /nodes/0: no? memory\nvirctl: hint: mend it\n");
}

}  // namespace
}  // namespace virserver::cli
