#include "image/demangle.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

namespace virserver::image {
namespace {

constexpr std::size_t max_mangled = 2048;
// A back reference repeats what came before, so n of them can make the text up to e^(n/e) times as long.
constexpr int max_back_references = 24;

bool harmless(std::string_view name) {
  if (name.size() > max_mangled) return false;
  int references = 0;
  for (std::size_t i = 0; i + 1 < name.size(); ++i) {
    const char next = name[i + 1];
    const bool digit = next == '_' || (next >= '0' && next <= '9') || (next >= 'A' && next <= 'Z');
    if ((name[i] == 'S' || name[i] == 'T') && digit) ++references;
  }
  return references <= max_back_references;
}

// rustc's first scheme is C++ with a hash at the end and escapes for what an identifier cannot have.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> escapes = {{{"$SP$", "@"}, {"$BP$", "*"}, {"$RF$", "&"},
    {"$LT$", "<"}, {"$GT$", ">"}, {"$LP$", "("}, {"$RP$", ")"}, {"$C$", ","}, {"..", "::"}, {".", "."}}};

std::string from_rust(std::string_view name) {
  std::string text;
  while (!name.empty()) {
    if (name.starts_with("_$") && (text.empty() || text.ends_with(':'))) name.remove_prefix(1);
    if (name.starts_with("$u")) {
      const std::size_t end = name.find('$', 2);
      unsigned long code = 0;
      if (end != name.npos && end <= 8) code = std::strtoul(std::string(name.substr(2, end - 2)).c_str(), nullptr, 16);
      if (code >= ' ' && code <= '~') {
        text += static_cast<char>(code);
        name.remove_prefix(end + 1);
        continue;
      }
    }
    const auto found = std::ranges::find_if(escapes, [&](const auto& escape) { return name.starts_with(escape.first); });
    text += found != escapes.end() ? found->second : name.substr(0, 1);
    name.remove_prefix(found != escapes.end() ? found->first.size() : 1);
  }
  return text;
}

bool has_rust_hash(std::string_view text) {
  if (text.size() < 20 || !text.substr(text.size() - 19).starts_with("::h")) return false;
  return text.find_first_not_of("0123456789abcdef", text.size() - 16) == text.npos;
}

}  // namespace

std::string demangle(std::string_view name) {
  if (!name.starts_with("_Z") || !harmless(name)) return std::string(name);
  int status = 0;
  struct Free {
    void operator()(char* text) const { std::free(text); }
  };
  const std::unique_ptr<char, Free> text(abi::__cxa_demangle(std::string(name).c_str(), nullptr, nullptr, &status));
  if (status != 0 || !text) return std::string(name);
  const std::string_view demangled(text.get());
  return has_rust_hash(demangled) ? from_rust(demangled.substr(0, demangled.size() - 19)) : std::string(demangled);
}

std::string_view without_parameters(std::string_view demangled) {
  // The parenthesis that opens the parameters is the last one outside of template arguments whose match ends the name.
  const std::size_t close = demangled.rfind(')');
  if (close == demangled.npos) return demangled;
  int depth = 0;
  for (std::size_t i = close + 1; i-- > 0;) {
    if (demangled[i] == ')') ++depth;
    if (demangled[i] == '(' && --depth == 0) {
      const std::string_view before = demangled.substr(0, i);
      return before.ends_with("operator") ? demangled.substr(0, close + 1) : before;
    }
  }
  return demangled;
}

}  // namespace virserver::image
