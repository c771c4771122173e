// Idempotency-Key: a repeated POST answers what the first one answered, also after a restart.
#pragma once
#include "api/api.hpp"

namespace virserver::api {

// Without the header it just runs `make`. `content` is what besides method and target makes two requests the same.
// Only success is kept (for a day). Errors: IDEMPOTENCY_MISMATCH, CONFLICT while the first is still under way.
Task<Result<http::Response>> idempotent(Context& context, const http::Request& request, std::string content,
                                        std::function<Task<Result<http::Response>>()> make);

}  // namespace virserver::api
