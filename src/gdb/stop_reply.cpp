#include "gdb/stop_reply.hpp"

#include <fmt/format.h>

#include "gdb/packet.hpp"

namespace virserver::gdb {
namespace {

constexpr std::size_t max_registers = 1024;

struct ReasonWord {
  StopReply::Reason reason;
  std::string_view word;
};
constexpr ReasonWord reason_words[] = {
    {StopReply::Reason::software_breakpoint, "swbreak"}, {StopReply::Reason::hardware_breakpoint, "hwbreak"},
    {StopReply::Reason::watch, "watch"},                 {StopReply::Reason::read_watch, "rwatch"},
    {StopReply::Reason::access_watch, "awatch"},         {StopReply::Reason::replay_end, "replaylog"},
};

bool is_watch(StopReply::Reason reason) {
  return reason == StopReply::Reason::watch || reason == StopReply::Reason::read_watch ||
         reason == StopReply::Reason::access_watch;
}

std::optional<std::int64_t> parse_id(std::string_view text) {
  if (text == "-1") return -1;
  const auto value = parse_hex(text);
  if (!value || *value > INT64_MAX) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

std::string format_id(std::int64_t id) { return id < 0 ? "-1" : fmt::format("{:02x}", id); }

// One `n:r` of a T packet. False when it is not well formed; what is not known here is skipped.
bool take_pair(StopReply& stop, std::string_view name, std::string_view value) {
  for (const auto& [reason, word] : reason_words) {
    if (name != word) continue;
    stop.reason = reason;
    if (!is_watch(reason)) return true;
    stop.watch_address = parse_hex(value);
    return stop.watch_address.has_value();
  }
  if (name == "thread") {
    stop.thread = parse_thread_id(value);
    return stop.thread.has_value();
  }
  if (name == "core") {
    const auto core = parse_hex(value);
    if (!core || *core > INT32_MAX) return false;
    stop.core = static_cast<int>(*core);
    return true;
  }
  if (const auto number = parse_hex(name); number && *number <= UINT16_MAX) {
    auto bytes = from_hex(value);
    if (bytes && stop.registers.size() < max_registers) stop.registers.emplace_back(static_cast<int>(*number), std::move(*bytes));
    return true;  // `xxxx`: not available
  }
  if (stop.reason == StopReply::Reason::signal) stop.reason = StopReply::Reason::other;
  return true;
}

bool take_pairs(StopReply& stop, std::string_view rest) {
  while (!rest.empty()) {
    const auto end = rest.find(';');
    const auto pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (pair.empty()) continue;
    const auto colon = pair.find(':');
    if (colon == std::string_view::npos) return false;
    if (!take_pair(stop, pair.substr(0, colon), pair.substr(colon + 1))) return false;
  }
  return true;
}

}  // namespace

std::optional<ThreadId> parse_thread_id(std::string_view text) {
  ThreadId id;
  if (text.starts_with('p')) {
    const auto dot = text.find('.');
    id.process = parse_id(text.substr(1, dot == std::string_view::npos ? dot : dot - 1));
    if (!id.process) return std::nullopt;
    if (dot == std::string_view::npos) {
      id.thread = -1;  // "p1": all threads of the process
      return id;
    }
    text = text.substr(dot + 1);
  }
  const auto thread = parse_id(text);
  if (!thread) return std::nullopt;
  id.thread = *thread;
  return id;
}

std::string to_string(const ThreadId& id) {
  return id.process ? fmt::format("p{}.{}", format_id(*id.process), format_id(id.thread)) : format_id(id.thread);
}

bool is_stop_reply(std::string_view payload) {
  if (payload.size() < 3) return false;
  switch (payload[0]) {
    case 'S': return payload.size() == 3 && parse_hex(payload.substr(1));
    case 'T':
    case 'W':
    case 'X': return parse_hex(payload.substr(1, 2)).has_value();
    default: return false;
  }
}

std::optional<StopReply> parse_stop_reply(std::string_view payload) {
  if (!is_stop_reply(payload)) return std::nullopt;
  StopReply stop;
  stop.signal = static_cast<int>(*parse_hex(payload.substr(1, 2)));
  if (payload[0] == 'W' || payload[0] == 'X') {
    stop.kind = payload[0] == 'W' ? StopReply::Kind::exited : StopReply::Kind::terminated;
    return stop;  // what may follow is `;process:pid`
  }
  if (payload[0] == 'T' && !take_pairs(stop, payload.substr(3))) return std::nullopt;
  return stop;
}

std::string format_stop_reply(const StopReply& stop, const StopReplyForm& form) {
  if (stop.kind != StopReply::Kind::stopped)
    return fmt::format("{}{:02x}", stop.kind == StopReply::Kind::exited ? 'W' : 'X', stop.signal & 255);
  std::string out = fmt::format("T{:02x}", stop.signal & 255);
  for (const auto& [number, bytes] : stop.registers) out += fmt::format("{:x}:{};", number, to_hex(bytes));
  if (stop.thread) {
    ThreadId id = *stop.thread;
    if (!form.multiprocess) id.process.reset();
    out += fmt::format("thread:{};", to_string(id));
  }
  if (stop.core) out += fmt::format("core:{:x};", *stop.core);
  for (const auto& [reason, word] : reason_words) {
    if (reason != stop.reason) continue;
    if (is_watch(reason)) out += fmt::format("{}:{:x};", word, stop.watch_address.value_or(0));
    else if (reason == StopReply::Reason::replay_end) out += "replaylog:end;";
    else if (reason == StopReply::Reason::software_breakpoint ? form.swbreak : form.hwbreak) out += fmt::format("{}:;", word);
  }
  return out;
}

}  // namespace virserver::gdb
