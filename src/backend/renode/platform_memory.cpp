// Memory of a generated platform: one MappedMemory a region.
#include "backend/renode/platform_writer.hpp"
#include "base/bytes.hpp"

namespace virserver::backend::renode {
namespace {

constexpr std::uint64_t largest = 64ull << 30;     // bytes; address space is reserved at once

std::string_view word(board::MemoryType type) {
  return type == board::MemoryType::flash ? "flash" : type == board::MemoryType::rom ? "rom" : "ram";
}

}  // namespace

void write_memory(PlatformWriter& writer) {
  const std::uint64_t page = writer.processor->page;
  for (std::size_t i = 0; i < writer.node.memory.size(); ++i) {
    const auto& memory = writer.node.memory[i];
    const std::string pointer = fmt::format("/nodes/0/memory/{}", i);
    if (memory.size == 0) continue;
    if (memory.address % page) {
      writer.error(pointer + "/address", fmt::format("Renode maps the memory of a {} at multiples of {:#x}; {} is none", writer.processor->id, page, hex_address(memory.address)));
      continue;
    }
    if (memory.size > largest) {
      writer.error(pointer + "/size", fmt::format("a region of {} bytes is more than the 64 GiB that are given to one", memory.size));
      continue;
    }
    const std::uint64_t size = (memory.size + (page - 1)) / page * page;
    if (size != memory.size)
      writer.add(Severity::approximated, pointer + "/size", fmt::format("Renode's memory of a {} comes in pieces of {} bytes; the region has {} instead of {}", writer.processor->id, page, size, memory.size));
    if (!writer.claim(memory.address, size, pointer, fmt::format("memory {}", memory.name.empty() ? fmt::format("{}", i) : "\"" + memory.name + "\""))) continue;
    const std::string name = writer.name(memory.name.empty() ? word(memory.type) : std::string_view(memory.name));
    writer.line(pointer, "{}: Memory.MappedMemory @ sysbus {:#x}", name, memory.address);
    writer.line(pointer + "/size", "    size: {:#x}", size);
    writer.platform.memory.push_back({memory.name.empty() ? name : memory.name, memory.address, size, memory.write});
  }
}

}  // namespace virserver::backend::renode
