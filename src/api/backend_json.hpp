// How a backend's words appear in answers.
#pragma once
#include <string_view>

#include "backend/types.hpp"

namespace virserver::api {
std::string_view to_string(backend::Status status);
}
