// How a session appears in answers.
#pragma once
#include <boost/json/object.hpp>

#include "session/session.hpp"

namespace virserver::api {
boost::json::object session_json(const session::SessionView& view);
}
