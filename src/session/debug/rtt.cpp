#include "session/debug/rtt.hpp"

#include <algorithm>
#include <cstring>

namespace virserver::session {
namespace {

constexpr std::string_view id{"SEGGER RTT\0\0\0\0\0\0", Rtt::id_size};
constexpr std::size_t header_size = Rtt::id_size + 8;
constexpr std::uint32_t max_claimed = 64;  // more descriptors than that is no control block
constexpr std::size_t max_name = 32;

bool is_block(std::span<const std::byte> bytes) { return bytes.size() >= header_size && as_text(bytes).starts_with(id); }

}  // namespace

std::vector<std::size_t> Rtt::find(std::span<const std::byte> memory) {
  std::vector<std::size_t> found;
  const std::string_view text = as_text(memory);
  for (std::size_t at = text.find(id); at != std::string_view::npos; at = text.find(id, at + 1))
    if (at % 4 == 0) found.push_back(at);
  return found;
}

std::uint64_t Rtt::number(std::span<const std::byte> bytes, std::size_t offset, std::size_t size) const {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t at = layout_.big_endian ? offset + i : offset + size - 1 - i;
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[at]);
  }
  return value;
}

Bytes Rtt::word(std::uint32_t value) const {
  Bytes bytes(4);
  for (std::size_t i = 0; i < 4; ++i) bytes[layout_.big_endian ? 3 - i : i] = static_cast<std::byte>(value >> 8 * i);
  return bytes;
}

Rtt::Descriptor Rtt::descriptor(std::span<const std::byte> block, std::size_t index) const {
  const std::size_t pointer = layout_.pointers_64 ? 8 : 4, at = header_size + index * descriptor_size();
  Descriptor result;
  result.name = number(block, at, pointer);
  result.buffer = number(block, at + pointer, pointer);
  result.size = static_cast<std::uint32_t>(number(block, at + 2 * pointer, 4));
  result.write = static_cast<std::uint32_t>(number(block, at + 2 * pointer + 4, 4));
  result.read = static_cast<std::uint32_t>(number(block, at + 2 * pointer + 8, 4));
  return result;
}

// The channel is still the one that was opened. A program sets its buffers up one by one, so size 0 may become more.
bool Rtt::same(const RttChannel& channel, const Descriptor& now) const {
  return now.sane() && now.size == channel.size && (now.size == 0 || now.buffer == channel.buffer);
}

// The whole block as it is now; nullopt if it is not the one that was opened.
Task<Result<std::optional<Bytes>>> Rtt::block(RttMemory& memory) const {
  const std::size_t size = header_size + (up_count_ + std::min<std::size_t>(down_count_, max_channels)) * descriptor_size();
  auto bytes = co_await memory.read(address_, size);
  if (!bytes) co_return pass(bytes);
  if (!is_block(*bytes) || number(*bytes, id_size, 4) != up_count_ || number(*bytes, id_size + 4, 4) != down_count_)
    co_return std::optional<Bytes>();
  co_return std::optional(std::move(*bytes));
}

Task<Result<std::optional<Rtt>>> Rtt::open(RttMemory& memory, std::uint64_t address, RttLayout layout) {
  Rtt rtt(address, layout);
  const auto header = co_await memory.read(address, header_size);
  if (!header) co_return fail(header.error());
  if (!is_block(*header)) co_return std::optional<Rtt>();
  rtt.up_count_ = static_cast<std::uint32_t>(rtt.number(*header, id_size, 4));
  rtt.down_count_ = static_cast<std::uint32_t>(rtt.number(*header, id_size + 4, 4));
  if (rtt.up_count_ > max_claimed || rtt.down_count_ > max_claimed || rtt.up_count_ + rtt.down_count_ == 0) co_return std::optional<Rtt>();
  const auto block = co_await rtt.block(memory);
  if (!block) co_return fail(block.error());
  if (!*block) co_return std::optional<Rtt>();
  for (std::size_t i = 0; i < rtt.up_count_ + std::min<std::size_t>(rtt.down_count_, max_channels); ++i) {
    const bool up = i < rtt.up_count_;
    if (up && i >= max_channels) continue;
    const Descriptor found = rtt.descriptor(**block, i);
    if (!found.sane()) co_return std::optional<Rtt>();
    RttChannel channel{{}, found.buffer, found.size};
    if (found.name != 0 && found.size != 0) {
      const auto name = co_await memory.read(found.name, max_name);  // may stand at the end of memory: then it has none
      if (name)
        for (const char c : as_text(*name)) {
          if (c < 0x20 || c > 0x7e) break;
          channel.name += c;
        }
    }
    (up ? rtt.up_ : rtt.down_).push_back(std::move(channel));
  }
  co_return std::optional(std::move(rtt));
}

Task<Result<std::optional<std::vector<Rtt::Output>>>> Rtt::poll(RttMemory& memory) {
  const auto now = co_await block(memory);
  if (!now) co_return fail(now.error());
  if (!*now) co_return std::optional<std::vector<Output>>();
  std::vector<Output> outputs;
  for (unsigned i = 0; i < up_.size(); ++i) {
    const Descriptor channel = descriptor(**now, i);
    if (!same(up_[i], channel)) co_return std::optional<std::vector<Output>>();
    if (channel.write == channel.read) continue;
    Output output{i, {}};
    const auto take = [&](std::uint32_t from, std::uint32_t to) -> std::pair<std::uint64_t, std::size_t> { return {channel.buffer + from, to - from}; };
    std::vector<std::pair<std::uint64_t, std::size_t>> pieces;
    if (channel.write > channel.read) pieces = {take(channel.read, channel.write)};
    else pieces = {take(channel.read, channel.size), take(0, channel.write)};
    for (const auto& [address, size] : pieces) {
      if (size == 0) continue;
      const auto bytes = co_await memory.read(address, size);
      if (!bytes) co_return fail(bytes.error());
      output.bytes.insert(output.bytes.end(), bytes->begin(), bytes->end());
    }
    const std::uint64_t read_offset = descriptor_address(i) + (layout_.pointers_64 ? 24 : 16);
    auto moved = co_await memory.write(read_offset, word(channel.write));
    if (!moved) co_return pass(moved);
    outputs.push_back(std::move(output));
  }
  co_return std::optional(std::move(outputs));
}

Task<Result<std::optional<std::size_t>>> Rtt::put(RttMemory& memory, unsigned index, std::span<const std::byte> bytes) {
  if (index >= down_.size() || down_[index].size == 0)
    co_return fail(ErrorCode::CONSOLE_NOT_FOUND, "the program has no RTT channel {} that takes input", index);
  const auto now = co_await block(memory);
  if (!now) co_return fail(now.error());
  if (!*now) co_return std::optional<std::size_t>();
  const Descriptor channel = descriptor(**now, up_count_ + index);
  if (!same(down_[index], channel)) co_return std::optional<std::size_t>();
  const std::size_t used = (channel.write + channel.size - channel.read) % channel.size;
  const std::size_t count = std::min<std::size_t>(bytes.size(), channel.size - 1 - used);
  if (count == 0) co_return std::optional<std::size_t>(0);
  const std::size_t first = std::min<std::size_t>(count, channel.size - channel.write);
  auto put_first = co_await memory.write(channel.buffer + channel.write, Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(first)));
  if (!put_first) co_return pass(put_first);
  if (first < count) {
    auto put_rest = co_await memory.write(channel.buffer, Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(first), bytes.begin() + static_cast<std::ptrdiff_t>(count)));
    if (!put_rest) co_return pass(put_rest);
  }
  const std::uint64_t write_offset = descriptor_address(up_count_ + index) + (layout_.pointers_64 ? 20 : 12);
  auto moved = co_await memory.write(write_offset, word(static_cast<std::uint32_t>((channel.write + count) % channel.size)));
  if (!moved) co_return pass(moved);
  co_return std::optional(count);
}

}  // namespace virserver::session
