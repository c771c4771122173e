// The processors a board can name, with the spellings that mean them.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/architecture.hpp"

namespace virserver::board {

struct ProcessorType {
  std::string_view id;      // canonical: "cortex-m4"
  std::string_view name;    // "ARM Cortex-M4"
  std::string_view vendor;  // "Arm"
  Architecture architecture;
  char profile;             // Arm: 'A', 'R', 'M', 'C' (classic); else 0
  std::string_view aliases; // further spellings, separated by spaces
};

std::span<const ProcessorType> processor_types();

// Upper and lower case, spaces, dashes and underscores do not matter; nor does the vendor's name in front.
// ISA strings such as "rv32imac" mean rv32 or rv64. Null: unknown.
const ProcessorType* find_processor(std::string_view spelling);
std::vector<std::string> nearest_processors(std::string_view spelling);

}  // namespace virserver::board
