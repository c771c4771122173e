// Inside the image library: DWARF expressions as call frame information uses them (DWARF 5, 2.5).
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

namespace virserver::image {

struct ExpressionContext {
  unsigned word = 4;
  bool big_endian = false;
  std::function<std::optional<std::uint64_t>(unsigned number)> reg;                         // by DWARF number
  std::function<std::optional<std::uint64_t>(std::uint64_t address, unsigned size)> memory;
};

// The value on top of the stack at the end. Nothing where a register or memory is missing, or for operations that have no
// meaning here. Takes at most 10,000 steps.
std::optional<std::uint64_t> evaluate(std::span<const std::byte> expression, const ExpressionContext& context,
                                      std::optional<std::uint64_t> initial);

}  // namespace virserver::image
