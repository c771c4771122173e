// From method and path to an operation, by hashing path segments.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/handler.hpp"
#include "http/validate.hpp"

namespace virserver::http {

struct Route {
  const Operation* operation = nullptr;
  const Handler* handler = nullptr;
  const WebSocketHandler* websocket = nullptr;
  std::vector<std::string> names;  // path parameters in order
};

class Router {
 public:
  // Throws when an operation has no handler or a handler no operation, naming all of them.
  Router(const Contract& contract, const Handlers& handlers);

  static constexpr std::size_t max_parameters = 8;
  struct Match {
    const Route* route = nullptr;  // null: no such path, or no such method when `allow` is filled
    std::array<std::string_view, max_parameters> values;  // still percent-encoded
    std::size_t count = 0;
    std::string allow;
  };
  // HEAD is answered by GET. A fixed segment wins over a parameter.
  Match find(std::string_view method, std::string_view path) const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct Node {
    std::unordered_map<std::string, std::unique_ptr<Node>, Hash, std::equal_to<>> children;
    std::unique_ptr<Node> parameter;
    std::vector<Route> routes;  // one a method
  };
  bool walk(const Node& node, std::string_view rest, std::string_view method, Match& match) const;
  Node root_;
};

}  // namespace virserver::http
