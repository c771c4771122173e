// JSON pointers and `$ref` inside one document.
#pragma once
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace virserver::http {

std::string escape_pointer(std::string_view token);  // RFC 6901: ~0 and ~1

// Null when the pointer leads nowhere.
const boost::json::value* find_pointer(const boost::json::value& document, std::string_view pointer);

// The value itself, or what its `$ref` ("#/...") names, through chains; null when that is nothing.
const boost::json::value* try_resolve(const boost::json::value& document, const boost::json::value& item);

// A copy of a schema with every `$ref` replaced by its target and without annotations. Throws on a cycle.
boost::json::value inline_references(const boost::json::value& document, const boost::json::value& schema, int depth = 0);

}  // namespace virserver::http
