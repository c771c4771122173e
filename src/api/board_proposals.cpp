// Which boards of the library could run this program?
#include <boost/json.hpp>

#include <algorithm>
#include <map>

#include "api/board_input.hpp"
#include "api/board_program.hpp"
#include "api/board_verdict.hpp"
#include "backend/proposals.hpp"
#include "base/blocking.hpp"
#include "board/yaml_text.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

using Boards = std::vector<const board::Template*>;

// Where a raw binary without an address would go on a board.
std::uint64_t start_of(const board::Template& known) {
  const auto& node = known.config.nodes.front();
  if (const auto* qemu = node.targets.if_contains("qemu"); qemu && qemu->is_object())
    for (const char* key : {"vector_table", "reset_address"})
      if (const auto* value = qemu->get_object().if_contains(key); value && value->is_number()) return value->to_number<std::uint64_t>();
  std::uint64_t lowest = ~0ull;
  for (const auto& memory : node.memory) lowest = std::min(lowest, memory.address);
  return node.memory.empty() ? 0 : lowest;
}

struct Judged {
  std::vector<backend::Proposal> proposals;
  std::optional<image::Image> image;  // any of them; raw binaries have one an address
};

Result<Judged> judge(const BoardProgram& program, const Boards& boards) {
  Judged judged;
  auto image = image::parse(program.content, program.options);
  if (image) {
    const auto hints = image::read_hints(program.content, *image);
    judged.proposals = backend::propose(boards, *image, hints);
    judged.image = std::move(*image);
    return judged;
  }
  if (image.error().code != ErrorCode::IMAGE_ADDRESS_REQUIRED) return pass(image);
  std::map<std::uint64_t, Boards> by_start;
  for (const auto* known : boards) by_start[start_of(*known)].push_back(known);
  std::optional<image::Hints> hints;
  for (const auto& [start, those] : by_start) {
    image::Options options = program.options;
    options.load_address = start;
    auto placed = image::parse(program.content, options);
    if (!placed) continue;
    if (!hints) hints = image::read_hints(program.content, *placed);
    for (auto& proposal : backend::propose(those, *placed, *hints)) judged.proposals.push_back(std::move(proposal));
    judged.image = std::move(*placed);
  }
  backend::sort_proposals(judged.proposals);
  if (!judged.image) return pass(image);
  return judged;
}

// The proposal with what the first backend that takes it says; nullopt if none does.
Task<std::optional<json::object>> proposal_json(Context& context, const BoardProgram& program, const backend::Proposal& proposal) {
  const board::Template& known = *proposal.board;
  auto verdicts = co_await board_verdicts(context, known.config, "auto", &program);
  if (!verdicts) co_return std::nullopt;
  const auto taken = std::ranges::find_if(*verdicts, [](const auto& verdict) { return verdict.runs(); });
  if (taken == verdicts->end()) co_return std::nullopt;
  std::vector<std::string> comments{fmt::format("Proposed for {}: {} ({})", program.name, known.name, known.id)};
  for (const auto& reason : proposal.reasons) comments.push_back("- " + reason);
  json::object object{{"template_id", known.id},
                      {"name", known.name},
                      {"score", proposal.score},
                      {"reasons", json::array(proposal.reasons.begin(), proposal.reasons.end())},
                      {"backend", taken->backend},
                      {"verdict", taken->word()},
                      {"findings", taken->findings},
                      {"config", board::to_json(known.config)},
                      {"yaml", board::to_yaml(known.config, comments)}};
  co_return object;
}

Task<Result<http::Response>> propose(Context& context, http::Request& request) {
  auto form = co_await read_board_form(request, {}, context.max_upload_bytes);
  if (!form) co_return pass(form);
  if (!form->program) co_return fail(ErrorCode::INVALID_REQUEST, "the form has no part named 'program'");
  const BoardProgram& program = *form->program;
  const auto limit = static_cast<std::size_t>(request.query.at("limit").to_number<std::int64_t>());
  auto known = co_await all_templates(context);
  if (!known) co_return pass(known);
  Boards boards;
  for (const auto& each : *known) boards.push_back(&each.value);
  auto work = [&program, &boards] { return judge(program, boards); };
  auto judged = co_await blocking(context.pool, work);
  if (!judged) co_return pass(judged);
  json::array proposals;
  for (const auto& proposal : judged->proposals) {
    if (proposals.size() == limit) break;
    auto object = co_await proposal_json(context, program, proposal);
    if (object) proposals.push_back(std::move(*object));
  }
  json::object summary = program_summary(program, *judged->image);
  json::object body{{"program", std::move(summary)}, {"proposals", std::move(proposals)}};
  co_return http::json_response(std::move(body));
}

}  // namespace

void bind_board_proposals(http::Handlers& handlers, Context& context) {
  handlers.bind("proposeBoards", [&context](http::Request& request) -> Task<Result<http::Response>> { co_return co_await propose(context, request); });
}

}  // namespace virserver::api
