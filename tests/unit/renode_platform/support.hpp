#pragma once
#include <algorithm>
#include <string>

#include "backend/renode/platform.hpp"
#include "board/parse.hpp"

namespace virserver::backend::renode {

// A board of one node from the YAML of that node.
inline board::Board board_of(const std::string& node) {
  std::string text = "nodes:\n  - id: n\n";
  for (std::size_t at = 0; at < node.size();) {
    const std::size_t end = std::min(node.find('\n', at), node.size());
    text += "    " + node.substr(at, end - at) + "\n";
    at = end + 1;
  }
  const auto document = board::parse_document(text);
  if (!document) throw std::runtime_error(document.error().message);
  auto board = board::parse_board(*document);
  if (!board) throw std::runtime_error(board.error().message);
  return *board;
}

// The message of the finding at `pointer`; empty: none there.
inline std::string finding_at(const Platform& platform, std::string_view pointer, Severity severity) {
  for (const auto& finding : platform.findings)
    if (finding.pointer == pointer && finding.severity == severity) return finding.message;
  return "";
}
inline std::string error_at(const Platform& platform, std::string_view pointer) { return finding_at(platform, pointer, Severity::error); }

}  // namespace virserver::backend::renode
