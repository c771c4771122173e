#include <string_view>

#include "backend/engine.hpp"

namespace virserver::backend {

std::string_view to_string(ExitCause cause) {
  switch (cause) {
    case ExitCause::powered_off: return "powered_off";
    case ExitCause::guest_shutdown: return "guest_shutdown";
    case ExitCause::guest_exit: return "guest_exit";
    case ExitCause::guest_panic: return "guest_panic";
    case ExitCause::lockup: return "lockup";
    case ExitCause::crashed: return "crashed";
    case ExitCause::killed: return "killed";
  }
  return "crashed";
}

}  // namespace virserver::backend
