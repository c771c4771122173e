#include "http/origin.hpp"

#include <algorithm>

#include "base/asio.hpp"
#include "http/text.hpp"

namespace virserver::http {
namespace {

bool is_address(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  error_code ec;
  asio::ip::make_address(std::string(host), ec);
  return !ec;
}

std::string bracketed(std::string_view address) {
  if (address.find(':') == std::string_view::npos || address.starts_with('[')) return std::string(address);
  return fmt::format("[{}]", address);
}

}  // namespace

std::string_view host_without_port(std::string_view host) {
  std::string_view port;
  if (host.starts_with('[')) {
    const std::size_t close = host.find(']');
    if (close == std::string_view::npos) return {};
    port = host.substr(close + 1);
    host = host.substr(0, close + 1);
    if (!port.empty() && !port.starts_with(':')) return {};
  } else if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    port = host.substr(colon);
    host = host.substr(0, colon);
  }
  if (!port.empty() && port.find_first_not_of("0123456789", 1) != std::string_view::npos) return {};
  return host;
}

OriginPolicy::OriginPolicy(std::string_view listening_address, std::vector<std::string> hosts, std::vector<std::string> origins)
    : hosts_(std::move(hosts)), origins_(std::move(origins)) {
  hosts_.insert(hosts_.end(), {"127.0.0.1", "localhost", "[::1]", bracketed(listening_address)});
  any_address_ = listening_address == "0.0.0.0" || listening_address == "::";
  for (std::string& host : hosts_) host = bracketed(host);
}

bool OriginPolicy::host_allowed(std::string_view host_header) const {
  const std::string_view host = host_without_port(host_header);
  if (host.empty()) return false;
  for (const std::string& allowed : hosts_)
    if (iequals(allowed, host)) return true;
  return any_address_ && is_address(host);
}

bool OriginPolicy::origin_allowed(std::string_view origin, std::string_view host_header) const {
  for (const std::string& allowed : origins_)
    if (iequals(allowed, origin)) return true;
  std::string_view rest = origin;
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  else if (rest.starts_with("https://")) rest.remove_prefix(8);
  else return false;  // "null" and everything else that is no web page of ours
  return iequals(rest, host_header) && host_allowed(host_header);
}

Result<void> OriginPolicy::check(std::string_view host_header, std::string_view origin, bool guarded) const {
  const auto shown = [](std::string_view text) { return std::string(text.substr(0, 128)); };
  if (!host_header.empty() && !host_allowed(host_header))
    return fail(ErrorCode::FOREIGN_ORIGIN, "the host name \"{}\" is not allowed; add it to the server's allowed hosts or use its address", shown(host_header));
  if (guarded && !origin.empty() && !origin_allowed(origin, host_header))
    return fail(ErrorCode::FOREIGN_ORIGIN, "the web page of origin \"{}\" may not do this; add it to the server's allowed origins", shown(origin));
  return {};
}

}  // namespace virserver::http
