// How replies and feature lists read; private to this folder.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace virserver::gdb {

inline bool is_error(std::string_view reply) { return reply.starts_with('E'); }

// ": error 14", ": the register is read-only", ": not supported", for the end of a message.
std::string reason_of(std::string_view reply);

// The value of `name` in "name=value;other+;...": the value, "+", "-" or "?"; nothing when it is not there.
std::optional<std::string_view> find_feature(std::string_view features, std::string_view name);

}  // namespace virserver::gdb
