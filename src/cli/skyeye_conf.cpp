#include "cli/skyeye_conf.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <optional>

namespace virserver::cli {
namespace {

constexpr unsigned most_uarts = 3;

std::optional<std::uint64_t> number(std::string_view text) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(value) : std::nullopt;
}

using Parameters = std::map<std::string, std::string, std::less<>>;

// `a=1, b = 2`: SkyEye knows no quotes.
Parameters parameters_of(std::string_view text) {
  Parameters all;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const auto equals = part.find('=');
    if (equals != part.npos) all.emplace(trimmed(part.substr(0, equals)), trimmed(part.substr(equals + 1)));
  }
  return all;
}

class Reader {
 public:
  void line(int line, std::string_view raw) {
    const auto text = trimmed(raw);
    if (text.empty() || text.front() == '#') return;
    if (const auto reason = option(text); !reason.empty()) result.ignored.push_back({line, std::string(text.substr(0, 200)), reason});
  }

  SkyEyeConf result;

 private:
  // Empty: taken.
  std::string option(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == text.npos) return "it is no option: they are `name: value`";
    const auto name = trimmed(text.substr(0, colon)), value = trimmed(text.substr(colon + 1));
    if (name == "arch") return {};  // the machine says it
    if (name == "cpu") return word(result.cpu, value);
    if (name == "mach") return word(result.mach, value);
    const auto parameters = parameters_of(value);
    if (name == "mem_bank") return bank(parameters);
    if (name == "uart") return ++result.uarts > most_uarts ? "VirServer connects three UARTs at most" : "";
    if (name == "load_file") return program(parameters);
    if (name == "load_addr") return "a program goes where its own addresses say";
    if (name == "net" || name == "lcd" || name == "flash" || name == "nandflash" || name == "sound" || name == "touchscreen")
      return "VirServer connects no such device on SkyEye";
    return "it has no counterpart in a board";
  }

  static std::string word(std::string& target, std::string_view value) {
    if (!made_of(value, "_-") || value.size() > 64) return "it is no name";
    if (!target.empty()) return "only the first is taken";
    target = value;
    return {};
  }

  std::string bank(const Parameters& parameters) {
    const auto text = [&parameters](const char* key) {
      const auto found = parameters.find(key);
      return found == parameters.end() ? std::string() : found->second;
    };
    const auto address = number(text("addr")), size = number(text("size"));
    if (!address || !size || *size == 0) return "a bank has an address and a size";
    SkyEyeBank bank{SkyEyeBank::Kind::memory, text("type") != "R", *address, *size};
    const auto map = text("map");
    if (map == "I") bank.kind = SkyEyeBank::Kind::registers;
    else if (map == "F") bank.kind = SkyEyeBank::Kind::flash;
    else if (map != "M") return "its map is none of M, I and F";
    for (const auto& other : result.banks)
      if (other.address == bank.address && other.size == bank.size) return "the same bank is there already";
    result.banks.push_back(bank);
    if (const auto file = text("file"); !file.empty()) result.programs.push_back({file, "bin", text("addr")});
    return {};
  }

  std::string program(const Parameters& parameters) {
    const auto file = parameters.find("filename"), start = parameters.find("start");
    if (file == parameters.end() || file->second.empty()) return "it names no file";
    result.programs.push_back({file->second, "bin", start == parameters.end() ? "" : start->second});
    return {};
  }
};

}  // namespace

SkyEyeConf read_skyeye_conf(std::string_view text) {
  Reader reader;
  read_import_lines(reader, text);
  return std::move(reader.result);
}

std::string board_yaml(const SkyEyeConf& conf) {
  std::string out = fmt::format("schema: 1\nname: \"{}\"\nnodes:\n  - id: node0\n    backend: skyeye\n", conf.mach);
  std::string memory, registers;
  unsigned counts[3] = {};
  for (const auto& bank : conf.banks) {
    if (bank.kind == SkyEyeBank::Kind::registers) {
      registers += fmt::format("          - {{ address: 0x{:08x}, size: 0x{:x} }}\n", bank.address, bank.size);
      continue;
    }
    const unsigned kind = bank.kind == SkyEyeBank::Kind::flash ? 1 : bank.writable ? 0 : 2;
    static constexpr const char* types[] = {"RAM", "Flash", "ROM"};
    static constexpr const char* names[] = {"ram", "flash", "rom"};
    memory += fmt::format("      - {{ type: {}, name: {}{}, address: 0x{:08x}, size: 0x{:x}, access: {} }}\n", types[kind], names[kind], counts[kind]++, bank.address,
                          bank.size, kind == 0 ? "RWX" : "RX");
  }
  if (!memory.empty()) out += "    memory:\n" + memory;
  out += fmt::format("    targets:\n      skyeye:\n        mach: \"{}\"\n", conf.mach);
  if (!conf.cpu.empty()) out += fmt::format("        cpu: \"{}\"\n", conf.cpu);
  if (!registers.empty()) out += "        registers:\n" + registers;
  out += "    consoles:\n";
  for (unsigned i = 0; i < std::clamp(conf.uarts, 1u, most_uarts); ++i) out += fmt::format("      - {{ name: uart{0}, index: {0} }}\n", i);
  return out;
}

}  // namespace virserver::cli
