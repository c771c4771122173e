// What a Renode script (.resc) sets up, as far as a board can say it. Pure; nothing of the script is executed.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace virserver::cli {

struct RescProgram {
  std::string file;     // as the script names it, without @
  std::string format;   // elf, hex, bin
  std::string address;  // of a bin; may be empty
};
struct RescIgnored {
  int line = 0;
  std::string text, reason;
};
struct Resc {
  std::string name, description;
  std::string platform;                // "boards/stm32f4_discovery"; empty: the script loads none that Renode ships
  std::string platform_file;           // a description of its own that it loads: "my.repl", without @ and $ORIGIN/; empty: none
  std::vector<RescProgram> programs;
  std::vector<std::string> terminals;  // UARTs, without "sysbus.": "usart2"
  std::vector<RescIgnored> ignored;    // every line that means something and that was not taken
};
// Never fails: what is not understood is in `ignored`. Lines beyond 64 KiB or 10,000 lines are ignored as one.
Resc read_resc(std::string_view text);

// The board as a YAML document, on resc.platform or, if that is empty, on the platform of `platform_text` (a .repl's content).
std::string board_yaml(const Resc& resc, std::string_view platform_text = {});

}  // namespace virserver::cli
