// What every session needs from its server. Made once, outlives all sessions.
#pragma once
#include <filesystem>
#include <string>

#include "base/asio.hpp"
#include "session/backends.hpp"
#include "session/content_lock.hpp"
#include "session/event_log.hpp"
#include "store/store.hpp"

namespace virserver::session {

struct Settings {
  std::filesystem::path data;               // sessions/<id>/{engines/<n>,consoles} are below
  std::string host_id;                      // of this data directory
  std::size_t max_sessions = 1024;
  std::size_t prestarted_sandboxes = 16;    // sessions that keep a sandbox waiting for their power-on
  std::uint64_t max_image_bytes = 256u << 20;
  bool private_server = false;              // sessions end with the server
};

struct Services {
  asio::thread_pool& pool;  // blocking work: disk, image parsing
  store::Sessions& sessions;
  store::Programs& programs;
  store::Blobs& blobs;
  EventLog& events;
  Backends& backends;
  Settings settings;
  std::shared_ptr<ContentLock> content_lock = std::make_shared<ContentLock>();
};

}  // namespace virserver::session
