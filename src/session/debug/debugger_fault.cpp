// A crash explains itself.
#include <algorithm>

#include "session/debug/debugger_impl.hpp"

namespace virserver::session {
namespace {

constexpr std::uint64_t scb_faults = 0xe000ed24;  // SHCSR CFSR HFSR DFSR MMFAR BFAR AFSR
constexpr std::uint64_t scb_secure = 0xe000ede4;  // SFSR SFAR, Armv8-M only
constexpr std::size_t max_frames = 64;

std::uint32_t word(const Bytes& bytes, std::size_t index) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(bytes[4 * index + i]) << (8 * i);
  return value;
}

std::string to_text(const image::Instruction& instruction) {
  return instruction.operands.empty() ? instruction.mnemonic : instruction.mnemonic + " " + instruction.operands;
}

}  // namespace

Task<Result<void>> Debugger::machine_fault(gdb::Client& client, FaultView& view) {
  const auto thread = client.current_thread();
  auto unwound = co_await unwind(client, thread, max_frames);
  if (!unwound) co_return pass(unwound);
  Stack& stack = *unwound;
  std::size_t at = 0;  // the frame where the fault came
  if (host_.plan.profile == 'M' && host_.plan.architecture == Architecture::arm) {
    CortexMFault fault;
    auto status = co_await client.read_memory(scb_faults, 28, thread);
    if (!status) co_return pass(status);
    std::size_t next = 0;
    for (auto* field : {&fault.shcsr, &fault.cfsr, &fault.hfsr, &fault.dfsr, &fault.mmfar, &fault.bfar, &fault.afsr})
      *field = word(*status, next++);
    if (auto secure = co_await client.read_memory(scb_secure, 8, thread)) {
      fault.sfsr = word(*secure, 0);
      fault.sfar = word(*secure, 1);
    }
    if (const auto xpsr = stack.registers.find("xpsr"); xpsr != stack.registers.end()) fault.exception = xpsr->second & 0x1ff;
    const auto handler = fault.exception >= 3 && fault.exception <= 7;
    const auto interrupted = std::ranges::find(stack.trace.frames, true, &image::UnwoundFrame::interrupted);
    if (handler && interrupted != stack.trace.frames.end()) {
      at = static_cast<std::size_t>(interrupted - stack.trace.frames.begin());
      fault.pc = static_cast<std::uint32_t>(interrupted->pc);
    }
    explain(fault, view);
  } else {
    image::Registers asked;
    for (const auto& name : fault_registers(host_.plan.architecture)) {
      const auto value = co_await read_pointer(client, client.description().find(name), thread);
      if (value) asked[name] = *value;
    }
    explain(host_.plan.architecture, asked, view);
  }
  if (!view.faulted) co_return Result<void>{};
  view.source = FaultView::Source::machine;
  const auto exact = view.registers.contains("pc") ? std::optional(view.registers.at("pc")) : std::nullopt;
  if (at < stack.trace.frames.size() && !exact) view.registers = stack.trace.frames[at].registers;
  auto show = [trace = stack.trace](const Symbols& symbols) { return show_frames(symbols, trace, max_frames); };
  view.backtrace = co_await with_symbols(std::move(show));
  co_return Result<void>{};
}

Task<FaultView> Debugger::exit_fault(const boost::json::object& exit) {
  FaultView view;
  auto text = [&exit](const char* name) {
    const auto* value = exit.if_contains(name);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  const std::string cause = text("cause");
  if (cause != "lockup" && cause != "crashed" && cause != "guest_panic") {
    view.summary = cause.empty() ? "the board has not run" : "the board ended without a fault: " + text("message");
    co_return view;
  }
  view.faulted = true;
  view.source = FaultView::Source::exit;
  view.cause = cause;
  view.summary = text("message");
  view.at = text("at");
  view.registers = parse_register_dump(text("registers"));
  const auto pc = view.registers.find("pc");
  if (pc == view.registers.end()) co_return view;
  // The memory has gone with the emulator: the return address in a register is all that is left of the stack.
  image::UnwindInput input;
  input.architecture = host_.plan.architecture;
  input.big_endian = host_.plan.big_endian;
  input.cortex_m = host_.plan.profile == 'M';
  input.registers = view.registers;
  auto look = [input = std::move(input)](const Symbols& symbols) {
    const auto* program = symbols.program_at(input.registers.at("pc"));
    return show_frames(symbols, image::unwind(program ? program->info.get() : nullptr, input), max_frames);
  };
  view.backtrace = co_await with_symbols(std::move(look));
  view.explanation.push_back("the emulator has ended and its memory is gone: the backtrace is what the registers alone tell");
  co_return view;
}

Task<Result<FaultView>> Debugger::fault() {
  FaultView view;
  if (!host_.powered()) {
    const auto exit = host_.last_exit();
    view = co_await exit_fault(exit);
  } else {
    auto look = [this, &view](gdb::Client& client) -> Task<Result<void>> { co_return co_await machine_fault(client, view); };
    auto looked = co_await at_rest(true, std::move(look));
    if (!looked) co_return pass(looked);
  }
  const auto pc = view.registers.find("pc");
  if (!view.faulted || pc == view.registers.end()) co_return view;
  struct Found {
    CodeLocation location;
    std::string instruction;
  };
  // From the program's own bytes: the emulator may be gone, and flash does not change.
  auto look = [this, at = pc->second](const Symbols& symbols) {
    Found found{symbols.locate(at), {}};
    const auto* program = symbols.program_at(at);
    const Bytes bytes = program ? program->info->bytes(at, 8) : Bytes();
    if (bytes.empty()) return found;
    const auto list = image::disassemble(code_at(at, bytes, symbols, false), 1);
    if (!list.empty()) found.instruction = to_text(list.front());
    return found;
  };
  auto found = co_await with_symbols(std::move(look));
  if (host_.plan.architecture == Architecture::arm && host_.plan.profile != 'M' && view.source == FaultView::Source::machine)
    check_place(found.instruction, view);
  if (!view.registers.contains("pc")) co_return view;
  view.location = std::move(found.location);
  view.instruction = std::move(found.instruction);
  co_return view;
}

}  // namespace virserver::session
