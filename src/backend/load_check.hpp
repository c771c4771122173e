// Can these images run on this plan? Asked before anything is started.
#pragma once
#include <span>

#include "backend/backend.hpp"

namespace virserver::backend {

// Errors: IMAGE_WRONG_ARCHITECTURE, IMAGE_OUTSIDE_MEMORY (details: address, size, memory), IMAGE_OVERLAP (between
// images), IMAGE_BAD_VECTOR_TABLE (Cortex-M: the table at the reset address must hold a stack pointer in RAM and a
// Thumb reset vector inside loaded bytes or flash).
Result<void> check_images(const EnginePlan& plan, std::span<const LoadImage> images);

// Cortex-M: where the processor finds its stack pointer and first address at a reset. The board's word; on a backend that
// can be told (data.vector_table_from_image), the symbol or else the first bytes of the image that starts; without images
// the beginning of flash.
std::uint64_t vector_table(const EnginePlan& plan, std::span<const LoadImage> images = {});

// The image that the processor starts in: the bootloader, else the application, else the first. There must be one.
const LoadImage& starting_image(std::span<const LoadImage> images);

// What is wrong with one image whatever others are loaded beside it: the vector table may be in another.
Result<void> check_one_of_several(const EnginePlan& plan, const LoadImage& image);

// The same as check_images, every problem instead of the first.
std::vector<Error> image_problems(const EnginePlan& plan, std::span<const LoadImage> images);

// Where a raw binary goes when the user names no address: the lowest loadable region. Error: IMAGE_ADDRESS_REQUIRED.
Result<std::uint64_t> default_load_address(const EnginePlan& plan);

}  // namespace virserver::backend
