#include "cli/help.hpp"

#include <CLI/App.hpp>
#include <fmt/format.h>

#include "cli/text.hpp"

namespace virserver::cli {
namespace {

constexpr std::string_view exit_status_section =
    "EXIT STATUS\n"
    "  0    success\n"
    "  1    it failed; the reason is on standard error\n"
    "  2    the command line is wrong, or an id fits several things\n"
    "  3    no server answers\n";
constexpr std::string_view environment_section =
    "ENVIRONMENT\n"
    "  VIRSERVER_URL   the server, unless --server names one\n"
    "  NO_COLOR        when set, no colors\n";

std::string path_of(const CLI::App* app) {
  const CLI::App* parent = app->get_parent();
  return parent == nullptr ? app->get_name() : path_of(parent) + " " + app->get_name();
}

std::string value_of(const CLI::Option* option) {
  if (option->get_items_expected_min() == 0) return {};  // a flag
  const std::string type = option->get_type_name();
  const std::size_t choices = type.find(":{");
  if (choices != std::string::npos) {
    std::string words = type.substr(choices + 2);
    if (words.ends_with('}')) words.pop_back();
    for (char& c : words)
      if (c == ',') c = '|';
    return words;
  }
  return type.empty() ? "TEXT" : type;
}

std::string name_of(const CLI::Option* option) {
  std::string out;
  for (const std::string& name : option->get_snames()) out += (out.empty() ? "-" : ", -") + name;
  for (const std::string& name : option->get_lnames()) out += (out.empty() ? "--" : ", --") + name;
  const std::string value = value_of(option);
  return value.empty() ? out : out + " " + value;
}

std::string entry(const std::string& name, const std::string& text) {
  return "  " + name + "\n" + wrap(text, 6);
}

std::string positional_name(const CLI::Option* option) {
  std::string name = option->get_name(true);
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const std::string value = value_of(option);
  return value.find('|') != std::string::npos ? value : name;
}

std::string options_of(const CLI::App* app) {
  std::string out;
  for (const CLI::Option* option : app->get_options([](const CLI::Option* o) { return o->nonpositional(); })) {
    if (option->get_group().empty()) continue;
    std::string text = option->get_description();
    if (option->get_items_expected_min() > 0 && option->get_expected_max() > 1) text += " May be repeated.";
    out += entry(name_of(option), text);
  }
  return out;
}

}  // namespace

std::string ManualFormatter::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  const std::string path = path_of(app);
  const std::string description = app->get_description();
  const std::size_t first = description.find('\n');
  const std::string manual = first == std::string::npos ? "" : description.substr(first + 1);
  const auto subcommands = app->get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); });
  const auto positionals = app->get_options([](const CLI::Option* o) { return o->get_positional(); });

  std::string out = "NAME\n" + wrap(path + " - " + description.substr(0, first), 2);
  out += "\nSYNOPSIS\n  " + path;
  if (!subcommands.empty()) out += " COMMAND";
  for (const CLI::Option* option : positionals) {
    const std::string name = positional_name(option);
    out += option->get_required() ? " " + name : " [" + name + "]";
    if (option->get_expected_max() > 1) out += "...";
  }
  out += " [OPTION]...\n";
  if (!manual.empty()) out += "\nDESCRIPTION\n" + wrap(manual, 2);
  if (!positionals.empty()) {
    out += "\nARGUMENTS\n";
    for (const CLI::Option* option : positionals) out += entry(positional_name(option), option->get_description());
  }
  if (!subcommands.empty()) {
    out += "\nCOMMANDS\n";
    for (const CLI::App* sub : subcommands) {
      const std::string text = sub->get_description();
      out += fmt::format("  {:<14}{}\n", sub->get_name(), text.substr(0, text.find('\n')));
    }
    out += "\n  " + path + " COMMAND --help explains each.\n";
  }
  out += "\nOPTIONS\n" + options_of(app);
  const CLI::App* root = app;
  while (root->get_parent() != nullptr) root = root->get_parent();
  if (root != app) {
    std::string names;
    for (const CLI::Option* option : root->get_options([](const CLI::Option* o) { return o->nonpositional(); }))
      if (option->get_name() != "--help") names += (names.empty() ? "" : ", ") + name_of(option);
    out += wrap("Also accepted: " + names + "; \"virctl --help\" explains them.", 2);
  }
  const std::string more = app->get_footer();
  if (!more.empty()) out += "\n" + more;
  if (more.find("EXIT STATUS") == std::string::npos) out += "\n" + std::string(exit_status_section);
  if (more.find("ENVIRONMENT") == std::string::npos) out += "\n" + std::string(environment_section);
  return out;
}

}  // namespace virserver::cli
