#include "backend/renode/machine.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "backend/engine_files.hpp"
#include "backend/renode/engine.hpp"

namespace virserver::backend::renode {

using namespace std::chrono_literals;

namespace {
constexpr auto dial_timeout = 5s;
constexpr std::size_t max_line_read = 256;  // 3 ms; a KiB takes 8
constexpr std::size_t max_device_read = 4096;
}  // namespace

std::optional<Bytes> parse_bytes(std::string_view text, std::size_t size) {
  Bytes bytes;
  for (std::size_t at = text.find("0x"); at != text.npos; at = text.find("0x", at + 2)) {
    unsigned value = 0, digits = 0;
    for (std::size_t i = at + 2; i < text.size() && digits <= 2; ++i, ++digits) {
      const char c = text[i];
      if (c >= '0' && c <= '9') value = value * 16 + static_cast<unsigned>(c - '0');
      else if (c >= 'A' && c <= 'F') value = value * 16 + static_cast<unsigned>(c - 'A' + 10);
      else break;
    }
    if (digits != 2 || bytes.size() == size) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(value));
  }
  if (bytes.size() != size) return std::nullopt;
  return bytes;
}

std::string RenodeMachine::version() const { return "Renode " + engine_.version(); }

// Connecting halts the processors and starts an emulation that was paused: time then goes on when they are resumed.
Task<Result<Machine::Stub>> RenodeMachine::open_stub() {
  Stub stub;
  stub.was_running = !engine_.paused();
  auto socket = co_await engine_.process().dial(engine_.stub_port(), dial_timeout);
  if (!socket) co_return pass(socket);
  engine_.debugger_came();
  stub.socket = std::move(*socket);
  co_return stub;
}

// As drivers read registers: by the double word, and what is left in words and bytes. A register that Renode's device does not
// know reads 0, as it does for the guest.
Task<Result<Bytes>> RenodeMachine::read_device(std::uint64_t address, std::size_t size) {
  if (size > max_device_read) co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "at most {} bytes of a device's registers are read at once", max_device_read);
  Bytes all;
  while (all.size() < size) {
    const std::uint64_t at = address + all.size();
    const std::size_t left = size - all.size();
    const unsigned width = at % 4 == 0 && left >= 4 ? 4 : at % 2 == 0 && left >= 2 ? 2 : 1;
    Command command(width == 4 ? Word("sysbus ReadDoubleWord") : width == 2 ? Word("sysbus ReadWord") : Word("sysbus ReadByte"));
    command.address(at);
    auto text = co_await engine_.execute(std::move(command));
    if (!text) co_return pass(text);
    std::erase_if(*text, [](char c) { return c == '\r' || c == '\n' || c == ' '; });
    const auto value = parse_u64(*text);
    if (!value) co_return fail(ErrorCode::ENGINE_PROTOCOL, "Renode did not give the register that it was asked for");
    for (unsigned i = 0; i < width; ++i) all.push_back(static_cast<std::byte>(*value >> 8 * (engine_.big_endian() ? width - 1 - i : i)));
  }
  co_return all;
}

// Renode answers reads of no memory with zeros: what is memory is known from the plan.
Task<Result<Bytes>> RenodeMachine::read_memory(std::uint64_t address, std::size_t size) {
  if (engine_.is_device(address, size)) co_return co_await read_device(address, size);
  std::vector<std::size_t> pieces;  // one a region
  for (std::size_t done = 0; done < size; done += pieces.back()) {
    pieces.push_back(std::min<std::uint64_t>(engine_.memory_behind(address + done), size - done));
    if (pieces.back() > 0) continue;
    Error error{ErrorCode::MEMORY_UNMAPPED, fmt::format("{} bytes at {} are not all memory", size, hex_address(address))};
    error.details = {{"address", hex_address(address)}, {"size", size}};
    co_return fail(std::move(error));
  }
  Bytes all;
  for (const auto piece : pieces) {
    const auto at = address + all.size();
    auto bytes = piece > max_line_read ? co_await save(at, piece) : co_await print(at, piece);
    if (!bytes) co_return pass(bytes);
    all.insert(all.end(), bytes->begin(), bytes->end());
  }
  co_return all;
}

Task<Result<Bytes>> RenodeMachine::print(std::uint64_t address, std::size_t size) {
  Command command = Command("sysbus ReadBytes").address(address).number(size);
  auto text = co_await engine_.execute(std::move(command));
  if (!text) co_return pass(text);
  auto bytes = parse_bytes(*text, size);
  if (!bytes) co_return fail(ErrorCode::ENGINE_PROTOCOL, "Renode did not give the memory it was asked for");
  co_return std::move(*bytes);
}

Task<Result<Bytes>> RenodeMachine::save(std::uint64_t address, std::size_t size) {
  const auto number = reads_++;
  Command command = Command("vs_save").address(address).number(size).number(number);
  auto saved = co_await engine_.ask_machine(std::move(command));
  if (!saved) co_return pass(saved);
  co_return take_engine_file(engine_.directory(), fmt::format("memory{}.bin", number), size);
}

Task<Result<std::string>> RenodeMachine::monitor(std::string command) {
  auto line = user_line(command);
  if (!line) co_return pass(line);
  auto text = co_await engine_.monitor(std::move(*line));
  // What the monitor says of a command that it refuses is its answer.
  if (!text && text.error().code == ErrorCode::UNSUPPORTED_BY_BACKEND) co_return text.error().message + "\n";
  if (text && !text->empty()) *text += "\n";
  co_return text;
}

Task<Result<void>> RenodeMachine::reset() { co_return co_await engine_.reset_only(); }

}  // namespace virserver::backend::renode
