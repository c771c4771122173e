// Boards of the library that could run an image, judged by the image and the boards' descriptions alone: nothing is
// asked of an emulator. Pure.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "board/templates.hpp"
#include "image/hints.hpp"

namespace virserver::backend {

struct Proposal {
  const board::Template* board = nullptr;
  int score = 0;                     // larger is better; compares proposals for one image only
  std::vector<std::string> reasons;  // what speaks for it, weightiest first
};

// Only boards of one node whose processor can execute the image's code and whose memory holds all of its bytes (and, on
// Cortex-M, whose vector table would point to RAM and code). Best first; equals by id. `boards` must outlive the result.
void sort_proposals(std::vector<Proposal>& proposals);
std::vector<Proposal> propose(std::span<const board::Template* const> boards, const image::Image& image, const image::Hints& hints);

}  // namespace virserver::backend
