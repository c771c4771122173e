// virctl completion
#include "cli/command.hpp"
#include "cli/completion.hpp"


namespace virserver::cli {
namespace {

Task<Outcome<int>> print(Context& context, std::string shell) {
  context.out(completion_script(shell));
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto* command = add_command(root, "completion", "print the completion script of a shell",
                              "Prints a script that makes the shell complete commands, options, sessions, templates and "
                              "file names of virctl. Sessions and templates are asked of the server at that moment.",
                              "EXAMPLES\n"
                              "  source <(virctl completion bash)\n"
                              "      for this shell; put the line into ~/.bashrc to keep it\n"
                              "  source <(virctl completion zsh)\n"
                              "      the same in ~/.zshrc, after compinit\n"
                              "  virctl completion fish > ~/.config/fish/completions/virctl.fish\n");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "The shell.")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  on_call(command, invocation, [shell](Context& context) { return print(context, *shell); });
}

const Command registered{120, &add};

}  // namespace
}  // namespace virserver::cli
