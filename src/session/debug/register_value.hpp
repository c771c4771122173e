// Values of registers of any width. Pure.
#pragma once
#include <boost/json/value.hpp>

#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace virserver::session {

// Bytes in the target's order, most significant first, and back.
Bytes most_significant_first(Bytes value, bool big_endian);

// An integer (a negative one in two's complement) or "0x..." as `bits`/8 bytes, most significant first. Error:
// INVALID_REQUEST when it is no number, or wider than the register.
Result<Bytes> register_bytes(const boost::json::value& value, unsigned bits, std::string_view name);

}  // namespace virserver::session
