#include "api/board_verdict.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "api/board_input.hpp"
#include "backend/load_check.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

std::string size_text(std::uint64_t bytes) {
  return bytes % 1024 == 0 ? fmt::format("{} KiB", bytes >> 10) : fmt::format("{} bytes", bytes);
}

void add_segments(const backend::EnginePlan& plan, const image::Image& image, BoardVerdict& verdict) {
  for (const auto& region : image.regions) {
    backend::Part part{.pointer = "/program", .kind = "segment", .name = fmt::format("{} at {}", size_text(region.bytes.size()), hex_address(region.address))};
    const auto memory = std::ranges::find_if(plan.memory, [&](const auto& each) { return region.address >= each.address && region.address - each.address < each.size; });
    part.state = memory == plan.memory.end() ? backend::PartState::missing : backend::PartState::runs;
    if (memory != plan.memory.end()) part.on = memory->name;
    else part.reason = "the board has no memory there";
    if (verdict.parts.size() < 4096) verdict.parts.push_back(std::move(part));
  }
}

void add_program(const backend::EnginePlan& plan, const BoardProgram& program, BoardVerdict& verdict) {
  const backend::LoadImage one{program.name, "application", verdict.image.get()};
  auto problems = backend::image_problems(plan, std::span(&one, 1));
  for (const auto& problem : problems)
    if (verdict.findings.size() < 1000) verdict.findings.push_back({{"severity", "error"}, {"pointer", "/program"}, {"message", problem.message}});
  add_segments(plan, *verdict.image, verdict);
  if (!problems.empty()) verdict.refusal = std::move(problems.front());
}

}  // namespace

Task<Result<std::vector<BoardVerdict>>> board_verdicts(Context& context, const board::Board& board, std::string_view backend, const BoardProgram* program) {
  std::shared_ptr<const image::Image> image;
  bool relocatable = false;  // a raw binary without an address goes where each backend's machine starts
  if (program) {
    auto parsed = co_await parse_program(context.pool, *program, {});
    if (parsed) image = std::make_shared<image::Image>(std::move(*parsed));
    else if (parsed.error().code == ErrorCode::IMAGE_ADDRESS_REQUIRED) relocatable = true;
    else co_return pass(parsed);
  }
  auto planned = co_await context.backends.check(board, backend);
  std::vector<BoardVerdict> verdicts;
  for (auto& each : planned) {
    BoardVerdict& verdict = verdicts.emplace_back();
    verdict.backend = each.backend;
    if (!each.plan) {
      if (const auto* findings = each.plan.error().details.if_contains("findings"); findings && findings->is_array()) verdict.findings = findings->as_array();
      verdict.refusal = std::move(each.plan.error());
      continue;
    }
    const backend::EnginePlan& plan = *each.plan;
    verdict.planned = true;
    verdict.exact = std::ranges::none_of(plan.findings, [](const auto& finding) { return finding.severity != backend::Severity::info; });
    verdict.findings = findings_json(plan.findings);
    verdict.parts = backend::parts_of(board, plan);
    if (const auto* machine = plan.data.if_contains("machine"); machine && machine->is_string()) verdict.machine = machine->as_string();
    if (!program) continue;
    verdict.image = image;
    if (relocatable) {
      const auto address = backend::default_load_address(plan);
      auto placed = co_await parse_program(context.pool, *program, address ? std::optional(*address) : std::nullopt);
      if (!placed) {
        verdict.refusal = std::move(placed.error());
        continue;
      }
      verdict.image = std::make_shared<image::Image>(std::move(*placed));
    }
    add_program(plan, *program, verdict);
  }
  co_return verdicts;
}

}  // namespace virserver::api
