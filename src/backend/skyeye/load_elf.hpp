// The one file that SkyEye loads: whatever images a board is started with, as one plain ELF.
//
// SkyEye takes one ELF, puts its sections at their virtual addresses instead of the physical ones, a section into one bank
// even if it is longer, and does not survive every file. What it is given here has its bytes where the images say, cut at the
// ends of banks, and nothing else.
#pragma once
#include <cstdint>

#include "backend/backend.hpp"

namespace virserver::backend::skyeye {

// Of the bootloader, or of the first image; the lowest address of one that names none, and of no images the first of memory.
std::uint64_t entry_point(const EnginePlan& plan, std::span<const LoadImage> images);

// 32-bit, of the plan's architecture and byte order. Images lie inside the plan's memory (check_images); later ones win.
Bytes make_elf(const EnginePlan& plan, std::span<const LoadImage> images);

}  // namespace virserver::backend::skyeye
