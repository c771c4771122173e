// Appends one console's bytes to its bounded log segments (the format is in process/console_log.hpp).
// Never blocks on a full disk: old output makes room for new, and what still does not fit is counted as lost.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace virserver::shim {

class LogWriter {
 public:
  // `dir` is an open directory and outlives the writer. Segments of earlier runs stay as far as `bound` allows;
  // any that claim offsets at or after `first` are removed.
  LogWriter(int dir, std::string console, std::uint64_t first, std::uint64_t bound);
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  ~LogWriter();

  void append(const char* data, std::size_t size);
  std::uint64_t end() const { return end_; }
  std::uint64_t lost() const { return lost_; }

 private:
  struct Segment {
    std::uint64_t first;
    std::uint64_t size;
  };
  std::string file_name(std::uint64_t first) const;
  void adopt_existing(std::uint64_t first);
  bool open_segment();
  void close_segment();
  bool drop_oldest();
  void enforce_bound();

  int dir_;
  std::string console_;
  std::uint64_t bound_;
  std::uint64_t capacity_;  // of one segment
  std::uint64_t end_;
  std::uint64_t lost_ = 0;
  int fd_ = -1;                  // the last of segments_, when open
  std::vector<Segment> segments_;  // oldest first
};

}  // namespace virserver::shim
