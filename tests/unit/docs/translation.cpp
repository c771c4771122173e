#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "documents.hpp"

namespace virserver::docs {
namespace {

void collect_spans(std::string_view line, std::vector<std::string>& spans) {
  for (std::size_t at = line.find('`'); at != line.npos;) {
    const std::size_t end = line.find('`', at + 1);
    if (end == line.npos) return;
    spans.emplace_back(line.substr(at + 1, end - at - 1));
    at = line.find('`', end + 1);
  }
}

std::string list(const std::vector<std::string>& of, const std::vector<std::string>& without) {
  std::vector<std::string> only;
  std::ranges::set_difference(of, without, std::back_inserter(only));
  return fmt::format("{}", fmt::join(only, ", "));
}

}  // namespace

std::vector<Section> sections(std::string_view markdown) {
  std::vector<Section> found(1);
  std::istringstream in{std::string(markdown)};
  bool fenced = false, indented = false;
  std::string text;  // a code span may go over the end of a line
  const auto end_of_text = [&] {
    collect_spans(text, found.back().code_spans);
    std::ranges::sort(found.back().code_spans);
    text.clear();
  };
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```")) {
      fenced = !fenced;
      if (fenced) found.back().code_blocks.push_back(line + "\n");
      continue;
    }
    if (fenced || line.starts_with("    ")) {
      if (!fenced && !indented) found.back().code_blocks.emplace_back();
      indented = !fenced;
      found.back().code_blocks.back() += line + "\n";
      continue;
    }
    if (!line.empty()) indented = false;
    const std::size_t level = std::min(line.find_first_not_of('#'), line.size());
    if (level > 0 && level < line.size() && line[level] == ' ') {
      end_of_text();
      found.push_back({static_cast<int>(level), line.substr(level + 1), {}, {}, 0});
      continue;
    }
    if (line.starts_with("|")) ++found.back().table_rows;
    text += line + " ";
  }
  end_of_text();
  return found;
}

std::vector<std::string> differences(std::string_view original, std::string_view translation) {
  const auto left = sections(original), right = sections(translation);
  std::vector<std::string> found;
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    if (i >= right.size() || (i < left.size() && left[i].level != right[i].level)) {
      found.push_back(fmt::format("the heading '{}' is missing", i < left.size() ? left[i].heading : ""));
      break;  // the rest would only repeat it
    }
    if (i >= left.size()) {
      found.push_back(fmt::format("the heading '{}' has no original", right[i].heading));
      break;
    }
    const Section &a = left[i], &b = right[i];
    if (a.code_blocks.size() != b.code_blocks.size())
      found.push_back(fmt::format("'{}' has {} code blocks, its translation {}", a.heading, a.code_blocks.size(), b.code_blocks.size()));
    else
      for (std::size_t k = 0; k < a.code_blocks.size(); ++k)
        if (a.code_blocks[k] != b.code_blocks[k]) found.push_back(fmt::format("'{}': a code block differs:\n{}", a.heading, a.code_blocks[k]));
    if (a.code_spans != b.code_spans)
      found.push_back(fmt::format("'{}': code in the text differs; missing: {}; only there: {}", a.heading, list(a.code_spans, b.code_spans), list(b.code_spans, a.code_spans)));
    if (a.table_rows != b.table_rows)
      found.push_back(fmt::format("'{}' has {} rows of tables, its translation {}", a.heading, a.table_rows, b.table_rows));
  }
  return found;
}

}  // namespace virserver::docs
