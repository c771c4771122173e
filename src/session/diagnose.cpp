// Session::diagnose: gathers what the engine, the programs, the board and the library know.
#include <boost/json.hpp>

#include <algorithm>

#include "backend/parts.hpp"
#include "backend/register_models.hpp"
#include "base/blocking.hpp"
#include "board/parse.hpp"
#include "board/registers.hpp"
#include "board/templates.hpp"
#include "session/diagnosis.hpp"
#include "session/here.hpp"
#include "session/model_draft.hpp"

namespace virserver::session {

namespace {

constexpr std::size_t max_boards_asked = 6;  // each may cost a probe of an emulator

struct LoadedProgram {
  std::filesystem::path file;
  image::Options options;
};

// Symbols and bytes of the loaded programs; what cannot be read is left out.
std::vector<ProgramCode> read_code(const std::vector<LoadedProgram>& loaded) {
  std::vector<ProgramCode> programs;
  for (const auto& each : loaded) {
    auto image = image::read(each.file, each.options);
    if (!image) continue;
    ProgramCode code;
    if (auto debug = image::DebugInfo::open(each.file)) code.debug = *debug;
    auto shared = std::make_shared<image::Image>(std::move(*image));
    code.bytes = [shared](std::uint64_t address, std::size_t size) -> Bytes {
      for (const auto& region : shared->regions) {
        if (address < region.address || address - region.address >= region.bytes.size()) continue;
        const auto at = address - region.address;
        const auto bytes = std::span(region.bytes).subspan(at, std::min<std::size_t>(size, region.bytes.size() - at));
        return {bytes.begin(), bytes.end()};
      }
      return {};
    };
    programs.push_back(std::move(code));
  }
  return programs;
}

std::vector<PolledView> polled_by(const std::vector<ProcessorState>& processors, const backend::EnginePlan& plan, std::string_view soc) {
  std::vector<PolledView> all;
  for (const auto& state : processors) {
    if (!state.loop) continue;
    for (const auto& read : state.loop->reads) {
      PolledView view{.address = read.address, .instruction = read.instruction, .awaited = read.awaited};
      if (const auto* device = backend::device_at(plan, read.address)) {
        view.device = device->name;
        view.model = device->model.empty() ? device->name : device->model;
        view.stub = device->stub;
      }
      if (const auto* block = view.stub || view.device.empty() ? backend::model_at(plan, read.address) : nullptr) {
        view.device = block->name;
        view.model = block->model;
        view.stub = false;
        view.modelled = true;
      }
      if (const auto known = board::find_register(soc, read.address)) {
        view.register_name = known->text();
        if (view.device.empty()) view.device = known->block;
      }
      if (std::ranges::find(all, view.address, &PolledView::address) == all.end()) all.push_back(std::move(view));
    }
  }
  return all;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return std::toupper(static_cast<unsigned char>(x)) == std::toupper(static_cast<unsigned char>(y)); });
}

// The part of a plan's board that has this name and is there.
const backend::Part* emulated(const std::vector<backend::Part>& parts, std::string_view name) {
  const auto found = std::ranges::find_if(parts, [&](const auto& part) { return part.kind == "peripheral" && part.state == backend::PartState::runs && same_name(part.name, name); });
  return found == parts.end() ? nullptr : &*found;
}

bool lists(const board::Board& board, std::string_view name) {
  return std::ranges::any_of(board.nodes.front().peripherals, [&](const auto& peripheral) { return same_name(peripheral.name, name); });
}

}  // namespace

// On other backends the board itself, then boards of the library that list a peripheral of the name.
Task<std::vector<ElsewhereView>> Session::find_elsewhere(const board::Board& board, std::vector<std::string> devices) {
  std::vector<ElsewhereView> found;
  std::size_t asked = 0;
  for (const auto& device : devices) {
    if (!lists(board, device)) continue;
    auto verdicts = co_await services_.backends.check(board, "auto");
    for (const auto& verdict : verdicts) {
      if (!verdict.plan || verdict.backend == row_.backend) continue;
      const auto parts = backend::parts_of(board, *verdict.plan);
      if (const auto* part = emulated(parts, device)) found.push_back({device, verdict.backend, "", part->on});
    }
    for (const auto& known : board::builtin_templates()) {
      if (known.id == row_.board_template || known.config.nodes.front().processor.architecture != plan_.architecture || !lists(known.config, device)) continue;
      if (++asked > max_boards_asked) break;
      auto others = co_await services_.backends.check(known.config, "auto");
      for (const auto& verdict : others) {
        if (!verdict.plan) continue;
        const auto parts = backend::parts_of(known.config, *verdict.plan);
        if (const auto* part = emulated(parts, device)) found.push_back({device, verdict.backend, known.id, part->on});
      }
    }
  }
  co_return found;
}

Task<Result<Diagnosis>> Session::diagnose() {
  auto look = [](std::shared_ptr<Session> self) -> Task<Result<Diagnosis>> {
    const auto engine = self->engine_;
    if (!engine) co_return pass(self->require(false, "power it on: only a board that is on can be looked at; last_exit tells how it ended"));
    auto seen = co_await engine->observe();
    if (!seen) co_return pass(seen);
    std::vector<LoadedProgram> loaded;
    auto rows = co_await self->programs();
    if (!rows) co_return pass(rows);
    for (const auto& row : *rows) {
      if (std::ranges::find(self->loaded_, row.id) == self->loaded_.end()) continue;
      auto path = co_await self->services_.blobs.local_path(row.blob);
      if (path) loaded.push_back({*path, {image::parse_format(row.format), row.load_address, self->services_.settings.max_image_bytes}});
    }
    auto board = board::parse_board(boost::json::value(self->row_.board));
    const std::string soc = soc_of(self->row_.board);
    Diagnosis diagnosis;
    for (const auto& access : seen->accesses) diagnosis.accesses.push_back(view_of(access, self->plan_, soc));
    auto work = [&] {
      const auto programs = read_code(loaded);
      for (auto& view : diagnosis.accesses)
        if (view.access.pc) view.location = place_of(*view.access.pc, programs);
      diagnosis.processors = processor_states(seen->samples, programs, self->plan_);
      diagnosis.polled = polled_by(diagnosis.processors, self->plan_, soc);
      for (auto& view : diagnosis.polled) view.location = place_of(view.instruction, programs);
    };
    co_await blocking(self->services_.pool, work);
    std::ranges::sort(diagnosis.accesses, [](const AccessView& a, const AccessView& b) {
      return a.access.kind != b.access.kind ? a.access.kind < b.access.kind : a.access.count > b.access.count;
    });
    diagnosis.further_accesses = seen->further_accesses;
    diagnosis.watched = seen->watched;
    diagnosis.why_not_watched = std::move(seen->why_not_watched);

    std::vector<std::string> wanted;
    auto want = [&](const std::string& device) {
      if (!device.empty() && wanted.size() < 3 && std::ranges::find(wanted, device) == wanted.end()) wanted.push_back(device);
    };
    for (const auto& polled : diagnosis.polled)
      if (polled.stub || polled.model.empty()) want(polled.device);
    for (const auto& view : diagnosis.accesses)
      if (view.access.kind == backend::GuestAccess::Kind::unimplemented && !view.access.write) want(view.device);
    if (board && !wanted.empty()) diagnosis.elsewhere = co_await self->find_elsewhere(*board, std::move(wanted));
    diagnosis.summary = summarize(diagnosis, self->plan_);
    const auto info = self->services_.backends.info(self->row_.backend);
    if (info && info->features.at("register_models").available) diagnosis.proposed_models = draft_models(diagnosis.polled, self->plan_, soc);
    co_return diagnosis;
  };
  co_return co_await here(look(shared_from_this()));
}

}  // namespace virserver::session
