// The API: one file a resource, each binding its operations of api/openapi.yaml. Handlers parse, call and answer; what
// they call is in session/, board/ and store/.
#pragma once
#include <chrono>
#include <functional>

#include "api/metrics.hpp"
#include "http/handler.hpp"
#include "process/engine_process.hpp"
#include "session/backends.hpp"
#include "session/event_log.hpp"
#include "session/registry.hpp"
#include "store/store.hpp"

namespace virserver::api {

struct Context {
  session::Registry& sessions;
  session::Backends& backends;
  session::EventLog& events;
  store::Templates& templates;
  store::Blobs& blobs;
  store::Idempotency& idempotency;
  Metrics& metrics;
  const process::SandboxSupport& sandbox;
  asio::thread_pool& pool;  // blocking work
  std::filesystem::path data;
  std::uint64_t max_upload_bytes = 0;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  std::atomic<bool> ready = false;  // sessions are restored, requests may come
  std::atomic<bool> stopping = false;
};

void bind_health(http::Handlers& handlers, Context& context);
void bind_metrics(http::Handlers& handlers, Context& context);
void bind_capabilities(http::Handlers& handlers, Context& context);
void bind_models(http::Handlers& handlers, Context& context);
void bind_templates(http::Handlers& handlers, Context& context);
void bind_template_machine(http::Handlers& handlers, Context& context);
void bind_board_check(http::Handlers& handlers, Context& context);
void bind_board_proposals(http::Handlers& handlers, Context& context);
void bind_sessions(http::Handlers& handlers, Context& context);
void bind_programs(http::Handlers& handlers, Context& context);
void bind_consoles(http::Handlers& handlers, Context& context);
void bind_stream(http::Handlers& handlers, Context& context);
void bind_debug(http::Handlers& handlers, Context& context);
void bind_debug_breakpoints(http::Handlers& handlers, Context& context);
void bind_debug_values(http::Handlers& handlers, Context& context);
void bind_outside(http::Handlers& handlers, Context& context);
void bind_gdb(http::Handlers& handlers, Context& context);
void bind_events(http::Handlers& handlers, Context& context);
void bind_diagnosis(http::Handlers& handlers, Context& context);

http::Handlers all_handlers(Context& context);

}  // namespace virserver::api
