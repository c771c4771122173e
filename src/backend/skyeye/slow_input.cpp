#include "backend/skyeye/slow_input.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "process/cpu_time.hpp"
#include "process/safe_open.hpp"

namespace virserver::backend::skyeye {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds take_patience = 5s, work_patience = 500ms;

// The console's FIFO of input, to see what waits in it; invalid when it is none.
Fd open_fifo(const std::filesystem::path& engine_dir, const std::string& console) {
  const auto dir = process::open_directory(engine_dir);
  if (!dir) return {};
  auto fifo = process::open_beneath(dir->get(), console + ".in", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  struct stat status;
  if (!fifo || fstat(fifo.get(), &status) != 0 || !S_ISFIFO(status.st_mode)) return {};
  return fifo;
}

bool taken(const Fd& fifo) {
  int waiting = 0;
  return ioctl(fifo.get(), FIONREAD, &waiting) != 0 || waiting == 0;
}

// False: the time was over.
template <class Condition>
Task<bool> look_until(Condition met, std::chrono::milliseconds patience) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!met()) {
    if (std::chrono::steady_clock::now() >= end) co_return false;
    pause.expires_after(1ms);
    co_await pause.async_wait(tuple_awaitable);
  }
  co_return true;
}

}  // namespace

Task<Result<void>> type_slowly(process::EngineProcess& process, std::filesystem::path engine_dir, std::string console, Bytes bytes,
                               std::chrono::milliseconds work) {
  const auto fifo = open_fifo(engine_dir, console);
  const auto shim = process.pid();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes one{bytes[i]};
    auto written = co_await process.write(console, std::move(one));
    if (!written) co_return written;
    if (!fifo) continue;
    auto was_taken = [&fifo] { return taken(fifo); };
    if (!co_await look_until(was_taken, take_patience))
      co_return fail(ErrorCode::TOO_MANY_REQUESTS, "the board has taken {} of {} bytes of input: it stands, or its program does not switch the UART's receiver on", i, bytes.size());
    const auto before = process::busiest_thread_time(shim);
    const auto began = std::chrono::steady_clock::now();
    auto has_worked = [&before, began, shim, work] {
      const auto now = before ? process::busiest_thread_time(shim) : std::nullopt;
      return now ? *now - *before >= work : std::chrono::steady_clock::now() - began >= work;
    };
    co_await look_until(has_worked, work_patience);
  }
  co_return Result<void>{};
}

}  // namespace virserver::backend::skyeye
