// The Renode backend.
#pragma once
#include <memory>

#include "backend/backend.hpp"
#include "process/engine_process.hpp"

namespace virserver::backend {

struct RenodeConfig {
  std::filesystem::path launcher;  // empty: `renode` in PATH
  std::filesystem::path cache;     // where what an installation said is kept; made if missing
  std::filesystem::path work;      // this server's alone, and the sandbox's user can reach it: made anew for what asks Renode
  process::HostConfig host;
  process::SandboxSupport sandbox;
  // Renode's servers listen on every interface. Without a network namespace around it whoever reaches the host reaches them.
  bool allow_unsandboxed_tcp = false;
  bool own_platforms = false;  // boards may bring a platform description, code in it included
  bool own_models = false;     // and models in C#
  std::chrono::milliseconds probe_timeout{60'000};
  std::chrono::milliseconds start_timeout{60'000};    // until it answers, and for each step of the start
  std::chrono::milliseconds command_timeout{10'000};  // of pause, resume, reset
};

// discover() and plan() may be called from any thread's coroutine at once; they run on the caller's executor.
// `pool` does the blocking work and must outlive the backend.
std::unique_ptr<Backend> make_renode(RenodeConfig config, asio::thread_pool& pool);

}  // namespace virserver::backend
