// Backtraces.
#include <algorithm>

#include "session/debug/debugger_impl.hpp"

namespace virserver::session {
namespace {

constexpr std::uint64_t first_window = 2048, more_window = 1024, alignment = 64;
constexpr int max_windows = 64;

}  // namespace

Task<Result<Debugger::Stack>> Debugger::unwind(gdb::Client& client, gdb::ThreadId thread, std::size_t limit) {
  const auto& description = client.description();
  std::vector<gdb::Register> wanted;
  for (const auto& reg : description.registers())
    if (reg.bits <= 64 && (reg.group == gdb::RegisterGroup::general || reg.name == "msp" || reg.name == "psp" || reg.name == "xpsr" || reg.name == "control"))
      wanted.push_back(reg);
  auto values = co_await client.read_registers(wanted, thread);
  if (!values) co_return pass(values);
  Stack stack;
  for (std::size_t i = 0; i < wanted.size() && i < values->size(); ++i)
    if ((*values)[i]) stack.registers[wanted[i].name] = number(*(*values)[i]);
  // The unwinder's names are the usual ones; a stub may have others: Renode's RISC-V has x1 for ra.
  auto name_too = [&](std::string_view usual) {
    const auto* reg = description.find(usual);
    if (const auto value = reg ? stack.registers.find(reg->name) : stack.registers.end(); value != stack.registers.end())
      stack.registers.emplace(usual, value->second);
  };
  name_too("pc");
  name_too("sp");
  for (unsigned i = 0; !image::dwarf_register_name(host_.plan.architecture, i).empty(); ++i) name_too(image::dwarf_register_name(host_.plan.architecture, i));
  if (!stack.registers.contains("pc")) co_return fail(ErrorCode::REGISTER_UNAVAILABLE, "the emulator does not give the program counter");

  const auto loaded = co_await symbols();
  const auto* program = loaded->program_at(stack.registers.at("pc"));
  const auto info = program ? program->info : loaded->programs().empty() ? nullptr : loaded->programs().front().info;
  std::vector<std::pair<std::uint64_t, Bytes>> windows;
  auto read_window = [&windows, &client, thread](std::uint64_t address, std::uint64_t size) -> Task<bool> {
    auto bytes = co_await client.read_memory(address, size, thread);
    if (!bytes) co_return false;
    windows.emplace_back(address, std::move(*bytes));
    co_return true;
  };
  if (const auto sp = stack.registers.find("sp"); sp != stack.registers.end()) co_await read_window(sp->second, first_window);
  for (int i = 0;; ++i) {
    image::UnwindInput input;
    input.architecture = host_.plan.architecture;
    input.big_endian = host_.plan.big_endian;
    input.cortex_m = host_.plan.profile == 'M' && host_.plan.architecture == Architecture::arm;
    input.registers = stack.registers;
    input.max_frames = std::min<std::size_t>(limit, 256);
    for (const auto& [address, bytes] : windows) input.memory.push_back({address, bytes});
    auto call = [info, &input] { return image::unwind(info.get(), input); };
    stack.trace = co_await blocking(host_.pool, std::move(call));
    if (stack.trace.end != image::UnwindEnd::need_memory || !stack.trace.need || i >= max_windows) co_return stack;
    const auto need = *stack.trace.need;
    const auto from = need.address & ~(alignment - 1);
    if (co_await read_window(from, need.address - from + std::max(need.size, more_window))) continue;
    if (!co_await read_window(need.address, need.size)) co_return stack;
  }
}

std::vector<FrameView> Debugger::show_frames(const Symbols& symbols, const image::Backtrace& trace, std::size_t limit) {
  std::vector<FrameView> views;
  for (const auto& frame : trace.frames) {
    FrameView view{frame, symbols.locate(frame.lookup), false};
    view.location.address = frame.pc;
    view.location.offset += frame.pc - frame.lookup;
    const auto* program = symbols.program_at(frame.lookup);
    const auto source = program ? program->info->locate(frame.lookup).frames : std::vector<image::SourceFrame>();
    for (std::size_t i = 0; i < std::max<std::size_t>(1, source.size()) && views.size() < limit; ++i) {
      if (i < source.size()) {
        view.location.function = source[i].function;
        view.location.file = source[i].position.file;
        view.location.line = source[i].position.line;
        view.location.column = source[i].position.column;
        view.inlined = source[i].inlined;
      }
      views.push_back(view);
    }
  }
  return views;
}

Task<std::vector<FrameView>> Debugger::show_frames(image::Backtrace trace, std::size_t limit) {
  auto show = [trace = std::move(trace), limit](const Symbols& symbols) { return show_frames(symbols, trace, limit); };
  co_return co_await with_symbols(std::move(show));
}

Task<Result<BacktraceView>> Debugger::backtrace(std::optional<unsigned> core, std::size_t limit, bool halt) {
  BacktraceView view;
  Stack stack;
  auto look = [this, &view, &stack, core, limit](gdb::Client& client) -> Task<Result<void>> {
    auto thread = co_await thread_of(client, core);
    if (!thread) co_return pass(thread);
    view.core = co_await core_of(client, *thread);
    auto unwound = co_await unwind(client, *thread, limit);
    if (!unwound) co_return pass(unwound);
    stack = std::move(*unwound);
    co_return Result<void>{};
  };
  auto done = co_await at_rest(halt, std::move(look));
  if (!done) co_return pass(done);
  view.complete = stack.trace.end == image::UnwindEnd::outermost;
  view.reason = stack.trace.reason;
  view.frames = co_await show_frames(std::move(stack.trace), limit);
  co_return view;
}

}  // namespace virserver::session
