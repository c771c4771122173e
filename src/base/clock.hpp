// Wall-clock timestamps: UTC, microseconds, RFC 3339 in every interface.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace virserver {

using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

Timestamp now();
std::string to_rfc3339(Timestamp time);                         // "2026-11-23T22:19:00.000000Z"
std::optional<Timestamp> parse_rfc3339(std::string_view text);  // accepts "Z" only

}  // namespace virserver
