// JSON as people edit it: two spaces, one member a line, short arrays of plain values on one.
#pragma once
#include <boost/json/value.hpp>

#include <string>

namespace virserver::cli {

std::string pretty(const boost::json::value& value);  // ends with a line break

}  // namespace virserver::cli
