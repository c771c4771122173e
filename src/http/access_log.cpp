#include "http/access_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <stdexcept>

#include "base/log.hpp"

namespace virserver::http {
namespace {

constexpr std::size_t max_pending = 16u << 20;

void append_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') (out += '\\') += c;
    else if (byte < 0x20 || byte >= 0x7f) fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    else out += c;
  }
  out += '"';
}

}  // namespace

void append_record(std::string& out, const Access& access, std::string_view time) {
  const auto field = [&out](std::string_view name, std::string_view text) {
    out += name;
    append_text(out, text);
  };
  field("{\"time\":", time);
  field(",\"method\":", access.method);
  field(",\"target\":", access.target);
  field(",\"operation_id\":", access.operation_id);
  field(",\"peer\":", access.peer);
  field(",\"request_id\":", access.request_id);
  fmt::format_to(std::back_inserter(out), ",\"status\":{},\"duration_us\":{},\"bytes_in\":{},\"bytes_out\":{}}}\n", access.status,
                 access.duration.count(), access.bytes_in, access.bytes_out);
}

AccessLog::AccessLog(const std::string& destination) {
  if (destination.empty()) return;
  const int fd = destination == "-" ? ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
                                    : ::open(destination.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) throw std::runtime_error(fmt::format("cannot open the access log {}: {}", destination, std::strerror(errno)));
  fd_.reset(fd);
  writer_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

AccessLog::~AccessLog() {
  if (!writer_.joinable()) return;
  writer_.request_stop();
  writer_.join();
}

void AccessLog::write(std::string& lines) {
  if (lines.empty()) return;
  {
    std::lock_guard lock(mutex_);
    if (pending_.size() + lines.size() > max_pending) {
      dropped_ += static_cast<std::size_t>(std::ranges::count(lines, '\n'));
    } else {
      pending_ += lines;
    }
  }
  lines.clear();
  ready_.notify_one();
}

void AccessLog::run(std::stop_token stop) {
  std::string lines;
  while (true) {
    std::size_t dropped = 0;
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, stop, [this] { return !pending_.empty(); });
      if (pending_.empty()) return;
      lines.swap(pending_);
      dropped = std::exchange(dropped_, 0);
    }
    std::string_view rest = lines;
    while (!rest.empty()) {
      const ssize_t written = ::write(fd_.get(), rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        log::warn("writing the access log failed: {}", std::strerror(errno));
        break;
      }
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    lines.clear();
    if (dropped) log::warn("{} lines of the access log were dropped: its disk is too slow", dropped);
  }
}

}  // namespace virserver::http
