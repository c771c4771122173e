#include "cli/resc.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "base/bytes.hpp"

namespace virserver::cli {
namespace {

constexpr std::string_view block_mark = "\"\"\"";

// The next word; a quoted one without its quotes.
std::string_view next_word(std::string_view& rest) {
  rest = trimmed(rest);
  if (!rest.empty() && rest.front() == '"') {
    const auto end = rest.find('"', 1);
    const auto word = rest.substr(1, end == rest.npos ? rest.npos : end - 1);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    return word;
  }
  const auto word = rest.substr(0, rest.find_first_of(" \t"));
  rest.remove_prefix(word.size());
  return word;
}

class Reader {
 public:
  void line(int number, std::string_view raw) {
    std::string_view text = trimmed(raw);
    if (text.starts_with(":name:")) return take(result.name, text.substr(6));
    if (text.starts_with(":description:")) return take(result.description, text.substr(13));
    if (text.empty() || text.front() == '#' || text.front() == ':') return;
    if (text.ends_with(block_mark)) {
      in_block_ = !in_block_;
      text = trimmed(text.substr(0, text.size() - block_mark.size()));
      if (!in_block_ && text.empty()) block_.clear();
      if (text.empty()) return;
    }
    if (const std::string reason = statement(text); !reason.empty()) result.ignored.push_back({number, std::string(text.substr(0, 200)), reason});
  }

  Resc result;

 private:
  static void take(std::string& target, std::string_view text) { target = trimmed(text).substr(0, 256); }

  // The value of a variable or the text itself, without @, quotes and the script's own folder.
  std::string value(std::string_view word) const {
    if (word.starts_with('@')) word.remove_prefix(1);
    if (const std::string_view beside = "$ORIGIN/"; word.starts_with(beside)) return std::string(word.substr(beside.size()));
    if (word.starts_with('$')) {
      const auto known = variables_.find(word.substr(1));
      return known == variables_.end() ? std::string() : known->second;
    }
    return std::string(word);
  }

  // Empty: taken. Else why not.
  std::string statement(std::string_view text) {
    if (in_block_ && !block_.empty() && block_ != "reset") return fmt::format("it is in `{}`, which is not carried out", block_);
    std::string_view rest = text;
    if (text.front() == '$') return variable(text);
    const std::string_view first = next_word(rest), second = next_word(rest);
    if (first == "macro" || first == "python") block_ = first == "macro" ? second : first;
    if (first == "using" || (first == "macro" && second == "reset") || (first == "runMacro" && second == "$reset")) return {};
    if (first == "include" || first == "i") return "other scripts are not read; import that one by itself";
    if (first == "mach" && (second == "create" || second == "add" || second == "set")) return machine(second, next_word(rest));
    if ((first == "machine" || first == "showAnalyzer" || first == "sysbus") && machine_ > 0) return "it is of another machine than the first; a board of one node has one";
    if (first == "machine" && second == "LoadPlatformDescription") return platform(next_word(rest));
    if (first == "showAnalyzer") return terminal(second);
    if (first == "sysbus" && (second == "LoadELF" || second == "LoadBinary" || second == "LoadHEX")) return program(second, rest);
    if (first == "start" || first == "s") return "a session is started by power on";
    return "a board cannot say this";
  }

  std::string variable(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == text.npos) return "a board has no variables";
    std::string_view name = trimmed(text.substr(1, equals - 1)), rest = text.substr(equals + 1);
    const bool weak = name.ends_with('?');
    if (weak) name = trimmed(name.substr(0, name.size() - 1));
    if (trimmed(rest).starts_with('`')) return "it is computed by Renode";
    const std::string is = value(next_word(rest));
    if (!weak || !variables_.contains(name)) variables_.insert_or_assign(std::string(name), is);
    return {};
  }

  std::string machine(std::string_view verb, std::string_view word) {
    const std::string name = value(word);
    if (verb == "set") {
      const auto known = std::ranges::find(machines_, name);
      machine_ = known == machines_.end() ? machines_.size() : static_cast<std::size_t>(known - machines_.begin());
    } else {
      machines_.push_back(name);
      if (verb == "create") machine_ = machines_.size() - 1;  // `add` leaves the one that commands are for
    }
    if (machines_.size() > 1) return "a board of one node has one machine, the first";
    if (result.name.empty()) result.name = name.substr(0, 64);
    return {};
  }

  std::string platform(std::string_view word) {
    std::string file = value(word);
    const auto at = file.find("platforms/");
    if (!result.platform.empty() || !result.platform_file.empty()) return "only the first platform is taken";
    if (file.contains("://")) return "the platform is on the network; download it";
    if (!file.ends_with(".repl") || file.contains("..")) return "it is no file that can be taken";
    if (at == 0 && made_of(file, "_./-")) result.platform = file.substr(10, file.size() - 15);
    else result.platform_file = file;
    return {};
  }

  std::string terminal(std::string_view word) {
    std::string name = value(word);
    if (name.starts_with("sysbus.")) name.erase(0, 7);
    if (!made_of(name, "_") || name.size() > 32) return "it is no UART on the system bus";
    if (std::ranges::find(result.terminals, name) == result.terminals.end()) result.terminals.push_back(std::move(name));
    return {};
  }

  std::string program(std::string_view kind, std::string_view rest) {
    ImportedProgram program;
    program.file = value(next_word(rest));
    program.format = kind == "LoadELF" ? "elf" : kind == "LoadHEX" ? "hex" : "bin";
    if (program.format == "bin") program.address = value(next_word(rest));
    if (program.file.empty()) return "the variable has no value here";
    const bool remote = program.file.starts_with("http://") || program.file.starts_with("https://");
    if (remote) return "the program is on the network; download it and upload it to the session";
    if (!trimmed(rest).empty()) return "its further arguments have no counterpart";
    result.programs.push_back(std::move(program));
    return {};
  }

  std::map<std::string, std::string, std::less<>> variables_;
  std::vector<std::string> machines_;
  std::size_t machine_ = 0;  // that commands are for
  bool in_block_ = false;
  std::string block_;  // what the text between the marks is of: the macro's name, or python
};

// Text in double quotes of YAML; scripts may be in any encoding, a board is in UTF-8.
std::string yaml_text(std::string_view text) {
  std::string out = "\"", plain(text);
  for (std::size_t good; (good = valid_utf8_prefix(plain)) < plain.size();) plain[good] = '?';
  for (const char c : plain) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' || c == 127 ? ' ' : c;
  }
  return out + "\"";
}

std::string console_name(std::string_view uart) {
  std::string name;
  for (const char c : uart) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

}  // namespace

Resc read_resc(std::string_view text) {
  Reader reader;
  read_import_lines(reader, text);
  return std::move(reader.result);
}

std::string board_yaml(const Resc& resc, std::string_view platform_text) {
  std::string out = "schema: 1\n";
  if (!resc.name.empty()) out += "name: " + yaml_text(resc.name) + "\n";
  if (!resc.description.empty()) out += "description: " + yaml_text(resc.description) + "\n";
  out += "nodes:\n  - id: node0\n    backend: renode\n    targets:\n";
  if (!resc.platform.empty()) {
    out += "      renode: { platform: " + resc.platform + " }\n";
  } else {
    out += "      renode:\n        platform_text: |2\n";
    while (!platform_text.empty()) {
      const auto end = platform_text.find('\n');
      auto line = platform_text.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty()) out += fmt::format("          {}", line);
      out += '\n';
      platform_text.remove_prefix(end == platform_text.npos ? platform_text.size() : end + 1);
    }
  }
  if (resc.terminals.empty()) return out;
  out += "    peripherals:\n";
  for (const auto& uart : resc.terminals) out += fmt::format("      - {{ type: UART, name: {} }}\n", yaml_text(uart));
  out += "    consoles:\n";
  for (std::size_t i = 0; i < resc.terminals.size(); ++i)
    out += fmt::format("      - {{ name: {}, peripheral: {}, index: {} }}\n", yaml_text(console_name(resc.terminals[i])), yaml_text(resc.terminals[i]), i);
  return out;
}

}  // namespace virserver::cli
