#include "cli/progress.hpp"

#include <unistd.h>

#include "cli/context.hpp"
#include "cli/text.hpp"

namespace virserver::cli {

struct Progress::State {
  State(asio::any_io_executor executor, std::string text)
      : timer(std::move(executor)), label(std::move(text)), terminal(::isatty(STDERR_FILENO) != 0) {}
  asio::steady_timer timer;
  std::string label;
  bool terminal;
  bool shown = false, over = false;
  std::uint64_t done = 0, total = 0;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

  void show() {
    std::string line = "virctl: " + printable(label);
    if (total > 0) line += fmt::format(": {} of {} ({} %)", size_text(done), size_text(total), done * 100 / total);
    const auto elapsed = std::chrono::steady_clock::now() - started;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(elapsed).count();
    if (terminal) write_all(STDERR_FILENO, fmt::format("\r\x1b[K{} ... {} s", line, seconds));
    else if (!shown) write_all(STDERR_FILENO, line + " ...\n");
    shown = true;
  }
};

Progress::Progress(asio::any_io_executor executor, std::string label)
    : state_(std::make_shared<State>(executor, std::move(label))) {
  asio::co_spawn(executor, tick(state_), asio::detached);
}

Progress::~Progress() {
  state_->over = true;
  state_->timer.cancel();
  if (state_->shown && state_->terminal) write_all(STDERR_FILENO, "\r\x1b[K");
}

Task<> Progress::tick(std::shared_ptr<State> state) {
  auto delay = std::chrono::milliseconds(1000);
  while (!state->over) {
    state->timer.expires_after(delay);
    co_await state->timer.async_wait(tuple_awaitable);
    if (state->over) break;
    state->show();
    if (!state->terminal) break;
    delay = std::chrono::milliseconds(200);
  }
}

void Progress::update(std::uint64_t done, std::uint64_t total) {
  state_->done = done;
  state_->total = total;
}

}  // namespace virserver::cli
