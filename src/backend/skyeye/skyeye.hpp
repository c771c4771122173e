// The SkyEye backend.
#pragma once
#include <memory>

#include "backend/backend.hpp"
#include "process/engine_process.hpp"

namespace virserver::backend {

struct SkyEyeConfig {
  std::filesystem::path launcher;  // empty: `skyeye` in PATH
  process::HostConfig host;
  process::SandboxSupport sandbox;
  // SkyEye's debug stub listens on every interface, on one port for all. It is started in a network namespace only.
  std::chrono::milliseconds probe_timeout{10'000};
  std::chrono::milliseconds start_timeout{30'000};    // until its command line answers and the board is made
  std::chrono::milliseconds command_timeout{10'000};  // of pause, resume
};

// discover() and plan() may be called from any thread's coroutine at once; they run on the caller's executor.
// `pool` does the blocking work and must outlive the backend.
std::unique_ptr<Backend> make_skyeye(SkyEyeConfig config, asio::thread_pool& pool);

}  // namespace virserver::backend
