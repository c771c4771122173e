// Register models of a node: what `register_models` means (docs/register-models.md). The library is registers/models/*.yaml, inside the
// binary; a block of its own or `use` of one of these is parsed alike.
#pragma once
#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "board/board.hpp"

namespace virserver::board {

struct BuiltinModel {
  std::string id;                // the file's name: "stm32f4-rcc"
  std::string description;       // what it stands for and what it leaves out, a sentence
  boost::json::object block;     // as a board would write it
};

// Parsed once, sorted by id; a malformed one is a failed start (exception).
const std::vector<BuiltinModel>& builtin_models();

// The blocks of a node that are for this version of a backend ("7.2.22", anything behind it does not matter).
std::vector<registers::Block> models_for(const Node& node, std::string_view backend, std::string_view version);

// Whether the processor has the bit-band alias of the peripherals.
bool has_bit_band(const Processor& processor);

}  // namespace virserver::board
