// SEGGER's Real Time Transfer: channels of bytes in the target's memory that a debugger reads and writes while the
// program runs. nRF and Rust (defmt) firmware prints there.
//
// A control block begins with the 16 bytes "SEGGER RTT\0...", then the numbers of up- and down-channels (32 bit each) and
// their descriptors {name, buffer: pointers; size, write offset, read offset, flags: 32 bit}. Up: the target moves the
// write offset and we the read offset; down: the other way round. All state is in the target's memory, so a reset or a
// restart of the server loses nothing but what the program itself forgets. What the target says is checked at every look.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/asio.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"

namespace virserver::session {

// The target's memory, while it runs.
class RttMemory {
 public:
  virtual ~RttMemory() = default;
  virtual Task<Result<Bytes>> read(std::uint64_t address, std::size_t size) = 0;  // all of it or an error
  virtual Task<Result<void>> write(std::uint64_t address, Bytes bytes) = 0;
};

struct RttLayout {
  bool pointers_64 = false;
  bool big_endian = false;
};

struct RttChannel {
  std::string name;  // printable, as far as the target gives one
  std::uint64_t buffer = 0;
  std::uint32_t size = 0;  // one byte of it stays free
};

class Rtt {
 public:
  static constexpr std::size_t id_size = 16;
  static constexpr std::size_t max_channels = 16;  // each way; more are ignored
  static constexpr std::uint32_t max_buffer = 1u << 20;

  // Where in `memory` a control block's identification stands (at multiples of 4).
  static std::vector<std::size_t> find(std::span<const std::byte> memory);

  // The control block at `address`; nullopt while there is none, or none that makes sense (the program has not set it up).
  static Task<Result<std::optional<Rtt>>> open(RttMemory& memory, std::uint64_t address, RttLayout layout);

  std::uint64_t address() const { return address_; }
  const std::vector<RttChannel>& up() const { return up_; }      // to us; those without a buffer have size 0
  const std::vector<RttChannel>& down() const { return down_; }  // to the target

  struct Output {
    unsigned channel = 0;
    Bytes bytes;
  };
  // What came since the last look, taken out of the buffers. One read when nothing did. nullopt: the control block is
  // gone or has changed (a reset, another program): find and open it again.
  Task<Result<std::optional<std::vector<Output>>>> poll(RttMemory& memory);

  // Puts as much of `bytes` as there is room for; how much. nullopt as for poll(). Error: CONSOLE_NOT_FOUND, those of the memory.
  Task<Result<std::optional<std::size_t>>> put(RttMemory& memory, unsigned channel, std::span<const std::byte> bytes);

 private:
  struct Descriptor {
    std::uint64_t name = 0, buffer = 0;
    std::uint32_t size = 0, write = 0, read = 0;
    bool sane() const { return size == 0 || (size <= max_buffer && write < size && read < size); }
  };
  Rtt(std::uint64_t address, RttLayout layout) : address_(address), layout_(layout) {}

  std::size_t descriptor_size() const { return layout_.pointers_64 ? 32 : 24; }
  std::uint64_t descriptor_address(std::size_t index) const { return address_ + id_size + 8 + index * descriptor_size(); }
  std::uint64_t number(std::span<const std::byte> bytes, std::size_t offset, std::size_t size) const;
  Descriptor descriptor(std::span<const std::byte> block, std::size_t index) const;
  Bytes word(std::uint32_t value) const;
  bool same(const RttChannel& channel, const Descriptor& now) const;
  Task<Result<std::optional<Bytes>>> block(RttMemory& memory) const;

  std::uint64_t address_;
  RttLayout layout_;
  std::uint32_t up_count_ = 0, down_count_ = 0;  // as the block says
  std::vector<RttChannel> up_, down_;
};

}  // namespace virserver::session
