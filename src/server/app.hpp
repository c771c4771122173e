// The composition root: builds every part, runs it, takes it down in order.
#pragma once
#include "server/config.hpp"

namespace virserver::server {

// Runs until SIGINT, SIGTERM or (private) end of stdin. Prints `listening on http://ADDR:PORT` to stdout when ready.
// Throws std::exception when it cannot start.
int run(const Config& config);

}  // namespace virserver::server
