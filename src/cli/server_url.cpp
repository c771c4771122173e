#include "cli/server_url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "cli/text.hpp"

namespace virserver::cli {

Outcome<Server> parse_server(std::string_view text) {
  std::string whole(text);
  if (whole.find("://") == std::string::npos) whole = "http://" + whole;
  while (whole.ends_with('/')) whole.pop_back();
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view(whole.data(), whole.size()));
  if (!parsed || !parsed->has_authority() || parsed->encoded_host().empty())
    return fail(exit_usage, "USAGE", "\"{}\" is not a server address; write http://HOST:PORT", printable(text));
  const boost::urls::url_view url = *parsed;
  const std::string scheme(url.scheme().begin(), url.scheme().end());
  if (scheme == "https")
    return fail(exit_usage, "USAGE", "https is not supported by this virctl; use http:// to the server itself or through a tunnel");
  if (scheme != "http")
    return fail(exit_usage, "USAGE", "the scheme of \"{}\" is not http", printable(text));
  if (url.has_userinfo() || url.has_query() || url.has_fragment())
    return fail(exit_usage, "USAGE", "a server address has no user, query or fragment: \"{}\"", printable(text));
  Server server;
  server.url = whole;
  server.host = url.host_address();
  server.port = url.has_port() && !url.port().empty() ? std::string(url.port().begin(), url.port().end()) : "80";
  const auto authority = url.encoded_host_and_port();
  server.authority.assign(authority.begin(), authority.end());
  const auto path = url.encoded_path();
  server.base.assign(path.begin(), path.end());
  return server;
}

}  // namespace virserver::cli
