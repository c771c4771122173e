// Ids: lower case, prefixed, sortable by creation time ("ses-01hf3...").
#pragma once
#include <string>
#include <string_view>

namespace virserver {

// 48 bits of milliseconds and 80 random bits in base32; ids of one process are strictly increasing, also within a millisecond.
// Thread-safe.
std::string new_id(std::string_view prefix);

}  // namespace virserver
