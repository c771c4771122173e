#include "cli/debug.hpp"

#include <boost/json/serialize.hpp>

#include "base/bytes.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace json = boost::json;

CLI::Option* add_core(CLI::App* command, Target& target) {
  return command->add_option("--core", target.core, "Of this core; by default of the one that stopped.")->check(CLI::Range(0u, 65535u))->type_name("N");
}

CLI::Option* add_halt(CLI::App* command, Target& target) {
  return command->add_flag("--halt", target.halt, "Stop a running processor for the moment that this takes.");
}

Task<Outcome<DebugCall>> DebugCall::to(Context& context, const Target& target, std::string_view path) {
  const std::string below = "/debug" + std::string(path);
  auto session = co_await find_session(context.client(), target.session);
  if (!session) co_return pass(session);
  DebugCall call(context, target.session, session_path(text(*session, "id"), below));
  if (target.core) call.add("core", std::to_string(*target.core));
  if (target.halt) call.add("halt", "true");
  co_return call;
}

void DebugCall::add(std::string_view name, std::string_view value) {
  path_ += fmt::format("{}{}={}", path_.find('?') == std::string::npos ? '?' : '&', name, percent_encode(value));
}

Failure DebugCall::explained(Failure failure) const {
  if (!failure.hint.empty()) return failure;
  if (failure.code == "TARGET_OFF") failure.hint = fmt::format("\"virctl power on {}\" starts the board", printable(session_));
  if (failure.code == "TARGET_RUNNING") failure.hint = fmt::format("\"virctl pause {}\" stops the processor", printable(session_));
  return failure;
}

Task<Outcome<Answer>> DebugCall::send(Request request) const {
  request.target = path_;
  auto answer = co_await context_->client().call(std::move(request));
  if (!answer) co_return fail(explained(std::move(answer.error())));
  co_return answer;
}

Task<Outcome<Answer>> DebugCall::get() const {
  Request request;
  co_return co_await send(std::move(request));
}

Task<Outcome<Answer>> DebugCall::send(std::string method, json::value body) const {
  Request request{.method = std::move(method), .target = {}, .body = json::serialize(body), .content_type = "application/json"};
  co_return co_await send(std::move(request));
}

Task<Outcome<std::string>> DebugCall::get_bytes() const {
  Request request{.target = path_};
  auto response = co_await context_->client().send(std::move(request));
  if (!response) co_return pass(response);
  if (response->status < 200 || response->status > 299) co_return fail(explained(failure_of(response->status, response->body)));
  co_return std::move(response->body);
}

std::string location_text(const json::value& location) {
  std::string out = text(location, "symbol");
  const std::string function = text(location, "function"), file = text(location, "file");
  if (const auto offset = number(location, "offset"); !out.empty() && offset > 0) out += fmt::format("+{:#x}", offset);
  if (out.empty()) out = function;
  if (!file.empty()) {
    out += fmt::format("{}{}:{}", out.empty() ? "" : " at ", file, number(location, "line"));
    if (!function.empty() && text(location, "symbol") != function) out += fmt::format(" (in {})", function);
  }
  return printable(out);
}

std::string state_text(const json::value& state) {
  const std::string word = text(state, "state"), message = text(state, "message");
  std::string out = word;
  if (!message.empty() && message != word) out += ": " + message;
  else if (const std::string reason = text(state, "reason"); word == "stopped" && !reason.empty()) out += ": " + reason;
  out = printable(out) + "\n";
  if (const json::value& location = at(state, "location"); location.is_object())
    out += fmt::format("{}  {}\n", printable(text(location, "address")), location_text(location));
  return out;
}

void show_state(Context& context, const Answer& state) {
  if (context.json()) context.out_json(state);
  else context.out(state_text(state.json));
}

std::string frames_text(const json::array& frames) {
  std::string out;
  for (const json::value& frame : frames) {
    const std::string where = location_text(at(frame, "location"));
    out += fmt::format("#{:<3} {}  {}", number(frame, "index"), printable(text(frame, "pc")), where.empty() ? "?" : where);
    if (flag(frame, "inlined")) out += "  (inlined)";
    if (flag(frame, "interrupted")) out += "  (interrupted by an exception)";
    out += "\n";
  }
  return out;
}

std::string hex_dump(std::uint64_t address, std::string_view hex_digits) {
  constexpr std::size_t row = 16;
  std::string out;
  for (std::size_t at = 0; at < hex_digits.size(); at += 2 * row) {
    const std::string_view line = hex_digits.substr(at, 2 * row);
    std::string bytes, characters;
    for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
      bytes += fmt::format("{}{}", i == row ? "  " : " ", line.substr(i, 2));
      const auto value = parse_u64("0x" + std::string(line.substr(i, 2)));
      characters += value && *value >= ' ' && *value < 0x7f ? static_cast<char>(*value) : '.';
    }
    out += fmt::format("{} {:<{}}  |{}|\n", hex_address(address + at / 2), bytes, 3 * row + 1, characters);
  }
  return out;
}

std::string value_dump(std::uint64_t address, unsigned width, const json::array& values) {
  const std::size_t in_row = std::max(1u, 16 / std::max(1u, width));
  std::string out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % in_row == 0) out += (i == 0 ? "" : "\n") + hex_address(address + i * width) + " ";
    out += fmt::format(" {:0{}x}", values[i].is_string() ? address_number(std::string(values[i].get_string())) : 0, 2 * width);
  }
  return out.empty() ? out : out + "\n";
}

std::uint64_t address_number(const std::string& text) { return parse_u64(text).value_or(0); }

}  // namespace virserver::cli
