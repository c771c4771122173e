// What a Renode script (.resc) sets up, as far as a board can say it. Pure; nothing of the script is executed.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/imported.hpp"

namespace virserver::cli {

struct Resc {
  std::string name, description;
  std::string platform;                // "boards/stm32f4_discovery"; empty: the script loads none that Renode ships
  std::string platform_file;           // a description of its own that it loads: "my.repl", without @ and $ORIGIN/; empty: none
  std::vector<ImportedProgram> programs;
  std::vector<std::string> terminals;  // UARTs, without "sysbus.": "usart2"
  std::vector<IgnoredLine> ignored;    // every line that means something and that was not taken
};
// Never fails: what is not understood is in `ignored`. Lines beyond 64 KiB or 10,000 lines are ignored as one.
Resc read_resc(std::string_view text);

// The board as a YAML document, on resc.platform or, if that is empty, on the platform of `platform_text` (a .repl's content).
std::string board_yaml(const Resc& resc, std::string_view platform_text = {});

}  // namespace virserver::cli
