// Why does it hang?
#include <boost/json.hpp>

#include "api/api.hpp"
#include "session/diagnosis.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

json::value loop_json(const std::optional<session::Loop>& loop) {
  if (!loop) return nullptr;
  json::array instructions;
  for (const auto& each : loop->instructions)
    instructions.push_back({{"address", hex_address(each.address)}, {"text", each.text}, {"samples", each.samples}});
  return json::object{{"begin", hex_address(loop->begin)}, {"end", hex_address(loop->end)}, {"function", loop->function}, {"file", loop->file},
                      {"first_line", loop->first_line}, {"last_line", loop->last_line}, {"instructions", std::move(instructions)}};
}

json::value awaited_json(const std::optional<session::Awaited>& awaited) {
  if (!awaited) return nullptr;
  return json::object{{"mask", fmt::format("{:#x}", awaited->mask)}, {"value", fmt::format("{:#x}", awaited->value)}, {"any", awaited->any}};
}

json::object diagnosis_json(const session::Diagnosis& diagnosis) {
  json::array processors, polled, accesses, elsewhere;
  for (const auto& state : diagnosis.processors) {
    json::array seen;
    for (const auto& each : state.seen) seen.push_back({{"pc", hex_address(each.pc)}, {"samples", each.samples}, {"location", each.text}});
    processors.push_back({{"index", state.index}, {"seen", std::move(seen)}, {"waits", state.waits}, {"loop", loop_json(state.loop)}});
  }
  for (const auto& view : diagnosis.polled)
    polled.push_back({{"address", hex_address(view.address)}, {"instruction", hex_address(view.instruction)}, {"register", view.register_name},
                      {"device", view.device}, {"model", view.model}, {"stub", view.stub}, {"awaited", awaited_json(view.awaited)}});
  for (const auto& view : diagnosis.accesses) accesses.push_back(session::access_json(view));
  for (const auto& view : diagnosis.elsewhere) {
    json::object entry{{"device", view.device}, {"backend", view.backend}, {"board_template", nullptr}, {"model", view.model}};
    if (!view.board_template.empty()) entry["board_template"] = view.board_template;
    elsewhere.push_back(std::move(entry));
  }
  json::value proposed;
  if (!diagnosis.proposed_models.empty()) proposed = diagnosis.proposed_models;
  return {{"summary", json::array(diagnosis.summary.begin(), diagnosis.summary.end())},
          {"processors", std::move(processors)},
          {"polled", std::move(polled)},
          {"accesses", std::move(accesses)},
          {"further_accesses", diagnosis.further_accesses},
          {"elsewhere", std::move(elsewhere)},
          {"watched", diagnosis.watched},
          {"why_not_watched", diagnosis.why_not_watched},
          {"proposed_models", std::move(proposed)}};
}

}  // namespace

void bind_diagnosis(http::Handlers& handlers, Context& context) {
  handlers.bind("getDiagnosis", [&context](http::Request& request) -> Task<Result<http::Response>> {
    auto session = context.sessions.locate(request.parameter("session_id"));
    if (!session) co_return pass(session);
    auto diagnosis = co_await (*session)->diagnose();
    if (!diagnosis) co_return pass(diagnosis);
    co_return http::json_response(diagnosis_json(*diagnosis));
  });
}

}  // namespace virserver::api
