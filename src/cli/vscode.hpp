// What VS Code needs to debug a session's board: launch configurations and the tasks they rest on. Pure functions.
//
// Cortex-M: the cortex-debug extension with `servertype: external`, which sends `monitor reset halt` on launch and
// `monitor halt` on attach. Every other processor: the C/C++ extension (`cppdbg`) with gdb.
#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/failure.hpp"

namespace virserver::cli {

struct VscodeSetup {
  std::string session_id, session_name;
  std::string server;        // URL of virserver
  std::string program;       // the ELF file, absolute or with ${workspaceFolder}
  std::string svd;           // register descriptions for cortex-debug; may be empty
  std::string gdb;           // the debugger's executable
  std::string virctl;        // this program, as the tasks call it
  std::string device;        // shown by cortex-debug
  bool cortex_m = false;
  std::uint16_t port = 0;    // on 127.0.0.1 of the machine that runs VS Code
  bool tunnel = false;       // a task keeps `virctl gdb ID --listen 127.0.0.1:port` running
};

// "VirServer: NAME" (resets the board and runs to main) and "VirServer: attach to NAME" (as it is).
boost::json::array launch_configurations(const VscodeSetup& setup);
// Powering on, uploading and, with a tunnel, the tunnel.
boost::json::array tasks(const VscodeSetup& setup);

// `existing` (the text of launch.json or tasks.json, empty for a new file) with `items` put into its array `member`; an
// item takes the place of the one that has the same `key`. Comments would be lost, so a file that has any is refused.
Outcome<std::string> merged(std::string_view existing, std::string_view version, std::string_view member,
                            std::string_view key, const boost::json::array& items);

}  // namespace virserver::cli
