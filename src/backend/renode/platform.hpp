// A node of a board as a platform that Renode loads, with the place in the board that every line came from.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "backend/types.hpp"
#include "board/board.hpp"

namespace virserver::backend::renode {

struct PlatformConsole {
  board::Console console;
  std::string path;  // of its UART in Renode: "sysbus.usart2"
};

struct Platform {
  std::string text;                     // a .repl: ASCII, made of fixed words, numbers and checked identifiers only
  std::vector<std::string> pointers;    // of each line of `text`, into the BoardConfig
  std::vector<std::string> processors;  // Renode's names of the cores: "cpu", or "cpu0", "cpu1", ...
  std::vector<PlatformConsole> consoles;
  std::vector<MemoryRegion> memory;     // sorted by address
  std::vector<DeviceRegion> devices;    // sorted by address; name is Renode's, `serial` the index of its console
  std::vector<Finding> findings;        // with one of Severity::error the text is not to be used
  bool big_endian = false;

  bool usable() const;
};

// Pure: nothing is asked of Renode. Checked here, with a finding at its place: unknown processors and models, kinds and
// ranges of properties, alignment and overlaps (the models' register blocks included), interrupts without a controller or
// beyond its inputs. What Renode has no model of is left out, with Severity::missing.
Platform generate_platform(const board::Board& board);

// What Renode said about a platform ("Error E39: ... At FILE:LINE:COL: ...") as a finding at the user's place. `pointers` as in
// Platform; empty for a platform that the user wrote, whose line and column are then in the message.
Finding explain_platform_error(std::string_view said, const std::vector<std::string>& pointers);

}  // namespace virserver::backend::renode
