// When QEMU's log of unimplemented devices is opened for a moment; see guest_watch.hpp.
#pragma once
#include <chrono>

namespace virserver::backend::qemu {

struct WatchSettings {
  std::chrono::milliseconds window{20};     // 0: never
  std::chrono::milliseconds interval{1000};
};

}  // namespace virserver::backend::qemu
