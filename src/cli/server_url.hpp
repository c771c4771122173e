// Where the server is.
#pragma once
#include <string>
#include <string_view>

#include "cli/failure.hpp"

namespace virserver::cli {

inline constexpr const char* default_server = "http://127.0.0.1:8080";

struct Server {
  std::string url;        // as given, without a trailing slash: for messages
  std::string host, port; // for the resolver
  std::string authority;  // for the Host header
  std::string base;       // path prefix without a trailing slash, usually empty
};

// "http://HOST[:PORT][/PREFIX]", or HOST[:PORT] alone. https is refused with the reason.
Outcome<Server> parse_server(std::string_view text);

}  // namespace virserver::cli
