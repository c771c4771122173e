#include "backend/renode/own_platform.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cctype>
#include <string>

namespace virserver::backend::renode {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; }

bool has_word(std::string_view line, std::string_view word) {
  for (auto at = line.find(word); at != line.npos; at = line.find(word, at + 1))
    if ((at == 0 || !is_word(line[at - 1])) && (at + word.size() == line.size() || !is_word(line[at + word.size()]))) return true;
  return false;
}

// A line as Renode's lexer sees it: without its comment, and texts as empty ones. What the lexer might see otherwise is `unclear`.
struct Line {
  std::string code;
  bool names_file = false;  // a text that could name a file of the host
  const char* unclear = nullptr;
};

Line read(std::string_view line) {
  Line result;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') quoted = !quoted;
    else if (quoted && c == '/') result.names_file = true;
    const auto unclear = [&](const char* what) { result.unclear = result.unclear ? result.unclear : what; };
    if (c == '\\') unclear("a backslash");
    if (quoted && c != '"') continue;
    // Renode begins a comment only at the line's start or behind a space.
    if (c == '/') {
      const char next = i + 1 < line.size() ? line[i + 1] : ' ';
      if (next == '/' && (i == 0 || line[i - 1] == ' ')) break;
      unclear(next == '*' ? "a block comment, in which code could hide; comment lines with //" : "a slash that begins no comment");
    }
    result.code += c;
  }
  if (quoted) result.unclear = "a text without its end";
  return result;
}

// Sections with commands of Renode's monitor. Their words stand anywhere between braces, with blanks and lines between them and the colon.
bool names_section(std::string_view code) { return has_word(code, "init") || has_word(code, "preinit") || has_word(code, "reset"); }

// The one form whose commands this filter can follow: by indentation. Those of `preinit` are no commands to a peripheral but any of the monitor.
bool begins_section(std::string_view code) {
  for (const std::string_view form : {"init:", "init add:", "reset:", "reset add:"})
    if (code == form) return true;
  return false;
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

// A model of Renode's plugins that loads a library or starts a program: CoSimulated.*, SystemC.*; not Quark_SystemControlSubsystem.
bool loads_program(std::string_view code) {
  if (code.contains("CoSimulated")) return true;
  const std::string_view name = "SystemC";
  for (auto at = code.find(name); at != code.npos; at = code.find(name, at + 1))
    if (at + name.size() == code.size() || !std::islower(static_cast<unsigned char>(code[at + name.size()]))) return true;
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
  bool begun = false;                  // by the last line
  for (unsigned number = 1; !rest.empty(); ++number) {
    const auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    const auto code = [&](const char* message) { concerns.push_back({number, true, message}); };
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.contains('\r')) code("a carriage return within the line, which Renode leaves out");
    if (line.contains("'''")) code("a text of several lines");
    const Line seen = read(line);
    const std::string_view content = trimmed(seen.code);
    if (content.empty()) continue;
    const auto indentation = line.find_first_not_of(' ');
    if (has_word(content, "using")) {
      if (!uses_shipped(trimmed(line), shipped))
        concerns.push_back({number, false, "`using` stands alone on its line and names a file that Renode ships; put the content of others into this one"});
      continue;
    }
    if (section && indentation <= *section) {
      if (begun) code("a section whose commands do not stand below it, further in");
      section.reset();
    }
    begun = false;
    if (section) {
      if (!is_plain_command(trimmed(line))) code("a command that is none of Tag, SilenceRange, and ApplySVD from Renode's own address");
      continue;
    }
    if (seen.unclear) code(seen.unclear);
    if (seen.names_file) code("a text that could name a file");
    if (content.contains("Python")) code("a model in Python");
    if (loads_program(content)) code("a model that loads or starts a program");
    if (begins_section(content)) {
      section = indentation;
      begun = true;
    } else if (names_section(content)) {
      code("commands in another form than `init:`, `init add:`, `reset:` or `reset add:` alone on its line and the commands below it");
    }
  }
  return concerns;
}

}  // namespace virserver::backend::renode
