#include "board/parse.hpp"

#include <set>

#include "board/reader.hpp"
#include "board/words.hpp"

namespace virserver::board {
namespace {

constexpr std::string_view board_fields[] = {"schema", "system_id", "name", "description", "nodes",
                                             "interconnect", "boot", "resources"};

Result<Board> parse(const boost::json::value& value, const Document* document) {
  Problems problems(document);
  Fields fields(problems, "", value, board_fields);
  Board board;
  if (fields) {
    if (const auto schema = fields.number("schema"); schema && *schema != 1)
      fields.error("schema", fmt::format("version {} of the schema is not known; this server reads version 1", *schema));
    board.system_id = fields.text("system_id", 128).value_or("");
    board.name = fields.text("name", 256).value_or("");
    board.description = fields.text("description", 4096).value_or("");
    fields.required("nodes");
    if (const auto* nodes = fields.array("nodes", 64)) {
      if (nodes->empty()) fields.error("nodes", "a board has at least one node");
      std::set<std::string> ids;
      for (std::size_t i = 0; i < nodes->size(); ++i) {
        const std::string pointer = fmt::format("/nodes/{}", i);
        board.nodes.push_back(parse_node(problems, pointer, (*nodes)[i], i));
        const std::string& id = board.nodes.back().id;
        if (!id.empty() && !ids.insert(lower(id)).second)
          problems.add(pointer + "/id", fmt::format("another node is named \"{}\" too", id));
      }
    }
    if (const auto* interconnect = fields.find("interconnect")) {
      check_interconnect(problems, *interconnect, board.nodes);
      if (interconnect->is_object()) board.interconnect = interconnect->get_object();
    }
    if (const auto* boot = fields.find("boot")) {
      check_boot(problems, *boot);
      if (boot->is_object()) board.boot = boot->get_object();
    }
    if (const auto* resources = fields.find("resources")) board.resources = parse_resources(problems, *resources);
  }
  if (!problems.empty()) return fail(problems.error());
  return board;
}

}  // namespace

Result<Board> parse_board(const Document& document) { return parse(document.value, &document); }
Result<Board> parse_board(const boost::json::value& value) { return parse(value, nullptr); }

}  // namespace virserver::board
