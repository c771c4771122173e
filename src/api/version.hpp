#pragma once
#include <string_view>

namespace virserver::api {
inline constexpr std::string_view version = "0.1.0";
}
