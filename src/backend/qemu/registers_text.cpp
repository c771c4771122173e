#include "backend/qemu/registers_text.hpp"

#include <algorithm>
#include <charconv>

namespace virserver::backend::qemu {

namespace {

constexpr std::size_t max_processors = 64, max_registers = 128;

// The next word; `text` goes on behind it.
std::string_view word(std::string_view& text) {
  constexpr std::string_view blanks = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  const auto found = text.substr(0, std::min(text.find_first_of(blanks), text.size()));
  text.remove_prefix(found.size());
  return found;
}

std::optional<std::uint64_t> hex(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (ec != std::errc() || end != text.data() + text.size() || (text.size() != 8 && text.size() != 16)) return std::nullopt;
  return value;
}

// "R03" is r3, "R15" pc; empty for what is no general register's name.
std::string name_of(std::string_view text) {
  if (text.empty() || text.size() > 8) return {};
  std::string name;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) return {};
    name += c;
  }
  if (name.front() >= '0' && name.front() <= '9') return {};
  if (name.size() == 3 && name[1] == '0') name.erase(1, 1);
  if (name == "r13") return "sp";
  if (name == "r14") return "lr";
  if (name == "r15" || name == "nip" || name == "eip" || name == "rip") return "pc";
  return name;
}

void put(ProcessorSample& sample, std::string_view names, std::uint64_t value) {
  while (!names.empty()) {  // "x1/ra"
    const auto slash = names.find('/');
    const std::string name = name_of(names.substr(0, slash));
    names.remove_prefix(slash == names.npos ? names.size() : slash + 1);
    if (name.empty() || sample.registers.size() >= max_registers) continue;
    sample.registers.emplace(name, value);
    if (name == "pc" && !sample.pc) sample.pc = value;
  }
}

}  // namespace

std::vector<ProcessorSample> parse_registers(std::string_view text) {
  std::vector<ProcessorSample> samples;
  std::string_view before;  // the word before, a name perhaps
  while (true) {
    const auto token = word(text);
    if (token.empty()) break;
    if (token.starts_with("CPU#")) {
      if (samples.size() >= max_processors) break;
      const auto index = static_cast<unsigned>(samples.size());
      samples.emplace_back().index = index;
      before = {};
      continue;
    }
    if (samples.empty()) continue;
    if (const auto equals = token.find('='); equals != token.npos) {
      if (const auto value = hex(token.substr(equals + 1))) put(samples.back(), token.substr(0, equals), *value);
      before = {};
    } else if (const auto value = hex(token); value && !before.empty()) {
      put(samples.back(), before.ends_with(':') ? before.substr(0, before.size() - 1) : before, *value);
      before = {};
    } else {
      before = token;
    }
  }
  return samples;
}

}  // namespace virserver::backend::qemu
