// Path, query and header parameters: from text to the types of the contract, validated, with defaults filled in.
#pragma once
#include <span>

#include "http/handler.hpp"
#include "http/validate.hpp"

namespace virserver::http {

// `query` is the raw text after '?'; `values` the undecoded path segments in the order of the template's names. Fills
// request.path_parameters and request.query. INVALID_REQUEST with pointers "/query/limit", "/path/id", "/header/name".
Result<void> read_parameters(const Operation& operation, std::span<const std::string_view> names,
                             std::span<const std::string_view> values, std::string_view query, Request& request);

// Parses and validates a JSON body: INVALID_JSON with details.offset, INVALID_REQUEST.
Result<boost::json::value> read_json(const Schema* schema, std::string_view text);

}  // namespace virserver::http
