// A virserver of virctl's own, for as long as it lives.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/asio.hpp"
#include "base/fd.hpp"
#include "cli/failure.hpp"

namespace virserver::cli {

class PrivateServer {
 public:
  // Starts the virserver beside this program or in PATH with an empty data directory and waits until it listens.
  // It ends when this process does, however that happens: its standard input closes.
  static Task<Outcome<std::unique_ptr<PrivateServer>>> start();
  ~PrivateServer();  // ends the server (at most ten seconds, then by force) and removes its directory

  const std::string& url() const { return url_; }
  // The end of the server's log, for the report when it fails.
  std::string last_log_lines() const;

 private:
  PrivateServer() = default;
  Outcome<> spawn(const std::string& program, Fd& output);

  std::filesystem::path directory_;
  Fd input_;
  pid_t pid_ = -1;
  std::string url_;
};

// The program to start: "" when there is none. `self`: this program's own path.
std::string find_virserver(const std::filesystem::path& self, const char* path_variable);

}  // namespace virserver::cli
