#include "api/debug_json.hpp"

#include <boost/json.hpp>

#include "base/bytes.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

json::value text_or_null(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }
json::value line_or_null(std::uint32_t number) { return number == 0 ? json::value(nullptr) : json::value(number); }
json::value location_or_null(const std::optional<session::CodeLocation>& location) {
  return location ? json::value(location_json(*location)) : json::value(nullptr);
}

json::array ids_json(const std::vector<std::uint64_t>& ids) {
  json::array list;
  for (const auto id : ids) list.emplace_back(id);
  return list;
}

std::string_view to_string(image::SymbolKind kind) {
  switch (kind) {
    case image::SymbolKind::function: return "function";
    case image::SymbolKind::object: return "object";
    case image::SymbolKind::label: return "label";
  }
  return "label";
}

}  // namespace

json::object location_json(const session::CodeLocation& location) {
  return {{"address", hex_address(location.address)},
          {"symbol", text_or_null(location.symbol)},
          {"offset", location.symbol.empty() ? json::value(nullptr) : json::value(location.offset)},
          {"function", text_or_null(location.function)},
          {"file", text_or_null(location.file)},
          {"line", line_or_null(location.line)},
          {"column", line_or_null(location.column)}};
}

json::object state_json(const session::DebugState& state) {
  constexpr std::string_view words[] = {"off", "running", "stopped"};
  json::object object{{"state", words[static_cast<int>(state.run)]},
                      {"reason", to_string(state.reason)},
                      {"message", state.message},
                      {"core", nullptr},
                      {"location", location_or_null(state.location)},
                      {"breakpoint_ids", ids_json(state.breakpoints)},
                      {"watch", nullptr},
                      {"gdb_clients", state.gdb_clients}};
  if (state.core) object["core"] = *state.core;
  if (state.watch) object["watch"] = json::object{{"address", hex_address(state.watch->address)}, {"access", to_string(state.watch->access)}};
  return object;
}

json::object breakpoint_json(const session::UserBreakpoint& breakpoint) {
  json::array addresses;
  for (const auto& place : breakpoint.places) addresses.emplace_back(hex_address(place.address));
  const bool watch = session::is_watch(breakpoint.kind);
  json::object object{{"id", breakpoint.id},
                      {"type", to_string(breakpoint.kind)},
                      {"location", breakpoint.location},
                      {"addresses", std::move(addresses)},
                      {"length", nullptr},
                      {"enabled", breakpoint.enabled},
                      {"temporary", breakpoint.temporary},
                      {"condition", nullptr},
                      {"ignore_count", breakpoint.ignore_count},
                      {"hit_count", breakpoint.hit_count},
                      {"verified", breakpoint.verified()},
                      {"message", breakpoint.message},
                      {"function", watch ? json::value(nullptr) : text_or_null(breakpoint.where.function)},
                      {"file", watch ? json::value(nullptr) : text_or_null(breakpoint.where.file)},
                      {"line", watch ? json::value(nullptr) : line_or_null(breakpoint.where.line)},
                      {"created_at", to_rfc3339(breakpoint.created_at)}};
  if (watch && !breakpoint.places.empty()) object["length"] = breakpoint.places.front().kind;
  else if (watch && breakpoint.length) object["length"] = *breakpoint.length;
  if (breakpoint.condition) object["condition"] = breakpoint.condition->text();
  return object;
}

json::object register_json(const session::RegisterValue& value) {
  return {{"name", value.reg.name}, {"value", "0x" + to_hex(value.value)}, {"bits", value.reg.bits}, {"group", gdb::to_string(value.reg.group)}, {"type", value.reg.type}};
}

json::object register_set_json(const session::RegisterSet& set) {
  json::array items;
  for (const auto& each : set.registers) items.push_back(register_json(each));
  const auto total = items.size();
  return {{"core", set.core}, {"items", std::move(items)}, {"next_cursor", nullptr}, {"total", total}};
}

json::array frames_json(const std::vector<session::FrameView>& frames) {
  json::array list;
  for (const auto& view : frames)
    list.push_back({{"index", list.size()},
                    {"location", location_json(view.location)},
                    {"pc", hex_address(view.frame.pc)},
                    {"cfa", view.frame.cfa ? json::value(hex_address(view.frame.cfa)) : json::value(nullptr)},
                    {"inlined", view.inlined},
                    {"interrupted", view.frame.interrupted},
                    {"found_by", image::to_string(view.frame.found_by)}});
  return list;
}

json::object instruction_json(const session::InstructionView& view) {
  const image::Instruction& instruction = view.instruction;
  return {{"address", hex_address(instruction.address)},
          {"bytes", to_hex(instruction.bytes)},
          {"mnemonic", instruction.mnemonic},
          {"operands", instruction.operands},
          {"target", instruction.target ? json::value(hex_address(*instruction.target)) : json::value(nullptr)},
          {"target_symbol", text_or_null(view.target_symbol)},
          {"location", location_json(view.location)},
          {"current", view.current},
          {"breakpoint_ids", ids_json(view.breakpoints)}};
}

json::object symbol_json(const session::Symbols::Match& match) {
  return {{"name", match.symbol.demangled},
          {"raw_name", match.symbol.name},
          {"kind", to_string(match.symbol.kind)},
          {"address", hex_address(match.symbol.address)},
          {"size", match.symbol.size},
          {"offset", match.offset},
          {"global", match.symbol.global},
          {"program_id", match.program_id},
          {"file", text_or_null(match.file)},
          {"line", line_or_null(match.line)}};
}

json::object fault_json(const session::FaultView& fault) {
  constexpr std::string_view sources[] = {"none", "machine", "exit"};
  json::array explanation;
  for (const auto& sentence : fault.explanation) explanation.emplace_back(sentence);
  json::object status, registers;
  for (const auto& [name, value] : fault.status_registers) status[name] = hex_address(value);
  for (const auto& [name, value] : fault.registers) registers[name] = hex_address(value);
  return {{"faulted", fault.faulted},
          {"source", sources[static_cast<int>(fault.source)]},
          {"cause", text_or_null(fault.cause)},
          {"summary", fault.summary},
          {"explanation", std::move(explanation)},
          {"status_registers", std::move(status)},
          {"fault_address", fault.fault_address ? json::value(hex_address(*fault.fault_address)) : json::value(nullptr)},
          {"registers", std::move(registers)},
          {"location", location_or_null(fault.location)},
          {"instruction", text_or_null(fault.instruction)},
          {"backtrace", frames_json(fault.backtrace)},
          {"at", text_or_null(fault.at)}};
}

Result<std::string> location_text(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  auto number = unsigned_number(value, "an address");
  if (!number) return pass(number);
  return hex_address(*number);
}

Result<std::uint64_t> unsigned_number(const json::value& value, std::string_view what) {
  if (const auto* number = value.if_uint64()) return *number;
  if (const auto* number = value.if_int64(); number && *number >= 0) return static_cast<std::uint64_t>(*number);
  if (const auto* text = value.if_string())
    if (const auto number = parse_u64(*text)) return *number;
  return fail(ErrorCode::INVALID_REQUEST, "{} is an integer from 0 to 2^64-1, or a \"0x...\" string", what);
}

Result<Bytes> from_hex_digits(std::string_view text) {
  auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  if (text.size() % 2 != 0) return fail(ErrorCode::INVALID_REQUEST, "hexadecimal data has two digits a byte; these are {}", text.size());
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return fail(ErrorCode::INVALID_REQUEST, "the data is not hexadecimal at digit {}", i);
    bytes.push_back(static_cast<std::byte>(high << 4 | low));
  }
  return bytes;
}

}  // namespace virserver::api
