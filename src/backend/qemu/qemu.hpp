// The QEMU backend.
#pragma once
#include <memory>
#include <vector>

#include "backend/backend.hpp"
#include "backend/qemu/watch_settings.hpp"
#include "process/engine_process.hpp"

namespace virserver::backend {

struct QemuConfig {
  std::vector<std::filesystem::path> search;  // directories with qemu-system-*; empty: PATH
  process::HostConfig host;
  process::SandboxSupport sandbox;
  std::chrono::milliseconds probe_timeout{10'000};
  std::chrono::milliseconds start_timeout{20'000};   // until QMP answers
  std::chrono::milliseconds command_timeout{5'000};  // of pause, resume, reset
  qemu::WatchSettings watch;
};

// discover() and plan() may be called from any thread's coroutine at once; they run on the caller's executor.
// `pool` does the blocking work and must outlive the backend.
std::unique_ptr<Backend> make_qemu(QemuConfig config, asio::thread_pool& pool);

}  // namespace virserver::backend
