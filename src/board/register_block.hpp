// One register block of a BoardConfig. Internal to the folder.
#pragma once
#include "board/reader.hpp"
#include "registers/model.hpp"

namespace virserver::board {

// Also of a built-in model that an entry uses; then `value` has the entry's `block`, `base` and `irq` in it. Address, size, offsets and
// interrupt number that are not written come from the node's peripheral of the same name and from the chip's table of names.
// Whatever check() of registers/check.hpp finds is among the problems.
registers::Block parse_register_block(Problems& problems, const std::string& pointer, const boost::json::value& value, const Node& node);

}  // namespace virserver::board
