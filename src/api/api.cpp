#include "api/api.hpp"

namespace virserver::api {

http::Handlers all_handlers(Context& context) {
  http::Handlers handlers;
  bind_health(handlers, context);
  bind_metrics(handlers, context);
  bind_capabilities(handlers, context);
  bind_models(handlers, context);
  bind_templates(handlers, context);
  bind_template_machine(handlers, context);
  bind_board_check(handlers, context);
  bind_board_proposals(handlers, context);
  bind_sessions(handlers, context);
  bind_programs(handlers, context);
  bind_consoles(handlers, context);
  bind_stream(handlers, context);
  bind_debug(handlers, context);
  bind_debug_breakpoints(handlers, context);
  bind_debug_values(handlers, context);
  bind_outside(handlers, context);
  bind_gdb(handlers, context);
  bind_events(handlers, context);
  bind_diagnosis(handlers, context);
  return handlers;
}

}  // namespace virserver::api
