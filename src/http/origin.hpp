// Browsers can reach loopback: which Host and Origin headers are believed.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace virserver::http {

class OriginPolicy {
 public:
  // Loopback names are always allowed. When listening on a wildcard address, every literal address is: a page can bind a
  // foreign name to this server, never a foreign address.
  OriginPolicy(std::string_view listening_address, std::vector<std::string> hosts, std::vector<std::string> origins);

  bool host_allowed(std::string_view host_header) const;
  // `origin` as sent; same origin means its host:port is the Host header's.
  bool origin_allowed(std::string_view origin, std::string_view host_header) const;

  // FOREIGN_ORIGIN when the request must not be answered. `guarded`: an unsafe method, an upgrade or an event stream.
  Result<void> check(std::string_view host_header, std::string_view origin, bool guarded) const;

 private:
  std::vector<std::string> hosts_, origins_;
  bool any_address_ = false;
};

// "[::1]:8080" -> "[::1]"; "name:80" -> "name"; empty when malformed.
std::string_view host_without_port(std::string_view host_header);

}  // namespace virserver::http
