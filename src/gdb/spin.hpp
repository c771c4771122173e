// Staying awake for what is due in microseconds: to sleep and be woken takes longer, most of all on a virtual machine.
// When it did not come in time (the processors are busy, the machine runs on), the next chances are passed over: one, three,
// seven, up to 15. With one processor there is no waiting awake: whoever shall answer needs it.
#pragma once
#include <algorithm>
#include <chrono>
#include <thread>

namespace virserver::gdb {

class Spin {
 public:
  explicit Spin(std::chrono::microseconds limit, unsigned processors = std::thread::hardware_concurrency())
      : limit_(processors > 1 ? limit : std::chrono::microseconds(0)) {}

  // Calls `done` until it is true, or the limit is over.
  template <typename Done>
  void until(Done done) {
    if (limit_.count() == 0) return;
    if (left_out_ < leave_out_) {
      ++left_out_;
      return;
    }
    left_out_ = 0;
    const auto end = Clock::now() + limit_;
    bool is_done = done();
    while (!is_done && Clock::now() < end) is_done = done();
    leave_out_ = is_done ? 0 : std::min(2 * leave_out_ + 1, 15);
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::chrono::microseconds limit_;
  int leave_out_ = 0, left_out_ = 0;
};

}  // namespace virserver::gdb
