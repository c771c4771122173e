#include "cli/completion.hpp"

#include <CLI/App.hpp>

#include "cli/command.hpp"

namespace virserver::cli {
namespace {

constexpr std::string_view bash_script = R"sh(# bash completion for virctl; load with: source <(virctl completion bash)
_virctl() {
  local cur="${COMP_WORDS[COMP_CWORD]}" line files=0
  COMPREPLY=()
  local IFS=$'\n'
  while read -r line; do
    if [[ "$line" == ":files" ]]; then files=1; else COMPREPLY+=("$line"); fi
  done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if (( files )); then
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -f -- "$cur"))
  fi
}
complete -F _virctl virctl
)sh";

constexpr std::string_view zsh_script = R"sh(#compdef virctl
# zsh completion for virctl; load with: source <(virctl completion zsh)
_virctl() {
  local -a lines candidates
  lines=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  candidates=("${(@)lines:#:files}")
  candidates=("${(@)candidates:#}")
  (( ${#candidates} )) && compadd -- "${(@)candidates}"
  if (( ${lines[(Ie):files]} )); then _files; fi
}
if [ "$funcstack[1]" = "_virctl" ]; then _virctl "$@"; else compdef _virctl virctl; fi
)sh";

constexpr std::string_view fish_script = R"sh(# fish completion for virctl; load with: virctl completion fish | source
function __virctl_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c virctl -f -a '(__virctl_complete)'
)sh";

const CLI::Option* find_option(const CLI::App* app, const std::string& word) {
  for (; app != nullptr; app = app->get_parent())
    for (const CLI::Option* option : app->get_options([](const CLI::Option* o) { return o->nonpositional(); }))
      if (option->check_name(word)) return option;
  return nullptr;
}

void add_values(const CLI::Option& option, const std::string& prefix, Candidates& out) {
  const std::string type = option.get_type_name();
  if (type.find(type_session) != std::string::npos) out.sessions = true;
  if (type.find(type_board) != std::string::npos) out.templates = out.files = true;
  if (type.find(type_file) != std::string::npos) out.files = true;
  const std::size_t choices = type.find(":{");
  if (choices == std::string::npos) return;
  std::string word;
  for (const char c : type.substr(choices + 2)) {
    if (c != ',' && c != '}') {
      word += c;
      continue;
    }
    if (word.starts_with(prefix)) out.words.push_back(word);
    word.clear();
  }
}

}  // namespace

Candidates complete(const CLI::App& root, const std::vector<std::string>& words) {
  Candidates out;
  const CLI::App* app = &root;
  std::size_t positionals_seen = 0;
  const CLI::Option* pending = nullptr;  // an option that waits for its value
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (pending != nullptr) {
      pending = nullptr;
    } else if (word.starts_with('-')) {
      const CLI::Option* option = word.find('=') == std::string::npos ? find_option(app, word) : nullptr;
      if (option != nullptr && option->get_items_expected_min() > 0) pending = option;
    } else {
      const auto subs = app->get_subcommands([&](const CLI::App* sub) { return sub->get_name() == word; });
      if (!subs.empty()) app = subs.front();
      else ++positionals_seen;
    }
  }
  const std::string prefix = words.empty() ? "" : words.back();
  if (pending != nullptr) {
    add_values(*pending, prefix, out);
    return out;
  }
  if (prefix.starts_with('-')) {
    for (const CLI::App* at = app; at != nullptr; at = at->get_parent())
      for (const CLI::Option* option : at->get_options([](const CLI::Option* o) { return o->nonpositional(); })) {
        if (option->get_group().empty() || (at != app && option->get_name() == "--help")) continue;
        for (const std::string& name : option->get_lnames())
          if (("--" + name).starts_with(prefix)) out.words.push_back("--" + name);
      }
    return out;
  }
  for (const CLI::App* sub : app->get_subcommands([](const CLI::App* s) { return !s->get_group().empty(); }))
    if (sub->get_name().starts_with(prefix)) out.words.push_back(sub->get_name());
  const auto positionals = app->get_options([](const CLI::Option* o) { return o->get_positional(); });
  if (!positionals.empty()) {
    const CLI::Option* last = positionals.back();
    if (positionals_seen < positionals.size()) add_values(*positionals[positionals_seen], prefix, out);
    else if (last->get_expected_max() > 1) add_values(*last, prefix, out);
  }
  return out;
}

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return std::string(bash_script);
  if (shell == "zsh") return std::string(zsh_script);
  if (shell == "fish") return std::string(fish_script);
  return {};
}

}  // namespace virserver::cli
