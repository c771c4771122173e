// What a loop that reads a device register waits for: its code is tried with values that the read might bring. Pure.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "image/disassemble.hpp"

namespace virserver::session {

// The loop is left when the bits of `mask` read as `value`; with `any`, when one bit of `value` is set.
struct Awaited {
  std::uint64_t mask = 0, value = 0;
  bool any = false;

  bool operator==(const Awaited&) const = default;
};

// "until bit 17 is 1"
std::string awaited_text(const Awaited& awaited);

// `loop`: its instructions without gaps; `read`: the address of the load in it; `registers`: of a processor seen inside. Knows
// what compilers make of such loops on Arm, AArch64 and RISC-V; nullopt: not understood, or nothing that is read ends it.
std::optional<Awaited> awaited(std::span<const image::Instruction> loop, std::uint64_t read, const std::map<std::string, std::uint64_t>& registers,
                               Architecture architecture);

}  // namespace virserver::session
