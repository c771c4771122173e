#include "backend/renode/own_platform.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cctype>

namespace virserver::backend::renode {
namespace {

bool blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; }

// Where the words `init` or `reset` begin a section: behind them, and behind `add`, comes a colon.
std::size_t section_at(std::string_view line) {
  for (const std::string_view word : {"init", "reset"})
    for (auto at = line.find(word); at != line.npos; at = line.find(word, at + 1)) {
      if ((at > 0 && is_word(line[at - 1])) || (at + word.size() < line.size() && is_word(line[at + word.size()]))) continue;
      std::string_view rest = trimmed(line.substr(at + word.size()));
      if (rest.starts_with("add")) rest = trimmed(rest.substr(3));
      if (rest.starts_with(':')) return static_cast<std::size_t>(rest.data() - line.data()) + 1;
    }
  return line.npos;
}

// A command of a section that names what Renode has and no more: one command, no variable, no file.
bool is_plain_command(std::string_view text) {
  if (text.find_first_of(";`$") != text.npos) return false;
  for (auto at = text.find('@'); at != text.npos; at = text.find('@', at + 1))
    if (!text.substr(at + 1).starts_with("https://") && !text.substr(at + 1).starts_with("http://")) return false;
  return true;
}

}  // namespace

std::optional<std::string> own_platform(const board::Node& node) {
  const auto* target = node.targets.if_contains("renode");
  const auto* text = target && target->is_object() ? target->get_object().if_contains("platform_text") : nullptr;
  if (!text || !text->is_string()) return std::nullopt;
  return std::string(text->get_string());
}

std::vector<PlatformConcern> platform_concerns(std::string_view text, const std::vector<std::string>& shipped) {
  std::vector<PlatformConcern> concerns;
  std::string_view rest = text;
  std::optional<std::size_t> section;  // indentation of the line that began one
  for (unsigned number = 1; !rest.empty(); ++number) {
    const auto end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    const std::string_view content = trimmed(line);
    if (content.empty() || content.starts_with("//")) continue;  // other comments are read as what they might be
    const auto indentation = static_cast<std::size_t>(content.data() - line.data());
    if (content.contains("Python")) concerns.push_back({number, true, "a model in Python"});
    if (section && indentation <= *section) section.reset();
    if (section && !is_plain_command(content)) concerns.push_back({number, true, "a command that could run others or name a file"});
    if (const auto behind = section_at(line); behind != line.npos) {
      section = indentation;
      if (!trimmed(line.substr(behind)).empty()) concerns.push_back({number, true, "commands on the line of their section"});
    }
    if (content.starts_with("using") && content.size() > 5 && (blank(content[5]) || content[5] == '"')) {
      auto file = trimmed(content.substr(5));
      file = file.substr(0, file.find('"', 1));
      if (file.starts_with('"')) file.remove_prefix(1);
      const bool known = file.starts_with("platforms/") && std::ranges::find(shipped, file.substr(10)) != shipped.end();
      if (!known) concerns.push_back({number, false, "`using` names a file that Renode does not ship; put its content into this one"});
    }
  }
  return concerns;
}

}  // namespace virserver::backend::renode
