// A short-lived emulator run outside any session, to be asked about itself. No guest code runs in it.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/asio.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"

namespace virserver::backend {

// Where it runs and what its environment has besides PATH, LC_ALL and HOME.
struct ProbeSettings {
  std::string directory = "/";
  std::string home = "/nonexistent";
  std::vector<std::string> environment = {};  // "NAME=value"
};

// Starts argv (argv[0] a path or in PATH; no shell, clean environment, own process group). Standard input and output are one end
// of a socketpair, standard error a pipe that is drained and kept up to 16 KiB. Belongs to one executor; await end().
class ProbeProcess {
 public:
  // `file`, unless empty, is what the process reads at file_path. Error: ENGINE_START_FAILED.
  static constexpr const char* file_path = "/proc/self/fd/3";
  static Result<std::unique_ptr<ProbeProcess>> start(asio::any_io_executor executor, const std::vector<std::string>& argv, const Bytes& file = {},
                                                     const ProbeSettings& settings = {});
  ~ProbeProcess();

  Fd take_io() { return std::move(io_); }  // the other end of its standard input and output
  pid_t pid() const { return pid_; }
  const std::string& errors() const { return *errors_; }

  // Waits for the exit, kills it when `patience` is over, reaps it. True: it ended by itself with status 0.
  Task<bool> end(std::chrono::milliseconds patience);

 private:
  ProbeProcess(asio::any_io_executor executor, pid_t pid, Fd io, Fd errors);
  asio::any_io_executor executor_;
  pid_t pid_;
  Fd io_;
  asio::posix::stream_descriptor exit_;
  std::shared_ptr<std::string> errors_ = std::make_shared<std::string>();
};

// Runs to the end and returns standard output (at most `max_output` bytes). Errors: ENGINE_START_FAILED, ENGINE_TIMEOUT.
Task<Result<std::string>> run_text(std::vector<std::string> argv, std::chrono::milliseconds timeout, std::size_t max_output = 1u << 20,
                                   ProbeSettings settings = {});

}  // namespace virserver::backend
