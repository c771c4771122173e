#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/json.hpp>

#include <atomic>

#include "base/clock.hpp"

namespace virserver::log {
namespace {

std::atomic<bool> as_json = false;

spdlog::logger& logger() {
  static const auto instance = [] {
    auto created = std::make_shared<spdlog::logger>("virserver", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    created->set_pattern("%v");
    created->set_level(spdlog::level::info);
    return created;
  }();
  return *instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warn: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

constexpr std::string_view name(Level level) {
  constexpr std::string_view names[] = {"debug", "info", "warn", "error"};
  return names[static_cast<int>(level)];
}

}  // namespace

void set_level(Level level) { logger().set_level(to_spdlog(level)); }
void set_json(bool json) { as_json = json; }
bool enabled(Level level) { return logger().should_log(to_spdlog(level)); }

void write(Level level, std::string_view message) {
  const std::string time = to_rfc3339(now());
  if (as_json) {
    const boost::json::object record{{"time", time}, {"level", name(level)}, {"message", message}};
    logger().log(to_spdlog(level), "{}", boost::json::serialize(record));
  } else {
    logger().log(to_spdlog(level), "{} {:5} {}", time, name(level), message);
  }
}

}  // namespace virserver::log
