// Would this board run here, with this program? Each backend's verdict, part by part; nothing is started.
#include <boost/json.hpp>

#include <algorithm>

#include "api/board_input.hpp"
#include "api/board_program.hpp"
#include "api/board_verdict.hpp"
#include "board/templates.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

json::array parts_json(const std::vector<backend::Part>& parts) {
  json::array array;
  for (const auto& part : parts)
    array.push_back({{"pointer", part.pointer}, {"kind", part.kind}, {"name", part.name}, {"state", backend::to_string(part.state)},
                     {"on", part.on}, {"reason", part.reason}});
  return array;
}

Task<Result<http::Response>> check(Context& context, http::Request& request) {
  BoardForm form;
  if (request.stream) {
    auto read = co_await read_board_form(request, {"board_config", "board_template", "backend"}, context.max_upload_bytes);
    if (!read) co_return pass(read);
    form = std::move(*read);
  } else {
    form.fields = std::move(request.body.as_object());
  }
  const auto* wanted = form.fields.if_contains("backend");
  const std::string backend_name = wanted ? std::string(wanted->as_string()) : "auto";
  if (backend_name != "auto" && !context.backends.find(backend_name))
    co_return fail(ErrorCode::INVALID_REQUEST, "there is no backend '{}'; use qemu, renode, skyeye or auto", backend_name);
  auto input = co_await board_input(context, form.fields);
  if (!input) co_return pass(input);

  auto verdicts = co_await board_verdicts(context, input->board, backend_name, form.program ? &*form.program : nullptr);
  if (!verdicts) co_return pass(verdicts);
  json::array backends;
  json::value program = nullptr;
  bool runs = false;
  for (auto& verdict : *verdicts) {
    runs |= verdict.runs();
    json::object entry{{"backend", verdict.backend}, {"verdict", verdict.word()}, {"parts", parts_json(verdict.parts)}};
    if (!verdict.machine.empty()) entry["machine"] = verdict.machine;
    if (verdict.refusal) {
      entry["code"] = info(verdict.refusal->code).name;
      entry["reason"] = verdict.refusal->message;
    }
    json::array findings;
    if (verdict.planned)
      for (const auto& text : board::findings_on(verdict.backend, input->findings)) findings.push_back({{"severity", "info"}, {"pointer", ""}, {"message", text}});
    for (auto& finding : verdict.findings) findings.push_back(std::move(finding));
    entry["findings"] = std::move(findings);
    if (verdict.image && program.is_null()) program = program_summary(*form.program, *verdict.image);
    backends.push_back(std::move(entry));
  }
  json::object body{{"runs", runs}, {"board_config", board::to_json(input->board)}, {"program", std::move(program)}, {"backends", std::move(backends)}};
  co_return http::json_response(std::move(body));
}

}  // namespace

void bind_board_check(http::Handlers& handlers, Context& context) {
  handlers.bind("checkBoard", [&context](http::Request& request) -> Task<Result<http::Response>> { co_return co_await check(context, request); });
}

}  // namespace virserver::api
