// Two bytes choose the processor, the next 512 are registers and stack, and what follows is an ELF file with call frame
// information.
#include <cstdint>
#include <cstdlib>

#include "image/unwind.hpp"

namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace virserver;
  using namespace virserver::image;
  constexpr std::size_t head = 2, registers = 256, stack = 256;
  if (size < head + registers + stack) return 0;
  const auto bytes = std::as_bytes(std::span(data, size));
  UnwindInput input{.architecture = static_cast<Architecture>(data[0] % (static_cast<int>(Architecture::other) + 1)),
                    .big_endian = (data[1] & 1) != 0, .cortex_m = (data[1] & 2) != 0};
  const auto parsed = DebugInfo::parse(bytes.subspan(head + registers + stack));
  const DebugInfo* const info = parsed ? parsed->get() : nullptr;
  const auto word = [&](std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value |= std::uint64_t{data[head + at + i]} << 8 * i;
    return value;
  };
  input.registers["pc"] = word(0);
  input.registers["psp"] = word(4);
  for (unsigned i = 0; i < 62; ++i)
    if (const auto name = dwarf_register_name(input.architecture, i); !name.empty() && name != "pc")
      input.registers[std::string(name)] = word(8 + 4 * i);
  // The stack is where the stack pointer says, so that something is found there.
  const char* const sp = input.architecture == Architecture::ppc ? "r1" : "sp";
  input.memory = {{.address = input.registers[sp] & ~15ull, .bytes = bytes.subspan(head + registers, stack)},
                  {.address = word(4), .bytes = bytes.subspan(head + registers, stack)}};

  for (const DebugInfo* const with : {info, static_cast<const DebugInfo*>(nullptr)}) {
    const Backtrace trace = unwind(with, input);
    require(!trace.frames.empty() && trace.frames.size() <= 256 && !trace.reason.empty());
    require(trace.need.has_value() == (trace.end == UnwindEnd::need_memory));
    for (const UnwoundFrame& frame : trace.frames)
      require(frame.registers.contains("pc") && (frame.lookup == frame.pc || frame.lookup + 1 == frame.pc));
  }
  return 0;
}
