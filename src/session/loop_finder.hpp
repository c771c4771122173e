// The loop a processor sits in, from where it was seen and the program's code. Pure.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "backend/processor_sample.hpp"
#include "backend/types.hpp"
#include "image/debug_info.hpp"
#include "session/loop_exit.hpp"

namespace virserver::session {

// The program as it was loaded.
struct ProgramCode {
  std::shared_ptr<const image::DebugInfo> debug;                        // null: not an ELF file
  std::function<Bytes(std::uint64_t address, std::size_t size)> bytes;  // fewer or none where it has no more
};

struct LoopInstruction {
  std::uint64_t address = 0;
  std::string text;
  unsigned samples = 0;  // seen here
};

// An address that the loop reads and that is no memory.
struct LoopRead {
  std::uint64_t address = 0;
  std::uint64_t instruction = 0;
  std::optional<Awaited> awaited;  // nothing: not understood
};

struct Loop {
  std::uint64_t begin = 0, end = 0;  // [begin, end)
  std::string function;              // empty when not known
  std::string file;
  unsigned first_line = 0, last_line = 0;  // 0: not known
  std::vector<LoopInstruction> instructions;
  std::vector<LoopRead> reads;
};

struct SeenAt {
  std::uint64_t pc = 0;
  unsigned samples = 0;
  std::string text;  // "rcc_wait.c:26 in wait_for_crystal", or the address
};

struct ProcessorState {
  unsigned index = 0;
  std::vector<SeenAt> seen;   // most often first, at most 8
  bool waits = false;         // mostly seen at an instruction that waits for an interrupt: idle, not busy
  std::optional<Loop> loop;
};

// "rcc_wait.c:26 in wait_for_crystal"; empty when no program tells.
std::string place_of(std::uint64_t pc, std::span<const ProgramCode> programs);

// By processor. `programs` are searched in order.
std::vector<ProcessorState> processor_states(std::span<const backend::ProcessorSample> samples, std::span<const ProgramCode> programs,
                                             const backend::EnginePlan& plan);

// The address that an instruction reads, from its text and the registers: "ldr r2, [r3, #0x800]", "lw a5, 8(a4)".
std::optional<std::uint64_t> read_address(std::string_view mnemonic, std::string_view operands, const std::map<std::string, std::uint64_t>& registers);

}  // namespace virserver::session
