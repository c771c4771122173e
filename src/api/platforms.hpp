// Machines and platforms that the installed emulators have by name, "renode:stm32f4_discovery". Those of Renode are boards wherever
// the id of a template is taken: what they have is asked of Renode, nothing of it is kept here.
#pragma once
#include <optional>

#include "board/templates.hpp"
#include "session/backends.hpp"

namespace virserver::api {

struct Platform {
  std::string id;       // "renode:stm32f4_discovery"; with its folder where two have the name: "renode:cpus/leon3"
  std::string backend;
  bool board = false;   // may be used as a board
  backend::PlatformInfo info;
};
std::vector<Platform> all_platforms(const session::Backends& backends);  // by id

inline bool is_platform_id(std::string_view id) { return id.starts_with("renode:"); }
// Each platform that is a board, as a template, by id.
std::vector<board::Template> platform_boards(const session::Backends& backends);

// Also takes "renode:boards/stm32f4_discovery". Nothing: there is no such platform, or the backend has not answered yet.
std::optional<board::Template> platform_board(const session::Backends& backends, std::string_view id);

}  // namespace virserver::api
