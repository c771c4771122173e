// Typed calls over the exchange of packets: registers, memory, breakpoints, monitor.
#include <algorithm>
#include <cstring>
#include <limits>

#include "gdb/client.hpp"
#include "gdb/reply.hpp"

namespace virserver::gdb {
namespace {

std::string_view text_of(const Bytes& bytes) { return as_text(bytes); }

Bytes bytes_of(std::string_view text) {
  const auto bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

std::unexpected<Error> unavailable(const Register& reg, std::string_view reply) {
  return fail(ErrorCode::REGISTER_UNAVAILABLE, "register {} cannot be had now{}", reg.name, reason_of(reply));
}

// The value of a register from the text of `g`; nothing when it is not in it or `xx`.
std::optional<Bytes> cut(std::string_view general, const Register& reg) {
  if (general.size() / 2 < reg.offset + reg.size()) return std::nullopt;
  const auto bytes = from_hex(general.substr(2 * reg.offset, 2 * reg.size()));
  return bytes ? std::optional(bytes_of(*bytes)) : std::nullopt;
}

}  // namespace

Client::Source Client::source_of(const Register& reg) const {
  if (quirks_.outside_registers.empty() || fallback_ != Architecture::arm) return Source::stub;
  const auto names = [&reg](std::string_view list) {
    for (auto at = list.find(reg.name); at != list.npos; at = list.find(reg.name, at + 1)) {
      const auto end = at + reg.name.size();
      if ((at == 0 || list[at - 1] == ' ') && (end == list.size() || list[end] == ' ')) return true;
    }
    return false;
  };
  return names(quirks_.outside_registers) ? Source::outside : names(quirks_.absent_registers) ? Source::nowhere : Source::stub;
}

// In the target's order, which is little-endian wherever there are such registers.
Task<Result<std::string>> Client::outside_text(const Register& reg) {
  if (const auto known = outside_.find(reg.name); known != outside_.end()) co_return known->second;
  std::string text(2 * reg.size(), 'x');
  if (source_of(reg) == Source::outside && read_outside) {
    auto value = co_await read_outside(reg.name);
    if (!value) co_return pass(value);
    std::string bytes;
    for (std::size_t i = 0; i < reg.size(); ++i) bytes += static_cast<char>(i < 8 ? *value >> 8 * i : 0);
    text = to_hex(bytes);
  }
  outside_[reg.name] = text;
  co_return text;
}

Task<Result<std::string>> Client::ask_registers(std::string payload) {
  const bool all = payload == "g";
  const auto number = all ? std::nullopt : parse_hex(std::string_view(payload).substr(1));
  auto reply = co_await ask(std::move(payload));
  if (!reply || is_error(*reply)) co_return reply;
  for (const auto& reg : description_.registers()) {
    if (source_of(reg) == Source::stub || (!all && (!number || *number != static_cast<std::uint64_t>(reg.number)))) continue;
    auto text = co_await outside_text(reg);
    if (!text) co_return pass(text);
    if (!all) co_return text;
    if (reply->size() >= 2 * (reg.offset + reg.size())) reply->replace(2 * reg.offset, text->size(), *text);
  }
  co_return reply;
}

Task<Result<std::vector<std::optional<Bytes>>>> Client::read_registers(std::vector<Register> which, ThreadId thread) {
  const auto lock = co_await lock_.lock();
  auto current = co_await make_current(thread);
  if (!current) co_return pass(current);
  std::vector<std::optional<Bytes>> values(which.size());
  const auto in_general = [this](const Register& reg) { return reg.offset + reg.size() <= general_size_; };
  if (std::any_of(which.begin(), which.end(), in_general)) {
    auto general = co_await ask_registers("g");
    if (!general) co_return pass(general);
    if (is_error(*general)) co_return unavailable(which.front(), *general);
    for (std::size_t i = 0; i < which.size(); ++i) values[i] = cut(*general, which[i]);
  }
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < which.size(); ++i)
    if (!values[i] && source_of(which[i]) == Source::stub) missing.push_back(i);
  for (std::size_t done = 0; done < missing.size();) {
    const auto count = std::min<std::size_t>(missing.size() - done, static_cast<std::size_t>(quirks_.pipeline));
    Replies packets;
    for (std::size_t i = 0; i < count; ++i) packets.push_back(fmt::format("p{:x}", which[missing[done + i]].number));
    auto replies = co_await exchange(packets);
    if (!replies) co_return pass(replies);
    for (std::size_t i = 0; i < count; ++i) {
      const auto bytes = from_hex((*replies)[i]);
      const auto index = missing[done + i];
      if (bytes && bytes->size() == which[index].size()) values[index] = bytes_of(*bytes);
    }
    done += count;
  }
  co_return values;
}

Task<Result<Bytes>> Client::read_register(Register reg, ThreadId thread) {
  const auto lock = co_await lock_.lock();
  auto current = co_await make_current(thread);
  if (!current) co_return pass(current);
  auto reply = co_await ask_registers(fmt::format("p{:x}", reg.number));
  if (!reply) co_return pass(reply);
  if (source_of(reg) == Source::nowhere) co_return fail(ErrorCode::REGISTER_UNAVAILABLE, "{} does not tell register {}", quirks_.name, reg.name);
  if (const auto bytes = from_hex(*reply); bytes && bytes->size() == reg.size()) co_return bytes_of(*bytes);
  if (reg.offset + reg.size() > general_size_) co_return unavailable(reg, *reply);
  auto general = co_await ask("g");
  if (!general) co_return pass(general);
  if (auto value = cut(*general, reg)) co_return std::move(*value);
  co_return unavailable(reg, *general);
}

Task<Result<void>> Client::write_register(Register reg, Bytes value, ThreadId thread) {
  if (value.size() != reg.size())
    co_return fail(ErrorCode::INVALID_REQUEST, "register {} has {} bits, the value {}", reg.name, reg.bits, value.size() * 8);
  if (source_of(reg) != Source::stub) co_return fail(ErrorCode::REGISTER_UNAVAILABLE, "{} takes no value for register {}", quirks_.name, reg.name);
  const auto lock = co_await lock_.lock();
  auto current = co_await make_current(thread);
  if (!current) co_return pass(current);
  if (writes_single_registers_) {
    auto reply = co_await ask(fmt::format("P{:x}={}", reg.number, to_hex(text_of(value))));
    if (!reply) co_return pass(reply);
    if (*reply == "OK") co_return Result<void>();
    if (!reply->empty()) co_return fail(ErrorCode::REGISTER_UNAVAILABLE, "register {} was not written{}", reg.name, reason_of(*reply));
    writes_single_registers_ = false;
  }
  co_return co_await write_all_registers(std::move(reg), std::move(value));
}

Task<Result<void>> Client::write_all_registers(Register reg, Bytes value) {
  auto general = co_await ask("g");
  if (!general) co_return pass(general);
  if (is_error(*general) || general->size() / 2 < reg.offset + reg.size()) co_return unavailable(reg, *general);
  const auto hex = to_hex(text_of(value));
  general->replace(2 * reg.offset, hex.size(), hex);
  auto reply = co_await ask("G" + *general);
  if (!reply) co_return pass(reply);
  if (*reply != "OK") co_return fail(ErrorCode::REGISTER_UNAVAILABLE, "register {} was not written{}", reg.name, reason_of(*reply));
  co_return Result<void>();
}

Result<void> Client::check_mapped(std::uint64_t address, std::size_t size) const {
  if (mapped_.empty()) return {};
  for (std::size_t done = 0; done < size;) {
    const auto at = address + done;
    const auto range = std::ranges::find_if(mapped_, [at](const MemoryRange& r) { return at - r.address < r.size; });
    if (range == mapped_.end()) return fail(ErrorCode::MEMORY_UNMAPPED, "there is no memory at {}", hex_address(at));
    done += range->size - (at - range->address);
  }
  return {};
}

Task<Result<Bytes>> Client::read_memory(std::uint64_t address, std::size_t size, ThreadId thread) {
  if (auto there = check_mapped(address, size); !there) co_return pass(there);
  const auto lock = co_await lock_.lock();
  auto current = co_await make_current(thread);
  if (!current) co_return pass(current);
  Bytes memory;
  memory.reserve(size);
  while (memory.size() < size) {
    Replies packets;
    std::vector<std::size_t> sizes;
    for (std::size_t at = memory.size(); at < size && packets.size() < static_cast<std::size_t>(quirks_.pipeline); at += sizes.back()) {
      sizes.push_back(std::min(size - at, quirks_.max_memory_bytes));
      packets.push_back(fmt::format("m{:x},{:x}", address + at, sizes.back()));
    }
    auto replies = co_await exchange(packets);
    if (!replies) co_return pass(replies);
    for (std::size_t i = 0; i < packets.size(); ++i) {
      const auto bytes = from_hex((*replies)[i]);
      if (!bytes || bytes->size() != sizes[i]) {
        const auto at = co_await first_unreadable(address + memory.size(), sizes[i]);
        co_return fail(ErrorCode::MEMORY_UNMAPPED, "there is no memory at {}{}", hex_address(at), reason_of((*replies)[i]));
      }
      const auto view = as_bytes(*bytes);
      memory.insert(memory.end(), view.begin(), view.end());
    }
  }
  co_return memory;
}

// Where in a range that cannot be read whole the first unreadable byte is.
Task<std::uint64_t> Client::first_unreadable(std::uint64_t address, std::size_t size) {
  while (size > 1) {
    const auto half = size / 2;
    auto reply = co_await ask(fmt::format("m{:x},{:x}", address, half));
    const bool readable = reply && reply->size() == 2 * half && from_hex(*reply);
    if (readable) address += half;
    size = readable ? size - half : half;
  }
  co_return address;
}

Task<Result<void>> Client::write_memory(std::uint64_t address, Bytes bytes, ThreadId thread) {
  if (auto there = check_mapped(address, bytes.size()); !there) co_return pass(there);
  const auto lock = co_await lock_.lock();
  auto current = co_await make_current(thread);
  if (!current) co_return pass(current);
  constexpr std::size_t head = 40;  // M<16 digits>,<16 digits>: and the frame
  const auto part = std::max<std::size_t>(1, std::min(quirks_.max_memory_bytes, (packet_size_ - std::min(packet_size_, head)) / 2));
  const auto text = text_of(bytes);
  for (std::size_t done = 0; done < text.size();) {
    Replies packets;
    const auto first = done;
    for (; done < text.size() && packets.size() < static_cast<std::size_t>(quirks_.pipeline); done += std::min(part, text.size() - done)) {
      const auto piece = text.substr(done, part);
      packets.push_back(fmt::format("M{:x},{:x}:{}", address + done, piece.size(), to_hex(piece)));
    }
    auto replies = co_await exchange(packets);
    if (!replies) co_return pass(replies);
    for (std::size_t i = 0; i < replies->size(); ++i)
      if ((*replies)[i] != "OK")
        co_return fail(ErrorCode::MEMORY_UNMAPPED, "memory at {} was not written{}", hex_address(address + first + i * part),
                       reason_of((*replies)[i]));
  }
  co_return Result<void>();
}

int Client::insertions_left() const {
  return quirks_.breakpoint_insertions > 0 ? quirks_.breakpoint_insertions - insertions_ : std::numeric_limits<int>::max();
}

Task<Result<void>> Client::insert(Breakpoint breakpoint) {
  if (breakpoint.is_watch() && !quirks_.watchpoints) co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "{} has no watchpoints", quirks_.name);
  const auto lock = co_await lock_.lock();
  if (insertions_left() <= 0)
    co_return fail(ErrorCode::BREAKPOINT_REFUSED, "{} takes {} breakpoints in the life of a process, those that were removed among them; a reset of the board begins anew",
                   quirks_.name, quirks_.breakpoint_insertions);
  auto reply = co_await ask(insert_packet(breakpoint));
  if (!reply) co_return pass(reply);
  if (*reply != "OK")
    co_return fail(ErrorCode::BREAKPOINT_REFUSED, "the breakpoint at {} was not taken{}", hex_address(breakpoint.address), reason_of(*reply));
  ++insertions_;
  co_return Result<void>();
}

Task<Result<void>> Client::remove(Breakpoint breakpoint) {
  const auto lock = co_await lock_.lock();
  auto reply = co_await ask(remove_packet(breakpoint));
  if (!reply) co_return pass(reply);
  if (*reply != "OK")
    co_return fail(ErrorCode::BREAKPOINT_NOT_FOUND, "the breakpoint at {} was not removed{}", hex_address(breakpoint.address), reason_of(*reply));
  co_return Result<void>();
}

Task<Result<std::string>> Client::monitor(std::string command) {
  const auto lock = co_await lock_.lock();
  std::string output;
  auto reply = co_await ask("qRcmd," + to_hex(command), &output);
  if (!reply) co_return pass(reply);
  if (*reply == "OK") co_return output;
  if (auto text = from_hex(*reply); text && !is_error(*reply)) co_return output + *text;
  co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "the emulator's monitor refused '{}'{}", command.substr(0, 80), reason_of(*reply));
}

}  // namespace virserver::gdb
