// Query parameters that the debugger's calls share.
#pragma once
#include "base/run_on.hpp"
#include "http/handler.hpp"

namespace virserver::api {

inline std::optional<unsigned> core_of(const http::Request& request) {
  const auto* core = request.query.if_contains("core");
  return core ? std::optional(core->to_number<unsigned>()) : std::nullopt;
}

inline bool halt_of(const http::Request& request) {
  const auto* halt = request.query.if_contains("halt");
  return halt && halt->as_bool();
}

inline std::optional<std::string> text_of(const http::Request& request, std::string_view name) {
  const auto* value = request.query.if_contains(name);
  return value ? std::optional<std::string>(value->as_string()) : std::nullopt;
}

}  // namespace virserver::api
