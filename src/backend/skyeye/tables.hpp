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

// Registers that SkyEye models on a machine.
struct Device {
  std::string_view name;   // the chip's: "DBGU"
  std::string_view model;  // "at91-dbgu"
  std::string_view kind;   // uart, timer, ... as in boards
  std::uint64_t address, size;
};

// A value of `mach:`.
struct Mach {
  std::string_view name;          // "at91"
  std::string_view description;
  std::string_view arch;          // of `arch:`
  Architecture architecture;
  std::string_view default_cpu;   // of the chip; empty where `cpu:` is not taken
  std::uint64_t io_address, io_size;  // the register window, a bank of `map=I`
  std::span<const Device> devices;    // the machine's own, as its source has them; empty: not known
  // So many of `devices`, from the first one on, are UARTs whose bytes SkyEye passes on: each has its line `uart:`, in this order.
  unsigned uarts;
  // These UARTs forget a byte that the program has not taken when the next one comes: SkyEye works so long between two. 0: they wait.
  unsigned input_gap_ms;
  bool tried = false;             // a program of ours has printed and read on it
  std::span<const Device> consoles() const { return devices.first(uarts); }
};
std::span<const Mach> machs();
const Mach* find_mach(std::string_view name);

}  // namespace virserver::backend::skyeye
