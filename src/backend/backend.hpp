// The port every emulator implements.
#pragma once
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/engine.hpp"
#include "backend/types.hpp"
#include "image/image.hpp"

namespace virserver::backend {

// An image as a power-on or program start loads it.
struct LoadImage {
  std::string name;          // for messages
  std::string role;          // "application", "bootloader", ...
  const image::Image* image = nullptr;
};

struct LaunchSpec {
  std::filesystem::path engine_dir, console_dir;
  std::vector<LoadImage> images;
  std::vector<std::pair<std::string, std::uint64_t>> console_offsets;  // name ("emulator" too) -> first offset
  bool start_paused = false;
  bool deterministic = false;  // nothing but the guest and what is done to it decides what it does
  std::vector<std::string> arguments;  // semihosting command line
  process::Limits limits;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;

  // Asks the installed tools; slow (seconds), safe to call again. Results are kept by the caller.
  virtual Task<BackendInfo> discover() = 0;

  // Plans a board of one node. A plan with a finding of Severity::error is not returned: the error BOARD_UNPLANNABLE
  // or BACKEND_ABSENT carries all findings in details.findings.
  virtual Task<Result<EnginePlan>> plan(const board::Board& board) = 0;

  // Starts sandbox and shim ahead of power-on; `launch` uses it. Optional: launch makes its own when given null.
  virtual Task<Result<std::unique_ptr<process::EngineProcess>>> prepare(asio::any_io_executor executor, const EnginePlan& plan,
                                                                        process::PrepareSpec spec) = 0;

  // Completes when the guest runs (or stands paused, if asked). On error nothing is left running.
  virtual Task<Result<std::unique_ptr<Engine>>> launch(asio::any_io_executor executor, const EnginePlan& plan, LaunchSpec spec,
                                                       std::unique_ptr<process::EngineProcess> prepared) = 0;

  // Takes over an engine that survived the server. Error NOT_FOUND: it has ended; `ended` then tells how.
  virtual Task<Result<std::unique_ptr<Engine>>> adopt(asio::any_io_executor executor, const EnginePlan& plan,
                                                      std::filesystem::path engine_dir, std::filesystem::path console_dir) = 0;
  virtual ExitReport ended(const EnginePlan& plan, const std::filesystem::path& engine_dir,
                           const std::filesystem::path& console_dir) = 0;
};

}  // namespace virserver::backend
