// Validation of requests against the contract, with errors in words a person can act on.
#pragma once
#include <boost/json.hpp>

#include <memory>
#include <string>
#include <vector>

#include "http/contract.hpp"

namespace virserver::http {

// Compiled from a schema without references; immutable, used by all threads. Throws on a schema valijson refuses.
std::shared_ptr<const Schema> compile(boost::json::value schema);

struct Violation {
  std::string pointer;  // RFC 6901, e.g. "/nodes/0/memory"
  std::string message;  // lower case, without the place
};

// At most 20 violations, each pointer prefixed with `prefix`; empty: valid. Integers above 2^63 count as integers.
std::vector<Violation> validate(const Schema& schema, const boost::json::value& value, std::string_view prefix);

// INVALID_REQUEST with details.errors [{pointer, message}].
Error invalid(std::vector<Violation> violations);

// Own check, without valijson: says what is wrong in words (explain.cpp).
void explain(const boost::json::value& schema, const boost::json::value& value, const std::string& pointer,
             std::vector<Violation>& out);

// Texts longer than this are never given to a regular expression: std::regex recurses for every character.
inline constexpr std::size_t max_pattern_text = 2048;

}  // namespace virserver::http
