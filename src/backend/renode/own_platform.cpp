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

// A command of a section that only tells Renode names or silences it: any other could run code, write files or fetch from anywhere.
bool is_plain_command(std::string_view text) {
  const auto made_of = [](std::string_view rest, std::string_view more) {
    return std::ranges::all_of(rest, [&](unsigned char c) { return std::isalnum(c) || more.contains(static_cast<char>(c)); });
  };
  for (const std::string_view harmless : {"Tag ", "SilenceRange "})
    if (text.starts_with(harmless)) return made_of(text.substr(harmless.size()), " \t_.,<>+\"");
  const std::string_view svd = "ApplySVD @https://dl.antmicro.com/";  // where Renode's own platforms have theirs
  return text.starts_with(svd) && made_of(text.substr(svd.size()), "_-./") && !text.contains("..");
}

// A quoted text that could name a file of the host.
bool names_file(std::string_view line) {
  bool quoted = false;
  for (const char c : line) {
    if (c == '"' || c == '\'') quoted = !quoted;
    else if (quoted && c == '/') return true;
  }
  return false;
}

bool has_word(std::string_view line, std::string_view word) {
  for (auto at = line.find(word); at != line.npos; at = line.find(word, at + 1))
    if ((at == 0 || !is_word(line[at - 1])) && (at + word.size() == line.size() || !is_word(line[at + word.size()]))) return true;
  return false;
}

// `using "platforms/..."` of a file that Renode ships, and nothing else on the line.
bool uses_shipped(std::string_view line, const std::vector<std::string>& shipped) {
  if (!line.starts_with("using")) return false;
  line = trimmed(line.substr(5));
  const std::string_view begin = "\"platforms/";
  return line.starts_with(begin) && line.ends_with('"') && std::ranges::find(shipped, line.substr(begin.size(), line.size() - begin.size() - 1)) != shipped.end();
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
    if (content.empty() || content.starts_with("//")) continue;
    const auto indentation = static_cast<std::size_t>(content.data() - line.data());
    if (has_word(content, "using")) {
      if (!uses_shipped(content, shipped))
        concerns.push_back({number, false, "`using` stands alone on its line and names a file that Renode ships; put the content of others into this one"});
      continue;
    }
    if (content.contains("/*")) concerns.push_back({number, true, "a block comment, in which code could hide; comment lines with //"});
    if (content.contains("'''")) concerns.push_back({number, true, "a text of several lines"});
    if (content.contains("Python")) concerns.push_back({number, true, "a model in Python"});
    if (names_file(content)) concerns.push_back({number, true, "a text that could name a file"});
    if (section && indentation <= *section) section.reset();
    if (section && !is_plain_command(content)) concerns.push_back({number, true, "a command that is none of Tag, SilenceRange, and ApplySVD from Renode's own address"});
    if (const auto behind = section_at(line); behind != line.npos) {
      section = indentation;
      if (!trimmed(line.substr(behind)).empty()) concerns.push_back({number, true, "commands on the line of their section"});
    }
  }
  return concerns;
}

}  // namespace virserver::backend::renode
