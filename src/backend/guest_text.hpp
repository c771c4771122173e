// Lines of an emulator's log about its guest, made fit to be shown and counted. Pure; the text is hostile.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace virserver::backend {

// At most `most` characters; what is not printable ASCII is "?".
std::string printable(std::string_view text, std::size_t most);

// Every number is "#", so that a value or a counter makes no new kind of line; at most `most` characters.
std::string without_numbers(std::string_view text, std::size_t most);

}  // namespace virserver::backend
