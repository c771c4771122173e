// Memory: beside the running processor where the backend can, else through the stub.
#include <algorithm>

#include "session/debug/debugger_impl.hpp"

namespace virserver::session {
namespace {

// The stub answers small reads faster than the emulator writes a file.
constexpr std::uint64_t small_read = 1024;

bool is_64_bit(Architecture architecture) {
  return architecture == Architecture::aarch64 || architecture == Architecture::riscv64 || architecture == Architecture::x86_64 ||
         architecture == Architecture::other || architecture == Architecture::ppc || architecture == Architecture::mips || architecture == Architecture::sparc;
}

std::uint64_t last_of(std::uint64_t address, std::uint64_t size) { return address + (size - 1); }

}  // namespace

Result<void> Debugger::check_range(std::uint64_t address, std::uint64_t size) const {
  const std::uint64_t end = is_64_bit(host_.plan.architecture) ? ~std::uint64_t{0} : 0xffffffff;
  if (size == 0) return {};
  if (address <= end && size - 1 <= end - address) return {};
  Error error{ErrorCode::MEMORY_UNMAPPED, fmt::format("{} bytes at {} pass the end of the address space", size, hex_address(address))};
  error.details["address"] = hex_address(address <= end ? end : address);
  return fail(std::move(error));
}

namespace {

// QEMU takes a write that passes the end of memory and loses the rest without a word. Where a range that begins in memory
// leaves it; nullopt: it does not, or it begins elsewhere (in a device).
std::optional<std::uint64_t> leaves_memory(const std::vector<backend::MemoryRegion>& regions, std::uint64_t address, std::uint64_t size) {
  std::uint64_t at = address;
  for (bool grown = true; grown && at - address < size;) {
    grown = false;
    for (const backend::MemoryRegion& region : regions)
      if (at >= region.address && at - region.address < region.size) {
        at = region.address + region.size;
        grown = true;
      }
  }
  return at != address && at - address < size ? std::optional(at) : std::nullopt;
}

}  // namespace

Task<Result<Bytes>> Debugger::read_bytes(std::uint64_t address, std::uint64_t size, std::optional<unsigned> core) {
  if (auto allowed = may_use(true); !allowed) co_return pass(allowed);
  if (auto fits = check_range(address, size); !fits) co_return pass(fits);
  const auto& beside = bridge_.target().read_memory_running;
  const bool stopped = bridge_.state() == gdb::TargetState::stopped;
  const bool first_core = !core || (*core == 0 && !stopped);
  if (beside && first_core && (!stopped || size > small_read)) {
    auto bytes = co_await beside(address, size);
    if (bytes || bytes.error().code != ErrorCode::UNSUPPORTED_BY_BACKEND) co_return bytes;
  }
  Bytes result;
  auto read = [this, &result, address, size, core](gdb::Client& client) -> Task<Result<void>> {
    auto thread = co_await thread_of(client, core);
    if (!thread) co_return pass(thread);
    auto bytes = co_await client.read_memory(address, size, *thread);
    if (!bytes) co_return pass(bytes);
    result = std::move(*bytes);
    co_return Result<void>{};
  };
  auto done = co_await at_rest(false, std::move(read));
  if (!done && done.error().code == ErrorCode::TARGET_RUNNING)
    co_return fail(ErrorCode::TARGET_RUNNING, "{} cannot read this memory beside a running processor: pause it first", host_.plan.backend);
  if (!done) co_return pass(done);
  co_return result;
}

// Bisects for the place where memory ends; only the way of an error takes it.
Task<Result<Bytes>> Debugger::read_readable(std::uint64_t address, std::uint64_t size) {
  auto bytes = co_await read_bytes(address, size, std::nullopt);
  if (bytes || bytes.error().code != ErrorCode::MEMORY_UNMAPPED || size == 1) co_return bytes;
  Bytes good;
  std::uint64_t low = 0, high = size;  // `low` bytes can be read, `high` cannot
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    auto more = co_await read_bytes(address + low, middle - low, std::nullopt);
    if (more) {
      good.insert(good.end(), more->begin(), more->end());
      low = middle;
    } else if (more.error().code == ErrorCode::MEMORY_UNMAPPED) {
      high = middle;
    } else {
      co_return more;
    }
  }
  if (good.empty()) {
    Error error{ErrorCode::MEMORY_UNMAPPED, fmt::format("there is no memory at {}", hex_address(address))};
    error.details["address"] = hex_address(address);
    co_return fail(std::move(error));
  }
  co_return good;
}

Task<Result<MemoryRange>> Debugger::read_memory(MemoryQuery query) {
  auto place = co_await find_data(query.location);
  if (!place) co_return pass(place);
  const std::uint64_t size = query.size.value_or(place->size ? place->size : 4);
  if (size > max_memory) co_return fail(ErrorCode::PAYLOAD_TOO_LARGE, "one call reads at most {} bytes; '{}' has {}", max_memory, query.location, size);
  MemoryRange range{place->addresses.front(), {}};
  if (auto fits = check_range(range.address, size); !fits) co_return pass(fits);
  auto bytes = co_await read_bytes(range.address, size, query.core);
  if (!bytes && bytes.error().code == ErrorCode::MEMORY_UNMAPPED && size > 1) {
    auto readable = co_await read_readable(range.address, size);
    const std::uint64_t bad = range.address + (readable ? readable->size() : 0);
    Error error{ErrorCode::MEMORY_UNMAPPED, fmt::format("there is no memory at {}", hex_address(bad))};
    if (readable && !readable->empty()) error.message += fmt::format("; {} to {} can be read", hex_address(range.address), hex_address(last_of(range.address, readable->size())));
    error.details["address"] = hex_address(bad);
    co_return fail(std::move(error));
  }
  if (!bytes) co_return pass(bytes);
  range.bytes = std::move(*bytes);
  co_return range;
}

Task<Result<std::uint64_t>> Debugger::write_memory(MemoryChange change) {
  auto place = co_await find_data(change.location);
  if (!place) co_return pass(place);
  const std::uint64_t address = place->addresses.front();
  if (change.bytes.empty()) co_return fail(ErrorCode::INVALID_REQUEST, "there are no bytes to write");
  if (auto fits = check_range(address, change.bytes.size()); !fits) co_return pass(fits);
  if (const auto end = leaves_memory(host_.plan.memory, address, change.bytes.size())) {
    Error error{ErrorCode::MEMORY_UNMAPPED, fmt::format("there is no memory at {}; nothing was written", hex_address(*end))};
    error.details["address"] = hex_address(*end);
    co_return fail(std::move(error));
  }
  auto write = [this, &change, address](gdb::Client& client) -> Task<Result<void>> {
    auto thread = co_await thread_of(client, change.core);
    if (!thread) co_return pass(thread);
    co_return co_await client.write_memory(address, std::move(change.bytes), *thread);
  };
  auto written = co_await at_rest(change.halt, std::move(write));
  if (!written) co_return pass(written);
  co_return address;
}

}  // namespace virserver::session
