// What an image tells about the board it was built for, besides its addresses: attributes, symbol names, texts.
//
// Untrusted input, blocking, pure. Damage costs a hint, never an error.
#pragma once
#include <optional>
#include <set>
#include <span>
#include <string>

#include "image/image.hpp"

namespace virserver::image {

struct Hints {
  std::optional<unsigned> arm_architecture;  // Tag_CPU_arch of the Arm build attributes: 10 is v7, 13 v7E-M, 17 v8-M.main
  std::string arm_processor;                 // Tag_CPU_name as written: "Cortex-M4", "7E-M"
  // Words with a digit, of 4 to 32 letters and digits in lower case, of file names, symbols and texts: "stm32f4xx",
  // "nrf51822". At most 4096.
  std::set<std::string> words;
  // X of every function X_IRQHandler, in upper case; at most 512.
  std::set<std::string> handlers;
};

// `content` is the file that `image` was read from. Looks at the first 8 MiB of loaded bytes and 200,000 symbols.
Hints read_hints(std::span<const std::byte> content, const Image& image);

}  // namespace virserver::image
