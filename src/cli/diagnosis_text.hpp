// A diagnosis for people: what `virctl diagnose` and a `virctl run` that timed out print.
#pragma once
#include <boost/json/value.hpp>

#include <string>

namespace virserver::cli {

// Lines with line breaks; empty when nothing is known. `instructions`: the loop's code too.
std::string diagnosis_text(const boost::json::value& diagnosis, bool instructions);

}  // namespace virserver::cli
