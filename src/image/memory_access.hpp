// What an instruction does with memory, so that somebody else can do it in its place: which registers give the address, what
// is moved, what is written back. For loads and stores of integer registers of Thumb, A32, A64, RV32 and RV64 with A and C.
//
// Pure. Decoding looks only at the bytes, so that its result can be kept by address; `resolve` adds the registers' values.
// It is for an instruction whose access has been seen to happen: a condition (A32, IT block) is taken as passed.
// Sources: Arm Architecture Reference Manuals (ARMv7-M, ARMv8-M, ARMv7-A, ARMv8-A), the RISC-V Instruction Set Manual.
#pragma once
#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "image/disassemble.hpp"

namespace virserver::image {

// Registers have the numbers of gdb: Arm r0..r15, AArch64 x0..x30 and 31 for sp, RISC-V x0..x31.
using RegisterNumber = std::uint8_t;
inline constexpr RegisterNumber kNoRegister = 0xff;  // reads as zero, keeps nothing: xzr, x0

struct MemoryAccess {
  enum class Kind {
    load,    // each of `registers` from memory
    store,   // each of `registers` to memory
    modify,  // one atomic instruction: loads into the only register, stores `operation` of that and `operand`
  };
  enum class Extend { none, lsr, asr, ror, rrx, unsigned_word, signed_word };  // of `index`, before `shift` (lsl) for the last two
  enum class Operation { replace, add, clear, exclusive_or, set, bit_and, minimum, maximum, unsigned_minimum, unsigned_maximum,
                         compare };  // store `operand` if memory is as the register was

  Kind kind = Kind::load;
  std::uint8_t length = 0;         // of the instruction, in bytes
  std::uint8_t size = 0;           // of one transfer: 1, 2, 4, 8
  std::uint8_t register_size = 4;  // 4 or 8: what a load fills
  bool sign_extend = false;        // a load, from `size` to `register_size`; else with zeros
  bool exclusive = false;          // the processor watches the address afterwards: LDREX, LDXR, LR
  RegisterNumber count = 0;
  std::array<RegisterNumber, 16> registers{};  // the first `count`, at ascending addresses, `size` apart

  Operation operation = Operation::replace;
  RegisterNumber operand = kNoRegister;
  RegisterNumber status = kNoRegister;  // set to 0, success, by a conditional store: STREX, STXR, SC

  // address = base + offset + index; base = base + write_back_offset + index afterwards.
  RegisterNumber base = kNoRegister;
  bool base_is_pc = false;  // base is what the program counter reads as
  std::int64_t offset = 0;
  RegisterNumber index = kNoRegister;
  Extend extend = Extend::none;
  std::uint8_t shift = 0;
  bool index_subtracts = false;
  bool index_in_address = true;  // not of post-indexed forms
  bool write_back = false;
  std::int64_t write_back_offset = 0;

  std::span<const RegisterNumber> transferred() const { return {registers.data(), count}; }
};

// The instruction at the front of code.bytes (2 to 4 bytes are looked at), as Thumb when code.thumb or code.cortex_m says so.
// The error says in words why it cannot be done: it is no load or store, moves vector registers or the program counter, ...
std::expected<MemoryAccess, std::string> decode_memory_access(const Code& code);

struct Transfer {
  std::uint64_t address = 0;
  std::uint8_t size = 0;
  bool load = false, store = false;           // both for Kind::modify
  RegisterNumber reg = kNoRegister;           // that a load fills
  std::uint64_t value = 0;                    // that a store writes, already of `size`; not of Kind::modify
};
struct RegisterWrite {
  RegisterNumber reg = kNoRegister;
  std::uint64_t value = 0;
};
struct ResolvedAccess {
  std::vector<Transfer> transfers;  // at least one
  // Written in this order after the transfers: base write-back, then the status of a conditional store.
  std::vector<RegisterWrite> writes;
};

// `value_of` is asked for register values (not for kNoRegister). `carry`: Arm's C flag, for rrx.
ResolvedAccess resolve(const MemoryAccess& access, const Code& code,
                       const std::function<std::uint64_t(RegisterNumber)>& value_of, bool carry = false);

// What a load puts into its register when memory holds `value` (of access.size bytes).
std::uint64_t loaded(const MemoryAccess& access, std::uint64_t value);
// What Kind::modify leaves in memory that held `old`. `operand` and `compared` are the values of access.operand and of the
// register, before the instruction.
std::uint64_t modified(const MemoryAccess& access, std::uint64_t old, std::uint64_t operand, std::uint64_t compared);

// Arm: the status register (xPSR, CPSR) with its IT bits one instruction further.
std::uint32_t after_it_instruction(std::uint32_t status);

}  // namespace virserver::image
