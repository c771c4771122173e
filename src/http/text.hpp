// Small texts of HTTP: percent-encoding, tokens, statuses.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace virserver::http {

// Nothing for a broken escape or an encoded NUL. `plus_is_space` for query strings.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
bool iequals(std::string_view a, std::string_view b);
std::string_view trim(std::string_view text);
std::string_view reason_phrase(unsigned status);
// Does a comma-separated header (Accept-Encoding, Connection) name this token with a weight above zero?
bool lists_token(std::string_view header, std::string_view token);

}  // namespace virserver::http
