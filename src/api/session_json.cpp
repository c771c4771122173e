#include "api/session_json.hpp"

#include <boost/json.hpp>

#include "api/board_input.hpp"
#include "base/bytes.hpp"

namespace virserver::api {
namespace json = boost::json;

json::object session_json(const session::SessionView& view) {
  const store::SessionRow& row = view.row;
  json::array memory;
  for (const backend::MemoryRegion& region : view.plan.memory)
    memory.push_back({{"name", region.name}, {"address", hex_address(region.address)}, {"size", region.size}, {"writable", region.writable}});
  std::string node_id = "node0";
  if (const auto* nodes = row.board.if_contains("nodes"); nodes && nodes->is_array() && !nodes->as_array().empty())
    if (const auto* id = nodes->as_array().front().as_object().if_contains("id"); id && id->is_string()) node_id = id->as_string();
  json::array nodes;
  nodes.push_back({{"id", node_id},
                   {"architecture", virserver::to_string(view.plan.architecture)},
                   {"endianness", view.plan.big_endian ? "big" : "little"},
                   {"memory", std::move(memory)}});
  json::object object{{"id", row.id},
                      {"name", row.name},
                      {"backend", row.backend},
                      {"status", session::to_string(view.state)},
                      {"status_reason", row.state_reason},
                      {"board_template", nullptr},
                      {"board_config", row.board},
                      {"instance_id", nullptr},
                      {"nodes", std::move(nodes)},
                      {"default_console", nullptr},
                      {"gdb_port", nullptr},
                      {"findings", findings_json(view.plan.findings)},
                      {"labels", row.labels},
                      {"resources", row.resources},
                      {"features", row.features},
                      {"ttl_sec", nullptr},
                      {"expires_at", nullptr},
                      {"sandbox", nullptr},
                      {"last_exit", nullptr},
                      {"virtual_time_ns", nullptr},
                      {"user_id", row.created_by},
                      {"created_at", to_rfc3339(row.created_at)},
                      {"updated_at", to_rfc3339(row.updated_at)},
                      {"last_used_at", to_rfc3339(row.last_used_at)}};
  if (!row.board_template.empty()) object["board_template"] = row.board_template;
  if (!view.plan.default_console.empty()) object["default_console"] = view.plan.default_console;
  if (row.gdb_port) object["gdb_port"] = *row.gdb_port;
  if (row.ttl_sec) {
    object["ttl_sec"] = *row.ttl_sec;
    object["expires_at"] = to_rfc3339(row.last_used_at + std::chrono::seconds(*row.ttl_sec));
  }
  if (view.sandbox) {
    object["instance_id"] = fmt::format("{}.{}", row.id, row.engine);
    object["sandbox"] = {{"mode", view.sandbox->mode}, {"cause", view.sandbox->cause}};
  }
  if (!row.last_exit.empty()) object["last_exit"] = row.last_exit;
  if (view.virtual_time_ns) object["virtual_time_ns"] = *view.virtual_time_ns;
  return object;
}

}  // namespace virserver::api
