#include "base/id.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <random>

namespace virserver {
namespace {

constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

struct State {
  std::mutex mutex;
  std::mt19937_64 random{[] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }()};
  std::uint64_t last_ms = 0;
  std::uint16_t high = 0;
  std::uint64_t low = 0;
};

}  // namespace

std::string new_id(std::string_view prefix) {
  static State state;
  std::uint64_t ms, low;
  std::uint16_t high;
  {
    std::lock_guard lock(state.mutex);
    ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::system_clock::now().time_since_epoch()).count());
    if (ms > state.last_ms) {
      state.high = static_cast<std::uint16_t>(state.random());
      state.low = state.random();
    } else {  // same millisecond, or the clock went back: count on
      ms = state.last_ms;
      if (++state.low == 0) ++state.high;
    }
    state.last_ms = ms;
    high = state.high;
    low = state.low;
  }
  std::array<char, 26> text;
  unsigned __int128 value = (static_cast<unsigned __int128>(ms & 0xffffffffffff) << 80) |
                            (static_cast<unsigned __int128>(high) << 64) | low;
  for (int i = 25; i >= 0; --i) {
    text[static_cast<std::size_t>(i)] = alphabet[static_cast<std::size_t>(value & 31)];
    value >>= 5;
  }
  std::string id(prefix);
  id += '-';
  id.append(text.data(), text.size());
  return id;
}

}  // namespace virserver
