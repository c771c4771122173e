#include "http/router.hpp"

#include <algorithm>
#include <stdexcept>

namespace virserver::http {

Router::Router(const Contract& contract, const Handlers& handlers) {
  std::vector<std::string> problems;
  for (const Operation& operation : contract.operations()) {
    Route route{&operation, handlers.find(operation.id), handlers.find_websocket(operation.id), {}};
    if (operation.websocket ? !route.websocket : !route.handler)
      problems.push_back(fmt::format("operation {} has no handler", operation.id));
    Node* node = &root_;
    std::string_view path = operation.path;
    while (!path.empty()) {
      path.remove_prefix(1);
      const std::string_view segment = path.substr(0, path.find('/'));
      path.remove_prefix(segment.size());
      if (segment.starts_with('{')) {
        route.names.emplace_back(segment.substr(1, segment.size() - 2));
        if (!node->parameter) node->parameter = std::make_unique<Node>();
        node = node->parameter.get();
      } else {
        auto& child = node->children[std::string(segment)];
        if (!child) child = std::make_unique<Node>();
        node = child.get();
      }
    }
    if (route.names.size() > max_parameters) problems.push_back(fmt::format("operation {} has too many path parameters", operation.id));
    node->routes.push_back(std::move(route));
  }
  for (const std::string& name : handlers.names())
    if (!contract.find(name)) problems.push_back(fmt::format("handler {} has no operation", name));
  if (!problems.empty())
    throw std::runtime_error(fmt::format("the contract and the handlers do not match: {}", fmt::join(problems, "; ")));
}

Router::Match Router::find(std::string_view method, std::string_view path) const {
  Match match;
  if (path.starts_with('/')) walk(root_, path, method, match);
  return match;
}

bool Router::walk(const Node& node, std::string_view rest, std::string_view method, Match& match) const {
  if (rest.empty()) {
    const std::string_view wanted = method == "HEAD" ? "GET" : method;
    for (const Route& route : node.routes)
      if (route.operation->method == wanted) {
        match.route = &route;
        match.allow.clear();
        return true;
      }
    for (const Route& route : node.routes) {
      if (!match.allow.empty()) match.allow += ", ";
      match.allow += route.operation->method == "GET" ? "GET, HEAD" : route.operation->method;
    }
    return false;
  }
  rest.remove_prefix(1);
  const std::string_view segment = rest.substr(0, rest.find('/'));
  rest.remove_prefix(segment.size());
  if (const auto child = node.children.find(segment); child != node.children.end())
    if (walk(*child->second, rest, method, match)) return true;
  if (!node.parameter || segment.empty() || match.count == max_parameters) return false;
  match.values[match.count++] = segment;
  if (walk(*node.parameter, rest, method, match)) return true;
  --match.count;
  return false;
}

}  // namespace virserver::http
