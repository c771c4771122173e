#include "shim/log_writer.hpp"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace virserver::shim {
namespace {

// "<console>.<16 hex digits>.log" -> the digits' value.
bool parse_name(const char* name, const std::string& console, std::uint64_t& first) {
  const std::size_t n = console.size();
  if (strlen(name) != n + 21 || strncmp(name, console.c_str(), n) != 0 || name[n] != '.') return false;
  if (strcmp(name + n + 17, ".log") != 0) return false;
  first = 0;
  for (const char* p = name + n + 1; p < name + n + 17; ++p) {
    const char c = *p;
    if (c >= '0' && c <= '9') first = first << 4 | static_cast<unsigned>(c - '0');
    else if (c >= 'a' && c <= 'f') first = first << 4 | static_cast<unsigned>(c - 'a' + 10);
    else return false;
  }
  return true;
}

}  // namespace

LogWriter::LogWriter(int dir, std::string console, std::uint64_t first, std::uint64_t bound)
    : dir_(dir), console_(std::move(console)), bound_(std::max<std::uint64_t>(bound, 16384)), capacity_(bound_ / 4),
      end_(first) {
  adopt_existing(first);
}

LogWriter::~LogWriter() {
  if (fd_ >= 0) close(fd_);
}

std::string LogWriter::file_name(std::uint64_t first) const {
  char digits[32];
  snprintf(digits, sizeof digits, ".%016llx.log", static_cast<unsigned long long>(first));
  return console_ + digits;
}

void LogWriter::adopt_existing(std::uint64_t first) {
  const int copy = openat(dir_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* dir = copy >= 0 ? fdopendir(copy) : nullptr;
  if (!dir) return;
  while (const dirent* entry = readdir(dir)) {
    std::uint64_t at = 0;
    if (!parse_name(entry->d_name, console_, at)) continue;
    struct stat st {};
    const bool regular = fstatat(dir_, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
    if (!regular || at >= first) {
      unlinkat(dir_, entry->d_name, 0);
      continue;
    }
    segments_.push_back({at, static_cast<std::uint64_t>(st.st_size)});
  }
  closedir(dir);
  std::sort(segments_.begin(), segments_.end(), [](const Segment& a, const Segment& b) { return a.first < b.first; });
  if (segments_.empty()) return;
  Segment& last = segments_.back();
  if (last.size < capacity_ && last.first + last.size == first)  // many short runs do not make many files
    fd_ = openat(dir_, file_name(last.first).c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  enforce_bound();
}

bool LogWriter::open_segment() {
  const std::string name = file_name(end_);
  for (int attempt = 0; attempt < 2; ++attempt) {
    fd_ = openat(dir_, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd_ >= 0) {
      segments_.push_back({end_, 0});
      enforce_bound();
      return true;
    }
    if (errno != EEXIST) return false;
    unlinkat(dir_, name.c_str(), 0);
  }
  return false;
}

void LogWriter::close_segment() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

// Removes the oldest segment but the one being written.
bool LogWriter::drop_oldest() {
  if (segments_.size() <= (fd_ >= 0 ? 1u : 0u)) return false;
  unlinkat(dir_, file_name(segments_.front().first).c_str(), 0);
  segments_.erase(segments_.begin());
  return true;
}

void LogWriter::enforce_bound() {
  for (;;) {
    std::uint64_t total = fd_ >= 0 ? capacity_ : 0;
    for (std::size_t i = 0; i + (fd_ >= 0 ? 1 : 0) < segments_.size(); ++i) total += std::min(segments_[i].size, bound_ + 1);
    if (total <= bound_ || !drop_oldest()) return;
  }
}

void LogWriter::append(const char* data, std::size_t size) {
  while (size > 0) {
    if (fd_ >= 0 && segments_.back().size >= capacity_) close_segment();
    ssize_t n = -1;
    if (fd_ >= 0 || open_segment()) {
      Segment& current = segments_.back();
      const std::size_t room = static_cast<std::size_t>(std::min<std::uint64_t>(size, capacity_ - current.size));
      // pwrite: the emulator can write to these files too and must not shift our bytes.
      n = pwrite(fd_, data, room, static_cast<off_t>(current.size));
      if (n < 0 && errno == EINTR) continue;
    }
    if (n > 0) {
      segments_.back().size += static_cast<std::uint64_t>(n);
      end_ += static_cast<std::uint64_t>(n);
      data += n;
      size -= static_cast<std::size_t>(n);
    } else if (!drop_oldest()) {  // a full disk: make room with our own oldest output, else go on without these bytes
      end_ += size;
      lost_ += size;
      close_segment();  // offsets are positions in a file: after a hole a new one begins
      return;
    }
  }
}

}  // namespace virserver::shim
