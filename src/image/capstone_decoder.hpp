// Inside the image library: capstone as one decoder for a run of code.
#pragma once
#include <capstone/capstone.h>

#include <memory>
#include <optional>

#include "image/disassemble.hpp"

namespace virserver::image {

class CapstoneDecoder {
 public:
  // `thumb` decides for Arm. Check with `usable` afterwards: capstone may lack the architecture.
  CapstoneDecoder(const Code& code, bool thumb);
  ~CapstoneDecoder();
  CapstoneDecoder(const CapstoneDecoder&) = delete;
  CapstoneDecoder& operator=(const CapstoneDecoder&) = delete;

  bool usable() const { return handle_ != 0; }
  // The instruction at the front of `bytes`; nothing where there is none.
  std::optional<Instruction> decode(std::span<const std::byte> bytes, std::uint64_t address);

 private:
  void find_flow(const cs_insn& insn, Instruction& instruction) const;
  void arm_flow(const cs_insn& insn, Instruction& instruction) const;
  void arm64_flow(const cs_insn& insn, Instruction& instruction) const;
  void named_flow(const cs_insn& insn, Instruction& instruction) const;

  struct Free {
    void operator()(cs_insn* insn) const { cs_free(insn, 1); }
  };
  Architecture architecture_;
  csh handle_ = 0;
  std::unique_ptr<cs_insn, Free> insn_;
};

}  // namespace virserver::image
