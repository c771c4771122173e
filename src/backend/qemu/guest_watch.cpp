#include "backend/qemu/guest_watch.hpp"

namespace virserver::backend::qemu {

using namespace std::chrono_literals;

namespace {
constexpr auto command_timeout = 5s;
constexpr auto glance = 2ms;                        // between looks at the log's size
constexpr std::uint64_t enough = 32 * 1024;         // some 600 lines: more tells nothing new
constexpr std::uint64_t most_read = 256 * 1024;     // of a window; the rest is skipped
constexpr unsigned slowest = 8;                     // times the interval
}  // namespace

GuestWatch::GuestWatch(asio::any_io_executor executor, QmpClient& qmp, process::ConsoleLog log, WatchSettings settings)
    : executor_(executor), qmp_(qmp), log_(std::move(log)), settings_(settings), one_window_(executor), timer_(executor), offset_(log_.end()) {}

Task<bool> GuestWatch::command(std::string line) {
  auto answer = co_await qmp_.monitor(std::move(line), command_timeout);
  co_return answer.has_value();
}

void GuestWatch::stop() {
  stopping_ = true;
  timer_.cancel();
}

Task<> GuestWatch::close() {
  auto lock = co_await one_window_.lock();
  open_ = false;
  if (!qmp_.closed()) co_await command("log none");
}

void GuestWatch::read() {
  const std::uint64_t end = log_.end();
  if (end - std::min(end, offset_) > most_read) {
    offset_ = end - most_read;
    seen_.forget_partial();
  }
  std::vector<GuestAccess> fresh;
  while (offset_ < end) {
    const auto chunk = log_.read(offset_, most_read);
    if (!chunk || chunk->bytes.empty()) break;
    if (chunk->offset != offset_) seen_.forget_partial();
    offset_ = chunk->offset + chunk->bytes.size();
    for (auto& access : seen_.add(as_text(chunk->bytes))) fresh.push_back(std::move(access));
  }
  if (!fresh.empty() && on_new) on_new(std::move(fresh));
}

Task<> GuestWatch::look() {
  auto lock = co_await one_window_.lock();
  if (stopping_ || qmp_.closed() || !running || !running()) co_return;
  read();  // what came after the window before
  const std::uint64_t begin = log_.end();
  open_ = true;
  const bool opened = co_await command("log unimp,guest_errors");
  const auto close_at = std::chrono::steady_clock::now() + settings_.window;
  asio::steady_timer pause(executor_);
  while (opened && !stopping_ && std::chrono::steady_clock::now() < close_at && log_.end() - begin < enough) {
    pause.expires_after(glance);
    co_await pause.async_wait(tuple_awaitable);
  }
  if (!qmp_.closed()) co_await command("log none");
  open_ = false;
  read();
}

Task<> GuestWatch::run() {
  if (settings_.window <= 0ms) co_return;
  unsigned patience = 1;
  while (!stopping_ && !qmp_.closed()) {
    timer_.expires_after(settings_.interval * patience);
    co_await timer_.async_wait(tuple_awaitable);
    if (stopping_ || qmp_.closed()) break;
    if (!running || !running()) continue;
    const auto before = seen_.accesses().size();
    co_await look();
    patience = seen_.accesses().size() > before ? 1 : std::min(patience * 2, slowest);
  }
}

}  // namespace virserver::backend::qemu
