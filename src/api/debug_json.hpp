// How the debugger's values appear in answers, and how requests are read.
#pragma once
#include <boost/json/object.hpp>

#include "session/debug/debugger.hpp"

namespace virserver::api {

boost::json::object location_json(const session::CodeLocation& location);
boost::json::object state_json(const session::DebugState& state);
boost::json::object breakpoint_json(const session::UserBreakpoint& breakpoint);
boost::json::object register_json(const session::RegisterValue& value);
boost::json::object register_set_json(const session::RegisterSet& set);
boost::json::array frames_json(const std::vector<session::FrameView>& frames);
boost::json::object instruction_json(const session::InstructionView& view);
boost::json::object symbol_json(const session::Symbols::Match& match);
boost::json::object fault_json(const session::FaultView& fault);

// An integer or text: an address, or a location as people write it. Error: INVALID_REQUEST for a negative one.
Result<std::string> location_text(const boost::json::value& value);
Result<std::uint64_t> unsigned_number(const boost::json::value& value, std::string_view what);

Result<Bytes> from_hex_digits(std::string_view text);  // INVALID_REQUEST

}  // namespace virserver::api
