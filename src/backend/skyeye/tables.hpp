// What is known of SkyEye's processors and machines beside what it tells itself, which is only their names.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/architecture.hpp"

namespace virserver::backend::skyeye {

// A value of `cpu:` for `arch: arm`; the other architectures take none.
struct Cpu {
  std::string_view name;       // "arm7tdmi"
  std::string_view processor;  // BoardConfig's: "arm7tdmi"
};
std::span<const Cpu> arm_cpus();
// By BoardConfig's name of the processor or SkyEye's own; null: SkyEye does not have it.
const Cpu* find_cpu(std::string_view name);

// A value of `mach:`.
struct Mach {
  std::string_view name;          // "at91"
  std::string_view description;
  std::string_view arch;          // of `arch:`
  Architecture architecture;
  std::string_view default_cpu;   // of the chip; empty where `cpu:` is not taken
  std::uint64_t io_address, io_size;      // the register window, a bank of `map=I`
  std::uint64_t uart_address;     // of the UART whose bytes SkyEye passes on; 0: not known
  std::string_view uart_model;
  bool tried = false;             // a program of ours has printed and read on it
};
std::span<const Mach> machs();
const Mach* find_mach(std::string_view name);

}  // namespace virserver::backend::skyeye
