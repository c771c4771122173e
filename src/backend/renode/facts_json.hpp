// ProbeFacts as the cache keeps them.
#pragma once
#include <boost/json/object.hpp>

#include <optional>

#include "backend/renode/probe.hpp"

namespace virserver::backend::renode {

boost::json::object facts_to_json(const ProbeFacts& facts);
// Nothing when it was written by another version, or damaged.
std::optional<ProbeFacts> facts_from_json(const boost::json::object& object);

}  // namespace virserver::backend::renode
