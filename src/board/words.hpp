// The words of a board description and the spellings that mean them; case never matters.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "board/board.hpp"

namespace virserver::board {

struct Word {
  std::string_view canonical;
  std::string_view aliases;  // separated by spaces, lower case, without spaces, dashes and underscores
};

std::span<const Word> peripheral_words();  // uart <- UART, USART, serial, ...
std::span<const Word> memory_words();      // flash, ram, rom
std::span<const Word> backend_words();     // auto, qemu, renode, skyeye

// Empty: no such word.
std::string_view find_word(std::span<const Word> words, std::string_view spelling);
std::vector<std::string> word_list(std::span<const Word> words);

// "RX", "rw", "R", "read-only", ...: false if it is none of them.
bool parse_access(std::string_view text, Memory& memory);
std::string access_text(const Memory& memory);

std::string lower(std::string_view text);

}  // namespace virserver::board
