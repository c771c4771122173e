// What Renode says, as a hostile one may say it. The first byte picks the reader: an answer of the robot server (whole, and
// as HTTP in two pieces), a name and a file as someone may have chosen them, the log, what machine.py prints, or how it refuses a
// platform.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "backend/renode/command.hpp"
#include "backend/renode/exit_cause.hpp"
#include "backend/renode/guest_log.hpp"
#include "backend/renode/machine.hpp"
#include "backend/renode/outside.hpp"
#include "backend/renode/platform.hpp"
#include "backend/renode/probe.hpp"
#include "backend/renode/start.hpp"
#include "backend/renode/xml_rpc.hpp"

using namespace virserver;
using namespace virserver::backend;

namespace {

constexpr std::size_t max_body = 2048;

void check_answer(std::string_view text) {
  const auto answer = renode::parse_answer(text);
  if (!answer) {
    if (answer.error().code != ErrorCode::ENGINE_PROTOCOL || answer.error().message.empty()) std::abort();
    return;
  }
  if (answer->passed ? !answer->error.empty() : answer->error.empty()) std::abort();
  if (answer->output.size() > text.size() * 4) std::abort();
}

// An answer that is complete stays the same whatever comes after it, and is not complete any earlier.
void check_http(std::string_view text) {
  const auto answer = renode::parse_http(text, max_body);
  if (!answer || answer->size == 0) return;
  if (answer->size > text.size() || answer->body.size() > max_body) std::abort();
  const auto exact = renode::parse_http(text.substr(0, answer->size), max_body);
  if (!exact || exact->size != answer->size || exact->body != answer->body) std::abort();
  const auto shorter = renode::parse_http(text.substr(0, answer->size - 1), max_body);
  if (shorter && shorter->size != 0) std::abort();
  check_answer(answer->body);
}

bool harmless(std::string_view text, std::string_view more) {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || more.contains(c);
  });
}

void check_parts(std::string_view text) {
  if (const auto name = renode::Name::parse(text); name && (name->text() != text || !harmless(text, ""))) std::abort();
  if (const auto file = renode::File::parse(text); file && (file->text() != text || !harmless(text, "-+/") || text.contains(".."))) std::abort();
  if (const auto line = renode::user_line(text); line && (line->contains('\n') || line->contains('\r'))) std::abort();
}

// Whole, and in two pieces: a line may arrive in parts.
void check_log(std::string_view text, std::size_t cut) {
  renode::GuestLog whole, parts;
  const auto all = whole.add(text);
  cut = std::min(cut, text.size());
  const auto first = parts.add(text.substr(0, cut)), second = parts.add(text.substr(cut));
  if (whole.accesses().size() != parts.accesses().size() || all.resets != first.resets + second.resets) std::abort();
  if (all.abort.has_value() != (first.abort || second.abort)) std::abort();
  if (whole.accesses().size() > renode::GuestLog::max_distinct) std::abort();
  for (const auto& access : whole.accesses())
    if (access.text.size() > 200 || access.text.empty() || access.device.size() > 64 || access.size > 8) std::abort();
  const auto report = renode::explain_exit({0, std::nullopt, false}, renode::Witness{false, "", std::nullopt, "", false}, text);
  if (report.message.empty() || report.output.size() > text.size()) std::abort();
}

void check_probe(std::string_view text) {
  const auto facts = renode::parse_probe(text);
  for (const auto& range : facts.ranges)
    if (range.size == 0 || range.address + (range.size - 1) < range.address) std::abort();
  for (const auto& peripheral : facts.peripherals)
    if (peripheral.name.size() > 300) std::abort();
}

void check_small(std::string_view text) {
  if (const auto bytes = renode::parse_bytes(text, 8); bytes && bytes->size() != 8) std::abort();
  if (const auto state = renode::parse_run_state(text)) {
    if (state->ports.robot < 1024 || state->ports.stub < 1024) std::abort();
    if (!renode::parse_run_state(renode::to_text(*state))) std::abort();
  }
}

void check_outside(std::string_view text) {
  std::size_t properties = 0;
  for (const auto& device : renode::parse_devices(text))
    for (const auto& property : device.properties) {
      if (property.type != "boolean" && property.type != "number") std::abort();
      if (!property.value.is_null() && property.value.is_bool() != (property.type == "boolean")) std::abort();
      ++properties;
    }
  if (properties > 4096 || renode::parse_changes(text).size() > 4096) std::abort();
  if (renode::parse_machine_time(text) && !renode::said_all(text)) std::abort();
  renode::parse_elapsed_time(text);
}

void check_platform(std::string_view text) {
  const auto finding = renode::explain_platform_error(text, {"/nodes/0/memory/0"});
  if (finding.message.empty() || finding.message.size() > 500) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'a': check_answer(text); break;
    case 'h': check_http(text); break;
    case 'c': check_parts(text); break;
    case 'l': check_log(text, text.size() / 2); break;
    case 'p': check_probe(text); break;
    case 'd': check_outside(text); break;
    case 's': check_small(text); break;
    case 'r': check_platform(text); break;
    default: break;
  }
  return 0;
}
