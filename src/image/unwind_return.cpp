// What a return address means: a place in the caller, the end, or an exception of Cortex-M.
#include "image/disassemble.hpp"
#include "image/unwinder.hpp"

namespace virserver::image {

std::uint64_t Unwinder::return_address(std::uint64_t value) const {
  switch (input_.architecture) {
    case Architecture::arm: case Architecture::riscv32: case Architecture::riscv64: case Architecture::mips:
      return mask(value & ~1ull);
    case Architecture::aarch64:
      // Signed ones (pointer authentication) have a code in the bits that no address uses.
      return value & (1ull << 55) ? value | 0xffff000000000000 : value & 0x0000ffffffffffff;
    default: return mask(value + arch_.return_offset);
  }
}

bool Unwinder::is_exception_return(std::uint64_t value) const {
  return input_.cortex_m && input_.architecture == Architecture::arm && (value & 0xff000000) == 0xff000000 && value != 0xffffffff;
}

Unwinder::Caller Unwinder::returned(State caller, std::uint64_t value, bool signal_frame) {
  if (is_exception_return(value)) return exception_frame(std::move(caller), value);
  if (mask(value) == 0 || mask(value) == mask(~0ull))
    return end(UnwindEnd::outermost, "the outermost function: nothing called it");
  caller.pc = return_address(value);
  caller.exact = signal_frame;
  // A call of what never returns may be the last instruction of all: what counts is where the call is.
  if (!is_code(caller.lookup()))
    return end(UnwindEnd::bad_caller, fmt::format("the return address {} is no code of this program", hex_address(caller.pc)));
  if (!signal_frame && !follows_call(caller.pc))
    return end(UnwindEnd::outermost, fmt::format("the outermost function: it would go on at {}", info_->describe(caller.pc)));
  return caller;
}

// An operating system starts a task with a return address that no call left there: the start of a function.
bool Unwinder::follows_call(std::uint64_t address) const {
  if (!info_ || input_.architecture == Architecture::x86 || input_.architecture == Architecture::x86_64) return true;
  const auto symbol = info_->symbol_at(address);
  if (!symbol || symbol->offset != 0 || symbol->symbol.kind != SymbolKind::function) return true;
  for (const std::uint64_t back : {std::uint64_t{4}, std::uint64_t{2}, std::uint64_t{8}}) {
    if (address < back || (back == 8) != (arch_.return_offset == 8)) continue;
    const Bytes bytes = info_->bytes(address - back, back == 8 ? 4 : back);
    const auto before = disassemble({.architecture = input_.architecture, .thumb = symbol->symbol.thumb,
                                     .cortex_m = input_.cortex_m, .big_endian = info_->code_big_endian(),
                                     .address = address - back, .bytes = bytes});
    if (before.size() == 1 && before[0].flow == Flow::call) return true;
  }
  return false;
}

// Armv7-M and Armv8-M Architecture Reference Manuals, "Exception entry": eight words, with an FPU perhaps 18 more, and
// one word of padding if the stack was not aligned to eight bytes.
Unwinder::Caller Unwinder::exception_frame(State handler, std::uint64_t exc_return) {
  auto sp = at(handler.values, arch_.stack_pointer);
  if (exc_return & 4) {
    sp = given("psp");
    if (!sp)
      return end(UnwindEnd::no_rule, "an exception came on the process stack, and the stub does not tell its pointer (psp)");
  }
  if (!sp) return end(UnwindEnd::no_rule, "an exception came, and the stack pointer is not known");
  constexpr unsigned stacked[] = {0, 1, 2, 3, 12, 14, 15};
  State caller{.exact = true, .found_by = FoundBy::exception_frame, .values = std::move(handler.values)};
  for (unsigned i = 0; i < std::size(stacked); ++i)
    if (const auto value = word(*sp + 4 * i)) caller.values[stacked[i]] = *value;
  caller.xpsr = word(*sp + 28);
  if (need_) {
    need_ = {*sp, 32};
    return end(UnwindEnd::need_memory, {});
  }
  caller.pc = caller.values[15] & ~1ull;
  caller.values.erase(15);
  const std::uint64_t size = exc_return & 0x10 ? 0x20 : 0x68;
  caller.values[arch_.stack_pointer] = mask(*sp + size + (*caller.xpsr & 1u << 9 ? 4 : 0));
  // A call of a null or wild function pointer came from where the link register says.
  const std::uint64_t link = caller.values[*arch_.link_register];
  if (!is_code(caller.pc) && !is_code(return_address(link) - 1) && !is_exception_return(link))
    return end(UnwindEnd::bad_caller, fmt::format("the interrupted address {} is no code of this program", hex_address(caller.pc)));
  return caller;
}

}  // namespace virserver::image
