#include "api/platforms.hpp"

#include <algorithm>
#include <map>

#include "board/processors.hpp"

namespace virserver::api {
namespace {

std::string last_part(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

board::Template board_of(const Platform& platform) {
  const std::string name = last_part(platform.info.id);
  board::Template result;
  result.id = platform.id;
  result.name = name;
  result.description = fmt::format("The platform {} that the installed Renode has.", platform.info.id);
  result.tags = {"renode", "discovered"};
  result.backends = {"renode"};
  result.findings = {"A platform of the installed Renode; what it has is asked of Renode, and nothing is compared with a real board."};
  result.config.name = name;
  board::Node node;
  node.id = "node0";
  node.backend = "renode";
  node.targets = {{"renode", {{"platform", platform.info.id}}}};
  if (const auto* known = board::find_processor(platform.info.default_processor)) {
    node.processor.type = known->name;
    node.processor.id = known->id;
    node.processor.architecture = known->architecture;
    node.processor.profile = known->profile;
  }
  result.config.nodes.push_back(std::move(node));
  return result;
}

}  // namespace

std::vector<Platform> all_platforms(const session::Backends& backends) {
  std::vector<Platform> all;
  for (const auto& backend : backends.infos()) {
    std::map<std::string, int> names;
    for (const auto& info : backend->platforms) ++names[last_part(info.id)];
    for (const auto& info : backend->platforms) {
      const std::string name = last_part(info.id);
      all.push_back({fmt::format("{}:{}", backend->name, names[name] > 1 ? info.id : name), backend->name, backend->name == "renode", info});
    }
  }
  std::ranges::sort(all, {}, &Platform::id);
  return all;
}

std::vector<board::Template> platform_boards(const session::Backends& backends) {
  std::vector<board::Template> boards;
  for (const auto& platform : all_platforms(backends))
    if (platform.board) boards.push_back(board_of(platform));
  return boards;
}

std::optional<board::Template> platform_board(const session::Backends& backends, std::string_view id) {
  const auto all = all_platforms(backends);
  for (const auto& platform : all)
    if (platform.board && (platform.id == id || fmt::format("{}:{}", platform.backend, platform.info.id) == id)) return board_of(platform);
  // A board and the processor that it is made of may have one name: the board is meant.
  for (const auto& platform : all)
    if (platform.board && platform.info.id.starts_with("boards/") && fmt::format("{}:{}", platform.backend, last_part(platform.info.id)) == id) return board_of(platform);
  return std::nullopt;
}

}  // namespace virserver::api
