#include "process/console_log.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>

#include "process/safe_open.hpp"

namespace virserver::process {
namespace {

// No segment of a configured bound is larger; what claims to be is cut here.
constexpr std::uint64_t kMaxSegment = 1ull << 30;
// A writer keeps a handful; a hostile directory must not cost more than this.
constexpr std::size_t kMaxEntries = 4096;

std::optional<std::uint64_t> first_offset(std::string_view file, std::string_view console) {
  if (file.size() != console.size() + 21 || !file.starts_with(console) || !file.ends_with(".log")) return std::nullopt;
  if (file[console.size()] != '.') return std::nullopt;
  std::uint64_t value = 0;
  for (char c : file.substr(console.size() + 1, 16)) {
    if (c >= '0' && c <= '9') value = value << 4 | static_cast<unsigned>(c - '0');
    else if (c >= 'a' && c <= 'f') value = value << 4 | static_cast<unsigned>(c - 'a' + 10);
    else return std::nullopt;
  }
  return value;
}

std::string segment_name(const std::string& console, std::uint64_t first) { return fmt::format("{}.{:016x}.log", console, first); }

Fd open_segment(int dir, const std::string& console, std::uint64_t first, std::uint64_t& size) {
  Fd fd = open_beneath(dir, segment_name(console, first), O_RDONLY);
  struct stat st {};
  if (!fd || fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) return Fd();
  size = std::min({static_cast<std::uint64_t>(st.st_size), kMaxSegment, std::numeric_limits<std::uint64_t>::max() - first});
  return fd;
}

// First offsets in order. Duplicates cannot occur: a name is one file.
std::vector<std::uint64_t> list_segments(int dir, const std::string& console) {
  std::vector<std::uint64_t> firsts;
  const int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = copy >= 0 ? fdopendir(copy) : nullptr;
  if (!stream) return firsts;
  for (std::size_t seen = 0; seen < kMaxEntries * 4 && firsts.size() < kMaxEntries; ++seen) {
    const dirent* entry = readdir(stream);
    if (!entry) break;
    if (const auto first = first_offset(entry->d_name, console)) firsts.push_back(*first);
  }
  closedir(stream);
  std::sort(firsts.begin(), firsts.end());
  return firsts;
}

}  // namespace

ConsoleLog::ConsoleLog(std::filesystem::path dir, std::string console) : dir_(std::move(dir)), console_(std::move(console)) {}

Result<ConsoleLog::Chunk> ConsoleLog::read(std::uint64_t offset, std::size_t max) const {
  Chunk chunk;
  chunk.offset = offset;
  const auto take = [&](int fd, std::uint64_t first, std::uint64_t limit) -> Result<bool> {
    chunk.bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(max, limit)));
    const ssize_t n = pread(fd, chunk.bytes.data(), chunk.bytes.size(), static_cast<off_t>(chunk.offset - first));
    if (n < 0) return fail(system_error(ErrorCode::STORAGE_ERROR, errno, "cannot read the log of console " + console_));
    chunk.bytes.resize(static_cast<std::size_t>(n));
    return n > 0;
  };
  if (max == 0) return chunk;

  // A follower mostly stays within the segment it read last, which ends where the next one begins or where writing goes
  // on. Unlinked while we hold it, it is still what the reader asked for.
  struct stat st {};
  if (open_ && offset >= open_first_ && fstat(open_.get(), &st) == 0) {
    const auto size = std::min(static_cast<std::uint64_t>(st.st_size), kMaxSegment);
    if (offset - open_first_ < size) {
      const auto got = take(open_.get(), open_first_, size - (offset - open_first_));
      if (!got) return fail(got.error());
      if (*got) return chunk;
    }
  }

  auto dir = open_directory(dir_);
  if (!dir) return pass(dir);
  const auto firsts = list_segments(dir->get(), console_);
  // From the last segment that begins at or before the offset; segments without bytes there lead to the next one.
  auto it = std::upper_bound(firsts.begin(), firsts.end(), offset);
  if (it != firsts.begin()) --it;
  for (; it != firsts.end(); ++it) {
    std::uint64_t size = 0;
    Fd fd = open_segment(dir->get(), console_, *it, size);
    if (!fd) continue;
    if (const auto next = it + 1; next != firsts.end()) size = std::min(size, *next - *it);
    chunk.offset = std::max(offset, *it);
    if (chunk.offset - *it >= size) continue;
    const auto got = take(fd.get(), *it, size - (chunk.offset - *it));
    if (!got) return fail(got.error());
    if (!*got) continue;
    open_ = std::move(fd);
    open_first_ = *it;
    return chunk;
  }
  chunk.offset = offset;
  chunk.bytes.clear();
  return chunk;
}

std::uint64_t ConsoleLog::begin() const {
  auto dir = open_directory(dir_);
  if (!dir) return 0;
  for (const auto first : list_segments(dir->get(), console_)) {
    std::uint64_t size = 0;
    if (open_segment(dir->get(), console_, first, size) && size > 0) return first;
  }
  return end();
}

std::uint64_t ConsoleLog::end() const {
  auto dir = open_directory(dir_);
  if (!dir) return 0;
  const auto firsts = list_segments(dir->get(), console_);
  for (auto it = firsts.rbegin(); it != firsts.rend(); ++it) {
    std::uint64_t size = 0;
    if (open_segment(dir->get(), console_, *it, size)) return *it + size;
  }
  return 0;
}

}  // namespace virserver::process
