// An engine's plan as it is kept with its session, so that a running engine can be adopted after a restart.
#pragma once
#include <boost/json/object.hpp>

#include "backend/types.hpp"

namespace virserver::session {

boost::json::object plan_to_json(const backend::EnginePlan& plan);
backend::EnginePlan plan_from_json(const boost::json::object& json);  // of our own making; throws when it is not

std::string_view to_string(backend::Severity severity);

}  // namespace virserver::session
