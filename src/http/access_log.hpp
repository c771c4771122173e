// The access log: JSON lines, written by a thread of its own so that no request waits for the disk.
#pragma once
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/fd.hpp"
#include "http/server.hpp"

namespace virserver::http {

void append_record(std::string& out, const Access& access, std::string_view time);

class AccessLog {
 public:
  explicit AccessLog(const std::string& destination);  // a file, "-" or empty; throws when it cannot be opened
  ~AccessLog();                                        // writes what is left
  bool enabled() const { return static_cast<bool>(fd_); }

  // Takes the collected lines (thread-safe). Lines that the disk cannot follow are dropped and counted in the log.
  void write(std::string& lines);

 private:
  void run(std::stop_token stop);

  Fd fd_;
  std::mutex mutex_;
  std::condition_variable_any ready_;
  std::string pending_;
  std::size_t dropped_ = 0;
  std::jthread writer_;
};

}  // namespace virserver::http
