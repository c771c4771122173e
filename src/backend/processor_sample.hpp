// Where a processor was at one moment, without stopping it.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace virserver::backend {

struct ProcessorSample {
  unsigned index = 0;
  std::optional<std::uint64_t> pc;
  // Whole registers by lower-case name: "r3", "x10", "a0" and "x10" for the same of RISC-V, "sp", "lr", "pc".
  std::map<std::string, std::uint64_t> registers;
};

}  // namespace virserver::backend
