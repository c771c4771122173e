// Uploading an image, with its progress shown.
#pragma once
#include <string>

#include "cli/client.hpp"

namespace virserver::cli {

struct Upload {
  std::string session_id, file;
  std::string name = {}, type = {}, role = {}, load_address = {};  // empty: the server's default
  bool start = false;
};

// Yields the Program as the server answered.
Task<Outcome<Answer>> upload(Client& client, Upload what);

}  // namespace virserver::cli
