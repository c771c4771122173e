#include "image/capstone_decoder.hpp"

#include <algorithm>
#include <string_view>

namespace virserver::image {
namespace {

struct Selection {
  cs_arch arch;
  int mode;
};

std::optional<Selection> select(const Code& code, bool thumb) {
  const int order = code.big_endian ? static_cast<int>(CS_MODE_BIG_ENDIAN) : 0;
  switch (code.architecture) {
    case Architecture::arm:
      if (thumb) return Selection{CS_ARCH_ARM, CS_MODE_THUMB | (code.cortex_m ? CS_MODE_MCLASS : 0) | CS_MODE_V8 | order};
      return Selection{CS_ARCH_ARM, CS_MODE_ARM | CS_MODE_V8 | order};
    case Architecture::aarch64: return Selection{CS_ARCH_ARM64, 0};  // its code is always little-endian
    case Architecture::sparc: return Selection{CS_ARCH_SPARC, CS_MODE_BIG_ENDIAN};
    case Architecture::ppc: return Selection{CS_ARCH_PPC, CS_MODE_32 | order};
    case Architecture::mips: return Selection{CS_ARCH_MIPS, CS_MODE_MIPS32 | order};
    case Architecture::x86: return Selection{CS_ARCH_X86, CS_MODE_32};
    case Architecture::x86_64: return Selection{CS_ARCH_X86, CS_MODE_64};
    case Architecture::m68k: return Selection{CS_ARCH_M68K, static_cast<int>(CS_MODE_BIG_ENDIAN) | CS_MODE_M68K_040};
    default: return std::nullopt;
  }
}

bool one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

CapstoneDecoder::CapstoneDecoder(const Code& code, bool thumb) : architecture_(code.architecture) {
  const auto selection = select(code, thumb);
  if (!selection || cs_open(selection->arch, static_cast<cs_mode>(selection->mode), &handle_) != CS_ERR_OK) {
    handle_ = 0;
    return;
  }
  cs_option(handle_, CS_OPT_DETAIL, CS_OPT_ON);
  insn_.reset(cs_malloc(handle_));
}

CapstoneDecoder::~CapstoneDecoder() {
  insn_.reset();
  if (handle_) cs_close(&handle_);
}

std::optional<Instruction> CapstoneDecoder::decode(std::span<const std::byte> bytes, std::uint64_t address) {
  auto* next = reinterpret_cast<const std::uint8_t*>(bytes.data());
  std::size_t left = bytes.size();
  std::uint64_t at = address;
  if (!cs_disasm_iter(handle_, &next, &left, &at, insn_.get())) return std::nullopt;
  if (insn_->size == 0 || insn_->size > bytes.size()) return std::nullopt;
  Instruction instruction{.address = address, .bytes = Bytes(bytes.begin(), bytes.begin() + insn_->size),
                          .mnemonic = insn_->mnemonic, .operands = insn_->op_str};
  if (insn_->detail) find_flow(*insn_, instruction);
  return instruction;
}

void CapstoneDecoder::find_flow(const cs_insn& insn, Instruction& instruction) const {
  switch (architecture_) {
    case Architecture::arm: arm_flow(insn, instruction); break;
    case Architecture::aarch64: arm64_flow(insn, instruction); break;
    default: named_flow(insn, instruction);
  }
}

void CapstoneDecoder::arm_flow(const cs_insn& insn, Instruction& instruction) const {
  const cs_arm& arm = insn.detail->arm;
  const auto operands = std::span(arm.operands, std::min<std::size_t>(arm.op_count, std::size(arm.operands)));
  const bool conditional = arm.cc != ARM_CC_AL && arm.cc != ARM_CC_INVALID;
  const auto is_register = [&](std::size_t i, int reg) {
    return i < operands.size() && operands[i].type == ARM_OP_REG && operands[i].reg == reg;
  };
  const auto has_pc = [&] {
    return std::ranges::any_of(operands, [](const cs_arm_op& op) { return op.type == ARM_OP_REG && op.reg == ARM_REG_PC; });
  };
  switch (insn.id) {
    case ARM_INS_BL: case ARM_INS_BLX: instruction.flow = Flow::call; break;
    case ARM_INS_B: instruction.flow = conditional ? Flow::conditional : Flow::jump; break;
    case ARM_INS_CBZ: case ARM_INS_CBNZ: instruction.flow = Flow::conditional; break;
    case ARM_INS_TBB: case ARM_INS_TBH: instruction.flow = Flow::jump; return;
    case ARM_INS_BX: instruction.flow = is_register(0, ARM_REG_LR) ? Flow::return_ : Flow::jump; break;
    case ARM_INS_BXJ: instruction.flow = Flow::jump; break;
    case ARM_INS_UDF: case ARM_INS_BKPT: case ARM_INS_HLT: instruction.flow = Flow::stop; return;
    case ARM_INS_RFEDA: case ARM_INS_RFEDB: case ARM_INS_RFEIA: case ARM_INS_RFEIB: instruction.flow = Flow::return_; return;
    case ARM_INS_POP: case ARM_INS_LDM: case ARM_INS_LDMDA: case ARM_INS_LDMDB: case ARM_INS_LDMIB:
      if (has_pc()) instruction.flow = Flow::return_;
      return;
    case ARM_INS_LDR:
      // `ldr pc, [sp], #4` is how a function without Thumb pops its return address.
      if (is_register(0, ARM_REG_PC)) {
        const bool pops = operands.size() > 1 && operands[1].type == ARM_OP_MEM && operands[1].mem.base == ARM_REG_SP;
        instruction.flow = pops ? Flow::return_ : Flow::jump;
      }
      return;
    case ARM_INS_MOV: case ARM_INS_SUB: case ARM_INS_ADD:
      if (is_register(0, ARM_REG_PC)) instruction.flow = is_register(1, ARM_REG_LR) ? Flow::return_ : Flow::jump;
      return;
    default: return;
  }
  if (!operands.empty() && operands.back().type == ARM_OP_IMM)
    instruction.target = static_cast<std::uint32_t>(operands.back().imm);
}

void CapstoneDecoder::arm64_flow(const cs_insn& insn, Instruction& instruction) const {
  const cs_arm64& arm = insn.detail->arm64;
  switch (insn.id) {
    case ARM64_INS_BL: case ARM64_INS_BLR: instruction.flow = Flow::call; break;
    case ARM64_INS_B:
      instruction.flow =
          arm.cc == ARM64_CC_INVALID || arm.cc == ARM64_CC_AL || arm.cc == ARM64_CC_NV ? Flow::jump : Flow::conditional;
      break;
    case ARM64_INS_CBZ: case ARM64_INS_CBNZ: case ARM64_INS_TBZ: case ARM64_INS_TBNZ:
      instruction.flow = Flow::conditional;
      break;
    case ARM64_INS_BR: instruction.flow = Flow::jump; break;
    case ARM64_INS_RET: case ARM64_INS_ERET: case ARM64_INS_DRPS: instruction.flow = Flow::return_; return;
    case ARM64_INS_BRK: case ARM64_INS_HLT: instruction.flow = Flow::stop; return;
    default: return;
  }
  if (arm.op_count == 0 || arm.op_count > std::size(arm.operands)) return;
  const cs_arm64_op& last = arm.operands[arm.op_count - 1];
  if (last.type == ARM64_OP_IMM) instruction.target = static_cast<std::uint64_t>(last.imm);
}

// The others say it by their names; the target is the last operand when that is a number.
void CapstoneDecoder::named_flow(const cs_insn& insn, Instruction& instruction) const {
  const std::string_view full = instruction.mnemonic;
  const std::string_view name = full.substr(0, full.find_first_of(",+-."));  // without hints: "bne-", "ba,a"
  bool direct = true;
  switch (architecture_) {
    case Architecture::sparc:
      if (name == "call") instruction.flow = Flow::call;
      else if (one_of(name, {"ret", "retl", "rett", "return"})) instruction.flow = Flow::return_;
      else if (name == "jmpl") instruction.flow = instruction.operands.ends_with("%o7") ? Flow::call : Flow::jump;
      else if (name == "jmp") instruction.flow = Flow::jump;
      else if (one_of(name, {"b", "ba", "fba", "cba"})) instruction.flow = Flow::jump;
      else if (cs_insn_group(handle_, &insn, CS_GRP_JUMP)) instruction.flow = Flow::conditional;
      else return;
      instruction.delay_slots = (name == "b" || name == "ba") && full.ends_with(",a") ? 0 : 1;
      direct = name != "jmp" && name != "jmpl" && name != "rett";
      break;
    case Architecture::ppc:
      if (one_of(name, {"blr", "rfi", "rfci", "rfid", "rfmci", "rfdi"})) instruction.flow = Flow::return_;
      else if (one_of(name, {"bl", "bla", "bctrl", "blrl"})) instruction.flow = Flow::call;
      else if (one_of(name, {"b", "ba", "bctr"})) instruction.flow = Flow::jump;
      else if (one_of(name, {"trap"})) instruction.flow = Flow::stop;
      else if (!name.starts_with('b') || one_of(name, {"bpermd", "brinc"})) return;
      else instruction.flow = name.ends_with("lr") ? Flow::return_ : Flow::conditional;
      break;
    case Architecture::mips:
      if (one_of(name, {"jal", "jalr", "bal", "jalx", "bgezal", "bltzal"})) instruction.flow = Flow::call;
      else if (name == "eret") instruction.flow = Flow::return_;
      else if (name == "jr") instruction.flow = instruction.operands == "$ra" ? Flow::return_ : Flow::jump;
      else if (one_of(name, {"j", "b"})) instruction.flow = Flow::jump;
      else if (one_of(name, {"break", "sdbbp"})) instruction.flow = Flow::stop;
      else if (cs_insn_group(handle_, &insn, CS_GRP_JUMP)) instruction.flow = Flow::conditional;
      else return;
      instruction.delay_slots = name == "eret" || instruction.flow == Flow::stop ? 0 : 1;
      break;
    case Architecture::m68k:
      if (one_of(name, {"jsr", "bsr"})) instruction.flow = Flow::call;
      else if (one_of(name, {"rts", "rte", "rtr", "rtd"})) instruction.flow = Flow::return_;
      else if (one_of(name, {"jmp", "bra"})) instruction.flow = Flow::jump;
      else if (one_of(name, {"illegal"})) instruction.flow = Flow::stop;
      else if (cs_insn_group(handle_, &insn, CS_GRP_JUMP)) instruction.flow = Flow::conditional;
      else return;
      break;
    default:  // x86
      if (one_of(name, {"int3", "ud2", "hlt"})) instruction.flow = Flow::stop;
      else if (cs_insn_group(handle_, &insn, CS_GRP_CALL)) instruction.flow = Flow::call;
      else if (cs_insn_group(handle_, &insn, CS_GRP_RET)) instruction.flow = Flow::return_;
      else if (cs_insn_group(handle_, &insn, CS_GRP_IRET)) instruction.flow = Flow::return_;
      else if (cs_insn_group(handle_, &insn, CS_GRP_JUMP)) instruction.flow = name == "jmp" ? Flow::jump : Flow::conditional;
      else return;
  }
  if (!direct || instruction.flow == Flow::stop || instruction.flow == Flow::return_) return;
  std::string_view last = instruction.operands;
  last = last.substr(last.find_last_of(" ,") + 1);
  if (last.starts_with('$') || last.starts_with('#')) last.remove_prefix(1);
  instruction.target = parse_u64(last);
}

}  // namespace virserver::image
