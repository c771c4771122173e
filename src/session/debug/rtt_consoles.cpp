#include "session/debug/rtt_consoles.hpp"

#include <fcntl.h>

#include <algorithm>

#include "process/console_log.hpp"
#include "process/safe_open.hpp"
#include "shim/log_writer.hpp"

namespace virserver::session {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t log_bound = 16u << 20;
constexpr std::size_t scan_piece = 256u << 10;
constexpr std::uint64_t max_scan = 16u << 20;  // of one range, from its start
// A look costs the emulator half a millisecond, so a program that prints nothing is looked at less often.
constexpr auto at_once = 1ms, busy_interval = 5ms, quiet_interval = 40ms, search_interval = 200ms;
constexpr int busy_looks = 20;  // looks without output until it counts as quiet

std::string console_name(std::size_t channel) { return fmt::format("rtt{}", channel); }

}  // namespace

RttConsoles::RttConsoles(asio::any_io_executor executor, std::filesystem::path console_dir, RttMemory& memory, std::function<void()> found,
                         std::function<void()> grown)
    : executor_(executor), console_dir_(std::move(console_dir)), memory_(memory), found_(std::move(found)), grown_(std::move(grown)),
      pause_(executor), turn_(executor) {}

RttConsoles::~RttConsoles() = default;

bool RttConsoles::is_name(std::string_view console) {
  return console.size() > 3 && console.size() < 6 && console.starts_with("rtt") && parse_u64(console.substr(3)).has_value();
}

void RttConsoles::start(RttSearch search) {
  rtt_.reset();
  if (search.symbols.empty() && search.ranges.empty()) return;
  stopping_ = false;
  scope_ = std::make_unique<TaskScope>(executor_, "rtt");
  scope_->spawn(look(std::move(search)));
}

Task<> RttConsoles::stop() {
  stopping_ = true;
  pause_.cancel();
  if (scope_) co_await scope_->stop();
  scope_.reset();
  rtt_.reset();
  logs_.clear();
}

std::vector<RttConsoles::Channel> RttConsoles::channels() const { return channels_; }

Task<bool> RttConsoles::find_in(const RttSearch& search, const RttSearch::Range& range) {
  const std::uint64_t end = range.address + std::min(range.size, max_scan);
  for (std::uint64_t at = range.address; at < end; at += scan_piece) {
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(scan_piece + Rtt::id_size, end - at));  // pieces overlap
    const auto piece = co_await memory_.read(at, size);
    if (!piece) co_return false;
    for (const std::size_t offset : Rtt::find(*piece)) {
      auto opened = co_await Rtt::open(memory_, at + offset, search.layout);
      if (!opened || !*opened) continue;
      rtt_ = std::move(**opened);
      co_return true;
    }
  }
  co_return false;
}

Task<bool> RttConsoles::find(const RttSearch& search) {
  for (const std::uint64_t symbol : search.symbols) {
    auto opened = co_await Rtt::open(memory_, symbol, search.layout);
    if (!opened || !*opened) continue;
    rtt_ = std::move(**opened);
    co_return true;
  }
  if (search.symbols.empty())
    for (const RttSearch::Range& range : search.ranges)
      if (co_await find_in(search, range)) co_return true;
  co_return false;
}

Task<> RttConsoles::look(RttSearch search) {
  // A look is not broken off in its middle, where the machine may be halted for it.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  int quiet = 0;
  while (!stopping_) {
    auto wait = std::chrono::milliseconds(search_interval);
    {
      const auto lock = co_await turn_.lock();
      if (!rtt_ && co_await find(search)) {
        channels_.clear();
        for (std::size_t i = 0; i < std::max(rtt_->up().size(), rtt_->down().size()); ++i) {
          const bool up = i < rtt_->up().size() && rtt_->up()[i].size > 0, down = i < rtt_->down().size() && rtt_->down()[i].size > 0;
          if (up || down) channels_.push_back({console_name(i), up ? rtt_->up()[i].name : rtt_->down()[i].name, up, down});
        }
        found_();
      }
      if (rtt_) {
        auto outputs = co_await rtt_->poll(memory_);
        if (outputs && !*outputs) {
          rtt_.reset();  // a reset, or a channel was set up: it is opened again at once
          wait = std::chrono::milliseconds(busy_interval);
        } else if (outputs) {
          for (const Rtt::Output& output : **outputs) keep(output);
          quiet = (*outputs)->empty() ? quiet + 1 : 0;
          if (quiet == 0) grown_();
          wait = quiet == 0 ? std::chrono::milliseconds(at_once) : quiet < busy_looks ? std::chrono::milliseconds(busy_interval) : std::chrono::milliseconds(quiet_interval);
        }
      }
    }
    if (stopping_) co_return;
    pause_.expires_after(wait);
    co_await pause_.async_wait(tuple_awaitable);
  }
}

void RttConsoles::keep(const Rtt::Output& output) {
  auto& log = logs_[output.channel];
  if (!log) {
    if (!directory_) {
      auto opened = process::open_directory(console_dir_);
      if (!opened) return;
      directory_ = std::move(*opened);
    }
    const std::string console = console_name(output.channel);
    log = std::make_unique<shim::LogWriter>(directory_.get(), console, process::ConsoleLog(console_dir_, console).end(), log_bound);
  }
  log->append(reinterpret_cast<const char*>(output.bytes.data()), output.bytes.size());
}

Task<Result<void>> RttConsoles::write(std::string console, Bytes bytes) {
  const auto channel = parse_u64(std::string_view(console).substr(3));
  asio::steady_timer timer(executor_);
  for (std::size_t at = 0; at < bytes.size();) {
    {
      const auto lock = co_await turn_.lock();
      if (!rtt_ || stopping_) co_return fail(ErrorCode::CONSOLE_CLOSED, "the program has no RTT control block now");
      auto put = co_await rtt_->put(memory_, static_cast<unsigned>(channel.value_or(~0u)), std::span(bytes).subspan(at));
      if (!put) co_return pass(put);
      if (!*put) {
        rtt_.reset();
        continue;
      }
      at += **put;
      if (at == bytes.size()) break;
    }
    timer.expires_after(busy_interval);
    co_await timer.async_wait(asio::use_awaitable);
  }
  co_return Result<void>{};
}

}  // namespace virserver::session
