#pragma once
#include <boost/json/object.hpp>

#include "store/records.hpp"

namespace virserver::api {
boost::json::object event_json(const store::EventRow& row);
}
