#include "session/diagnosis.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "backend/parts.hpp"
#include "base/bytes.hpp"
#include "board/registers.hpp"

namespace virserver::session {

namespace {

std::string machine_of(const backend::EnginePlan& plan) {
  const auto* machine = plan.data.if_contains("machine");
  return machine && machine->is_string() ? "the machine " + std::string(machine->as_string()) : std::string("the emulated machine");
}

std::string name_of(const PolledView& polled) {
  if (!polled.register_name.empty()) return fmt::format("{} ({})", polled.register_name, hex_address(polled.address));
  if (!polled.device.empty()) return fmt::format("{} at {}", polled.device, hex_address(polled.address));
  return hex_address(polled.address);
}

std::string name_of(const AccessView& view) {
  if (!view.register_name.empty()) return fmt::format("{} ({})", view.register_name, hex_address(*view.address));
  if (view.address && !view.device.empty()) return fmt::format("{} at {}", view.device, hex_address(*view.address));
  if (view.address) return hex_address(*view.address);
  if (view.access.offset) return fmt::format("{}+{:#x}", view.device, *view.access.offset);
  return view.device;
}

std::string lines_of(const Loop& loop) {
  if (loop.file.empty()) return fmt::format("{} to {}", hex_address(loop.begin), hex_address(loop.end));
  const std::string file = loop.file.substr(loop.file.rfind('/') + 1);
  return loop.first_line == loop.last_line ? fmt::format("{}:{}", file, loop.first_line) : fmt::format("{}:{}-{}", file, loop.first_line, loop.last_line);
}

// A device whose model lacks a register is none.
bool is_stub(const backend::EnginePlan& plan, std::string_view device) {
  const auto known = std::ranges::find(plan.devices, device, &backend::DeviceRegion::name);
  return known == plan.devices.end() || std::ranges::any_of(plan.devices, [&](const auto& each) { return each.name == device && each.stub; });
}

}  // namespace

AccessView view_of(const backend::GuestAccess& access, const backend::EnginePlan& plan, std::string_view soc) {
  AccessView view{access, access.address, access.device, {}};
  if (!view.address && access.offset)
    for (const auto& device : plan.devices)
      if (device.name == access.device && (!view.address || device.stub)) view.address = device.address + *access.offset;
  if (!view.address) return view;
  if (const auto known = board::find_register(soc, *view.address)) {
    view.register_name = known->text();
    if (view.device.empty()) view.device = known->block;
  }
  return view;
}

boost::json::object access_json(const AccessView& view) {
  static constexpr std::string_view kinds[] = {"unimplemented", "invalid", "other"};
  boost::json::object object{{"kind", kinds[static_cast<int>(view.access.kind)]}, {"write", view.access.write}, {"device", view.device}, {"register", view.register_name},
                             {"address", nullptr}, {"size", view.access.size}, {"count", view.access.count}, {"text", view.access.text}};
  if (view.address) object["address"] = hex_address(*view.address);
  if (view.access.pc) object["pc"] = hex_address(*view.access.pc);
  if (!view.location.empty()) object["location"] = view.location;
  return object;
}

std::string soc_of(const boost::json::object& board) {
  const auto* nodes = board.if_contains("nodes");
  if (!nodes || !nodes->is_array() || nodes->as_array().empty() || !nodes->as_array().front().is_object()) return {};
  const auto* soc = nodes->as_array().front().as_object().if_contains("soc");
  return soc && soc->is_string() ? std::string(soc->as_string()) : std::string();
}

std::vector<std::string> summarize(const Diagnosis& diagnosis, const backend::EnginePlan& plan) {
  std::vector<std::string> sentences;
  for (const auto& state : diagnosis.processors) {
    const std::string who = diagnosis.processors.size() > 1 ? fmt::format("processor {}", state.index) : std::string("the processor");
    const SeenAt& last = state.seen.front();
    const std::string where = last.text.empty() ? hex_address(last.pc) : fmt::format("{} ({})", last.text, hex_address(last.pc));
    if (state.waits) sentences.push_back(fmt::format("{} waits for an interrupt at {}", who, where));
    else if (!state.loop) sentences.push_back(fmt::format("{} was seen at {}", who, where));
    else
      sentences.push_back(fmt::format("{} sits in a loop at {}{}, last seen at {}", who, lines_of(*state.loop),
                                      state.loop->function.empty() ? "" : " in " + state.loop->function, where));
  }
  for (const auto& polled : diagnosis.polled) {
    const std::string what = polled.modelled         ? fmt::format("which {} plays; no rule of it brings what the loop waits for", polled.model)
                             : polled.stub           ? fmt::format("which {} does not emulate: it reads 0", machine_of(plan))
                             : polled.model.empty() ? fmt::format("where {} has nothing", machine_of(plan))
                                                    : fmt::format("which is a {} there", polled.model);
    const std::string awaits = polled.awaited ? fmt::format(" and waits {}", awaited_text(*polled.awaited)) : std::string();
    sentences.push_back(fmt::format("the loop reads {}{}, {}", name_of(polled), awaits, what));
  }
  unsigned shown = 0;
  for (const auto& view : diagnosis.accesses) {
    if (view.access.kind == backend::GuestAccess::Kind::other || shown >= 4) continue;
    const bool told = !view.access.write && std::ranges::any_of(diagnosis.polled, [&](const auto& polled) { return view.address == polled.address; });
    if (told) continue;
    ++shown;
    const std::string_view verb = view.access.write ? "written" : "read";
    if (view.access.kind == backend::GuestAccess::Kind::unimplemented)
      sentences.push_back(fmt::format("{} was {} {} times while it was looked at; {} {}", name_of(view), verb, view.access.count, view.device,
                                      is_stub(plan, view.access.device) ? "is a stub" : "does not have it"));
    else
      sentences.push_back(fmt::format("{} was {} {} times while it was looked at, where {} has nothing", name_of(view), verb, view.access.count, machine_of(plan)));
  }
  for (const auto& other : diagnosis.elsewhere)
    sentences.push_back(other.board_template.empty()
                            ? fmt::format("{} is emulated by {} ({})", other.device, other.backend, other.model)
                            : fmt::format("{} is emulated on the board {} by {} ({})", other.device, other.board_template, other.backend, other.model));
  return sentences;
}

}  // namespace virserver::session
