#include "cli/diagnosis_text.hpp"

#include "cli/api.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace json = boost::json;

std::string diagnosis_text(const json::value& diagnosis, bool instructions) {
  std::string out;
  for (const auto& sentence : list(diagnosis, "summary"))
    if (sentence.is_string()) out += wrap("- " + printable({sentence.get_string().data(), sentence.get_string().size()}), 2);
  if (!instructions) return out;
  for (const auto& processor : list(diagnosis, "processors")) {
    const json::value& loop = at(processor, "loop");
    if (list(loop, "instructions").empty()) continue;
    out += fmt::format("  processor {}:\n", number(processor, "index"));
    for (const auto& each : list(loop, "instructions"))
      out += fmt::format("    {} {}  {}\n", number(each, "samples") > 0 ? ">" : " ", printable(text(each, "address")), printable(text(each, "text")));
  }
  for (const auto& access : list(diagnosis, "accesses"))
    if (text(access, "kind") == "other") out += wrap(fmt::format("  {} times: {}", number(access, "count"), printable(text(access, "text"))), 2);
  if (!flag(diagnosis, "watched")) out += wrap("- accesses are not looked for: " + printable(text(diagnosis, "why_not_watched")), 2);
  return out;
}

}  // namespace virserver::cli
