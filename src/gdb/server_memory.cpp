// Memory and breakpoints, as one gdb says them. Numbers are hexadecimal; what is not well formed is an error.
#include <algorithm>

#include "gdb/server_connection_impl.hpp"

namespace virserver::gdb {
namespace {

constexpr std::size_t max_read = kServerPacket / 2;
constexpr std::uint64_t max_erase = 64u << 20;

struct Range {
  std::uint64_t address, size;
  std::string_view data;  // after the colon
};

// "addr,size" or "addr,size:data"
std::optional<Range> parse_range(std::string_view text) {
  const auto comma = text.find(','), colon = text.find(':');
  if (comma == std::string_view::npos || (colon != std::string_view::npos && colon < comma)) return std::nullopt;
  const auto address = parse_hex(text.substr(0, comma));
  const auto size = parse_hex(text.substr(comma + 1, colon == std::string_view::npos ? colon : colon - comma - 1));
  if (!address || !size) return std::nullopt;
  return Range{*address, *size, colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1)};
}

std::optional<Breakpoint> parse_breakpoint(std::string_view text) {
  if (text.size() < 5 || text[0] < '0' || text[0] > '4' || text[1] != ',') return std::nullopt;
  text.remove_prefix(2);
  // Conditions and commands for the stub (after a semicolon) were not offered, so gdb keeps them to itself.
  const auto range = parse_range(text);
  if (!range || range->size > (1u << 20)) return std::nullopt;
  return Breakpoint{static_cast<BreakpointType>(text.data()[-2] - '0'), range->address, range->size};
}

}  // namespace

using Impl = ServerConnection::Impl;

Task<Impl::Answer> Impl::insert(std::string_view rest) {
  if (!rest.empty() && rest[0] > '4') co_return "";
  const auto breakpoint = parse_breakpoint(rest);
  if (!breakpoint) co_return "E.the breakpoint is not well formed";
  auto done = co_await bridge_.insert(owner_, *breakpoint);
  if (!done) co_return error_reply(done.error());
  co_return "OK";
}

Task<Impl::Answer> Impl::remove(std::string_view rest) {
  if (!rest.empty() && rest[0] > '4') co_return "";
  const auto breakpoint = parse_breakpoint(rest);
  if (!breakpoint) co_return "E.the breakpoint is not well formed";
  auto done = co_await bridge_.remove(owner_, *breakpoint);
  if (!done) co_return error_reply(done.error());
  co_return "OK";
}

Task<Impl::Answer> Impl::read_memory(std::string_view rest) {
  const auto range = parse_range(rest);
  if (!range || range->size == 0) co_return "E01";
  if (range->size <= bridge_.target().quirks.max_memory_bytes && bridge_.state() == TargetState::stopped) {
    auto reply = co_await bridge_.request(fmt::format("m{:x},{:x}", range->address, range->size), general_);
    co_return reply ? std::move(*reply) : failure_code(reply.error());
  }
  auto memory = co_await bridge_.read_memory(range->address, std::min<std::uint64_t>(range->size, max_read), general_);
  if (!memory) co_return failure_code(memory.error());
  co_return to_hex(as_text(*memory));
}

Task<Impl::Answer> Impl::write_memory(std::string_view rest) {
  const auto range = parse_range(rest);
  if (!range) co_return "E.the write is not well formed";
  if (range->size == 0 && range->data.empty()) co_return "OK";
  auto bytes = from_hex(range->data);
  if (!bytes || bytes->size() != range->size) co_return "E.the data are not hexadecimal or of another length than said";
  co_return co_await store(range->address, std::move(*bytes));
}

Task<Impl::Answer> Impl::write_binary(std::string_view rest) {
  const auto range = parse_range(rest);
  if (!range) co_return "E.the write is not well formed";
  if (range->size == 0 && range->data.empty()) co_return "OK";  // gdb asks whether X is there
  auto bytes = unescape(range->data);
  if (bytes.size() != range->size) co_return "E.the data are of another length than said";
  co_return co_await store(range->address, std::move(bytes));
}

Task<Impl::Answer> Impl::store(std::uint64_t address, std::string bytes) {
  const auto view = as_bytes(bytes);
  Bytes copy(view.begin(), view.end());
  auto done = co_await bridge_.write_memory(address, std::move(copy), general_);
  if (!done) co_return error_reply(done.error());
  co_return "OK";
}

// Emulated flash is memory that the debugger may write; erased flash is all ones.
Task<Impl::Answer> Impl::flash_erase(std::string_view rest) {
  const auto range = parse_range(rest);
  if (!range || range->size > max_erase) co_return "E.the range to erase is not well formed";
  for (std::uint64_t done = 0; done < range->size;) {
    const auto piece = std::min<std::uint64_t>(range->size - done, 64 * 1024);
    auto answer = co_await store(range->address + done, std::string(piece, '\xff'));
    if (answer != "OK") co_return answer;
    done += piece;
  }
  co_return "OK";
}

Task<Impl::Answer> Impl::flash_write(std::string_view rest) {
  const auto colon = rest.find(':');
  const auto address = parse_hex(rest.substr(0, colon));
  if (colon == std::string_view::npos || !address) co_return "E.the write is not well formed";
  co_return co_await store(*address, unescape(rest.substr(colon + 1)));
}

}  // namespace virserver::gdb
