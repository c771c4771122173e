// Health: whether the server is well and which of its parts are. An absent backend is told and never makes it unready.
#include <boost/json.hpp>

#include "api/api.hpp"
#include "api/version.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

constexpr std::uintmax_t low_disk_bytes = 256u << 20;

json::object part(std::string_view status, std::string_view detail = {}) {
  json::object object{{"status", status}};
  if (!detail.empty()) object["detail"] = detail;
  return object;
}

Task<http::Response> health(Context& context) {
  json::object parts;
  bool ready = context.ready && !context.stopping;
  bool degraded = false;
  parts["server"] = context.stopping ? part("stopping") : context.ready ? part("ok") : part("starting");

  const auto last = co_await context.events.last_id();
  parts["database"] = last ? part("ok") : part("failed", last.error().message);
  ready &= last.has_value();

  std::error_code ec;
  const auto space = std::filesystem::space(context.data, ec);
  if (ec) parts["disk"] = part("failed", ec.message());
  else parts["disk"] = part(space.available < low_disk_bytes ? "low" : "ok", fmt::format("{} MiB free", space.available >> 20));
  degraded |= ec || space.available < low_disk_bytes;

  parts["sandbox"] = context.sandbox.full
                         ? part("full")
                         : part("reduced", context.sandbox.cause + (context.sandbox.remedy.empty() ? "" : "; " + context.sandbox.remedy));
  for (const auto& info : context.backends.infos()) {
    constexpr std::string_view names[] = {"probing", "ok", "absent", "broken"};
    const bool available = info->status == backend::Status::available;
    parts["backend." + info->name] = part(names[static_cast<int>(info->status)], available ? "version " + info->version : info->reason);
    degraded |= info->status == backend::Status::broken;
  }
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - context.started);
  json::object body{{"status", !ready ? "unready" : degraded ? "degraded" : "ok"},
                    {"version", version},
                    {"uptime_sec", uptime.count()},
                    {"parts", std::move(parts)}};
  co_return http::json_response(std::move(body), ready ? 200 : 503);
}

}  // namespace

void bind_health(http::Handlers& handlers, Context& context) {
  auto full = [&context](http::Request&) -> Task<Result<http::Response>> { co_return co_await health(context); };
  handlers.bind("getHealth", full);
  handlers.bind("getReadiness", full);
  handlers.bind("getLiveness", [](http::Request&) -> Task<Result<http::Response>> {
    json::object parts{{"server", part("ok")}};
    json::object body{{"status", "ok"}, {"version", version}, {"parts", std::move(parts)}};
    co_return http::json_response(std::move(body));
  });
}

}  // namespace virserver::api
