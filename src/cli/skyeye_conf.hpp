// What a skyeye.conf sets up, as far as a board can say it. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/imported.hpp"

namespace virserver::cli {

struct SkyEyeBank {
  enum class Kind { memory, flash, registers } kind = Kind::memory;
  bool writable = true;
  std::uint64_t address = 0, size = 0;
};
struct SkyEyeConf {
  std::string cpu, mach;              // mach is empty where the file names none
  std::vector<SkyEyeBank> banks;      // as they stand in the file, without those that it repeats
  unsigned uarts = 0;                 // its lines `uart:`
  std::vector<ImportedProgram> programs;
  std::vector<IgnoredLine> ignored;   // every line that means something and that was not taken
};
// Never fails: what is not understood is in `ignored`. Bounds: max_import_lines, max_import_line.
SkyEyeConf read_skyeye_conf(std::string_view text);

// The board as a YAML document.
std::string board_yaml(const SkyEyeConf& conf);

}  // namespace virserver::cli
