// What the engine tells of its guest while it runs: see GuestWatch and Observation.
#include "backend/qemu/engine.hpp"
#include "backend/qemu/registers_text.hpp"

namespace virserver::backend::qemu {

using namespace std::chrono_literals;

namespace {
constexpr unsigned samples_wanted = 16;
constexpr auto between_samples = 1ms;
constexpr auto sampling_bound = 500ms;  // a loaded host takes longer for each
}  // namespace

void QemuEngine::watch_guest() {
  if (!watch_ || std::exchange(watching_guest_, true) || report_) return;
  auto watch = [](GuestWatch& guest) -> Task<> {
    co_await guest.close();  // one that an earlier server left open
    co_await guest.run();
  };
  scope_.spawn(watch(*watch_));
}

Task<Result<Observation>> QemuEngine::observe() {
  if (report_ || !qmp_) {
    Error error = ended_error();
    co_return std::unexpected(std::move(error));
  }
  Observation observation;
  observation.watched = watching_guest_ && options_.watch.window > 0ms;
  if (observation.watched) {
    co_await watch_->look();
    observation.accesses = watch_->seen().accesses();
    observation.further_accesses = watch_->seen().left_out();
  } else {
    observation.why_not_watched = !options_.guest_log   ? "this emulator was started by an earlier version; power the board off and on"
                                  : !watching_guest_ ? "the session was created with the feature diagnosis off"
                                                     : "the server's setting diagnosis-window is 0";
  }
  const auto until = std::chrono::steady_clock::now() + sampling_bound;
  asio::steady_timer pause(executor_);
  for (unsigned i = 0; i < samples_wanted && !report_; ++i) {
    auto text = co_await qmp_->monitor("info registers -a", options_.command_timeout);
    if (!text) co_return pass(text);
    for (auto& sample : parse_registers(*text)) observation.samples.push_back(std::move(sample));
    if (paused_ || std::chrono::steady_clock::now() > until) break;
    pause.expires_after(between_samples);
    co_await pause.async_wait(tuple_awaitable);
  }
  co_return observation;
}

}  // namespace virserver::backend::qemu
