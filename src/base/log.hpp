// The server's own log: one line a record on stderr, level by configuration. Thread-safe.
#pragma once
#include <fmt/format.h>

#include <string_view>

namespace virserver::log {

enum class Level { debug, info, warn, error };

void set_level(Level level);
void set_json(bool json);  // {"time","level","message"} a line instead of text
bool enabled(Level level);
void write(Level level, std::string_view message);

#define VIRSERVER_LOG_FUNCTION(name)                                  \
  template <class... Args>                                            \
  void name(fmt::format_string<Args...> format, Args&&... args) {     \
    if (enabled(Level::name))                                         \
      write(Level::name, fmt::format(format, std::forward<Args>(args)...)); \
  }
VIRSERVER_LOG_FUNCTION(debug)
VIRSERVER_LOG_FUNCTION(info)
VIRSERVER_LOG_FUNCTION(warn)
VIRSERVER_LOG_FUNCTION(error)
#undef VIRSERVER_LOG_FUNCTION

}  // namespace virserver::log
