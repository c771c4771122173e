// Steps: by instruction, over a call, out of a function, by source line.
//
// A step runs in the background and ends when it has arrived, or when anything else stops the machine: a breakpoint, a
// fault, somebody's pause. What is run through is run at full speed, up to a guard at the return address.
#include <algorithm>

#include "session/debug/debugger_impl.hpp"

namespace virserver::session {
namespace {
constexpr auto stop_patience = std::chrono::hours(24);  // an instruction may wait for an interrupt
constexpr auto asleep_after = std::chrono::milliseconds(100);  // a step takes a fifth of one
constexpr auto look_around = std::chrono::milliseconds(200);
constexpr std::size_t longest_instruction = 16;
}  // namespace

Task<Result<DebugState>> Debugger::step(StepRequest request) {
  if (auto allowed = may_use(false); !allowed) {
    if (allowed.error().code == ErrorCode::TARGET_RUNNING) allowed.error().message = "the processor runs: pause it before a step";
    co_return pass(allowed);
  }
  if (step_) co_return fail(ErrorCode::TARGET_RUNNING, "a step is under way; wait for its end, or pause it");
  const auto wait = request.wait ? request.timeout : std::chrono::milliseconds(0);
  const auto step = std::make_shared<Step>(bridge_.executor(), std::move(request));
  step_ = step;
  scope_.spawn(run_step(step));
  const auto deadline = std::chrono::steady_clock::now() + wait;
  while (!step->done && std::chrono::steady_clock::now() < deadline && !(step->request.give_up && step->request.give_up())) {
    step->finished.expires_at(std::min(deadline, std::chrono::steady_clock::now() + look_around));
    co_await step->finished.async_wait(tuple_awaitable);
  }
  if (step->done && !step->outcome) co_return pass(step->outcome);
  co_return co_await state();
}

Task<> Debugger::run_step(std::shared_ptr<Step> step) {
  auto attached = co_await bridge_.attach();
  if (!attached) step->outcome = pass(attached);
  if (step->outcome && step->request.core) {
    auto choose = [this, step](gdb::Client& client) -> Task<Result<void>> {
      auto thread = co_await thread_of(client, step->request.core);
      if (!thread) co_return pass(thread);
      step->thread = *thread;
      co_return Result<void>{};
    };
    auto chosen = co_await at_rest(false, std::move(choose));
    if (!chosen) step->outcome = pass(chosen);
  }
  for (std::uint64_t i = 0; i < step->request.count && step->outcome && *step->outcome != Progress::interrupted; ++i) {
    if (step->abandoned) break;
    switch (step->request.kind) {
      case StepKind::instruction: step->outcome = co_await step_instruction(*step); break;
      case StepKind::over: step->outcome = co_await step_over(*step); break;
      case StepKind::out: step->outcome = co_await step_out(*step); break;
      case StepKind::line: step->outcome = co_await step_line(*step, true); break;
      case StepKind::next: step->outcome = co_await step_line(*step, false); break;
    }
  }
  co_await drop_guards(false);
  if (step->outcome && *step->outcome != Progress::interrupted && !step->abandoned) {
    stop_.reason = StopReason::step;
    stop_.message = "stepped";
  }
  step->done = true;
  step_.reset();
  step->finished.cancel();
}

// An instruction that waits for an interrupt (wfi) lets no step end: the processor is stopped then, and stands behind it.
Task<Result<gdb::StopReply>> Debugger::step_once(Step& step) {
  gdb::Bridge::Resume how;
  how.kind = gdb::Bridge::Resume::Kind::step;
  how.thread = step.thread;
  auto resumed = co_await bridge_.resume(owner_, std::move(how));
  if (!resumed) co_return pass(resumed);
  auto stop = co_await bridge_.wait_stopped(asleep_after);
  if (stop || stop.error().code != ErrorCode::ENGINE_TIMEOUT) co_return stop;
  stop = co_await bridge_.interrupt(owner_);
  if (stop && stop->interrupted() && !step.abandoned) stop->signal = gdb::kSignalTrap;
  co_return stop;
}

Task<Result<Debugger::Progress>> Debugger::step_instruction(Step& step) {
  auto stop = co_await step_once(step);
  if (!stop) co_return pass(stop);
  const bool plain = stop->signal == gdb::kSignalTrap && !stop->watch_address;
  if (!plain || step.abandoned) co_return Progress::interrupted;

  // A breakpoint at the new place counts: continuing would step off it unseen.
  if (book_.empty()) co_return Progress::stepped;
  bool stops = false;
  std::vector<std::uint64_t> ids;
  auto look = [this, &stops, &ids, reply = *stop](gdb::Client& client) -> Task<Result<void>> {
    const auto pc = co_await read_pointer(client, client.description().program_counter());
    if (!pc || book_.ids_at(*pc).empty()) co_return Result<void>{};
    stops = !co_await judge(client, reply);
    if (verdict_) ids = verdict_->ids;
    verdict_.reset();
    co_return Result<void>{};
  };
  auto looked = co_await at_rest(false, std::move(look));
  if (!looked) co_return pass(looked);
  if (!stops || ids.empty()) co_return Progress::stepped;
  verdict_ = Verdict{std::move(ids), false, {}};
  on_stopped(*stop, true);
  co_return Progress::interrupted;
}

Task<Result<Debugger::Progress>> Debugger::run_to(Step& step, Guard guard) {
  const auto place = guard.place;
  auto added = co_await add_guard(std::move(guard));
  if (!added) co_return pass(added);
  gdb::Bridge::Resume how;
  auto resumed = co_await bridge_.resume(owner_, std::move(how));
  Result<gdb::StopReply> stop = resumed ? co_await wait_stop(stop_patience, {}) : Result<gdb::StopReply>(pass(resumed));
  std::erase_if(guards_, [&](const Guard& each) { return each.place == place && !each.until; });
  (void)co_await sync();
  if (!stop) co_return pass(stop);
  if (step.abandoned || stop->interrupted() || stop->signal != gdb::kSignalTrap || stop->watch_address || !stop_.ids.empty())
    co_return Progress::interrupted;
  auto here = co_await position(step);
  if (!here) co_return pass(here);
  co_return here->pc == place.address ? Progress::arrived : Progress::interrupted;
}

Task<Result<Debugger::Position>> Debugger::position(Step& step) {
  Position here;
  auto look = [this, &here, &step](gdb::Client& client) -> Task<Result<void>> {
    const auto& description = client.description();
    const auto pc = co_await read_pointer(client, description.program_counter(), step.thread);
    const auto sp = co_await read_pointer(client, description.stack_pointer(), step.thread);
    if (!pc || !sp) co_return fail(ErrorCode::REGISTER_UNAVAILABLE, "the emulator does not give the program counter or the stack pointer");
    here = {*pc, *sp};
    co_return Result<void>{};
  };
  auto looked = co_await at_rest(false, std::move(look));
  if (!looked) co_return pass(looked);
  co_return here;
}

Task<Result<image::Instruction>> Debugger::instruction_at(std::uint64_t address, gdb::ThreadId) {
  auto bytes = co_await read_readable(address, longest_instruction);
  if (!bytes) co_return pass(bytes);
  auto decode = [this, address, code = std::move(*bytes)](const Symbols& symbols) {
    return image::disassemble(code_at(address, code, symbols, false), 1);
  };
  auto list = co_await with_symbols(std::move(decode));
  if (list.empty()) co_return fail(ErrorCode::MEMORY_UNMAPPED, "there is no instruction at {}", hex_address(address));
  co_return std::move(list.front());
}

Task<Result<Debugger::Progress>> Debugger::step_over(Step& step) {
  auto here = co_await position(step);
  if (!here) co_return pass(here);
  auto instruction = co_await instruction_at(here->pc, {});
  if (!instruction) co_return pass(instruction);
  if (instruction->flow != image::Flow::call) co_return co_await step_instruction(step);
  const auto behind = here->pc + instruction->bytes.size() + 4 * instruction->delay_slots;
  Guard guard{code_place(behind, false), here->sp};
  co_return co_await run_to(step, std::move(guard));
}

Task<Result<Debugger::Progress>> Debugger::step_out(Step& step) {
  std::uint64_t caller = 0, cfa = 0;
  bool outermost = false;
  std::string reason;
  auto look = [&](gdb::Client& client) -> Task<Result<void>> {
    auto stack = co_await unwind(client, step.thread.value_or(client.current_thread()), 2);
    if (!stack) co_return pass(stack);
    const auto& frames = stack->trace.frames;
    outermost = frames.size() < 2;
    reason = stack->trace.reason;
    if (outermost) co_return Result<void>{};
    caller = frames[1].pc;
    const auto sp = co_await read_pointer(client, client.description().stack_pointer(), step.thread);
    cfa = frames[0].cfa ? frames[0].cfa : sp.value_or(0);
    co_return Result<void>{};
  };
  auto looked = co_await at_rest(false, std::move(look));
  if (!looked) co_return pass(looked);
  if (outermost) co_return fail(ErrorCode::LOCATION_NOT_FOUND, "there is no caller to step out to: {}", reason);
  Guard guard{code_place(caller, false), cfa};
  co_return co_await run_to(step, std::move(guard));
}

// At a call inside a line: through it, or into the body of a function that has lines.
Task<Result<Debugger::Progress>> Debugger::enter_call(Step& step, const image::Instruction& call, bool into_calls) {
  auto before = co_await position(step);
  if (!before) co_return pass(before);
  auto stepped = co_await step_instruction(step);
  if (!stepped || *stepped == Progress::interrupted) co_return stepped;
  for (unsigned slot = 0; slot < call.delay_slots; ++slot) {
    stepped = co_await step_instruction(step);
    if (!stepped || *stepped == Progress::interrupted) co_return stepped;
  }
  auto inside = co_await position(step);
  if (!inside) co_return pass(inside);
  const auto behind = before->pc + call.bytes.size() + 4 * call.delay_slots;
  if (inside->pc == behind) co_return Progress::stepped;  // a conditional call that was not made
  std::optional<std::uint64_t> body;
  if (into_calls) {
    auto find = [pc = inside->pc](const Symbols& symbols) -> std::optional<std::uint64_t> {
      const auto* program = symbols.program_at(pc);
      if (!program || !program->info->line_range(pc)) return std::nullopt;
      const auto function = program->info->function_at(pc);
      return function && function->body >= pc ? function->body : pc;
    };
    body = co_await with_symbols(std::move(find));
  }
  if (body && *body == inside->pc) co_return Progress::arrived;
  if (body) {
    Guard guard{code_place(*body, false), std::nullopt};
    co_return co_await run_to(step, std::move(guard));
  }
  Guard guard{code_place(behind, false), before->sp};
  auto back = co_await run_to(step, std::move(guard));
  if (back && *back == Progress::arrived) co_return Progress::stepped;
  co_return back;
}

Task<Result<Debugger::Progress>> Debugger::step_line(Step& step, bool into_calls) {
  struct Line {
    std::optional<image::LineRange> range;
    std::optional<image::Function> function;
  };
  auto line_at = [](std::uint64_t pc) {
    return [pc](const Symbols& symbols) -> Line {
      const auto* program = symbols.program_at(pc);
      if (!program) return {};
      return {program->info->line_range(pc), program->info->function_at(pc)};
    };
  };
  auto start = co_await position(step);
  if (!start) co_return pass(start);
  auto where = line_at(start->pc);
  const auto first = co_await with_symbols(std::move(where));
  if (!first.range)
    co_return fail(ErrorCode::LOCATION_NOT_FOUND, "there is no source line for {}: step by instruction, or out", hex_address(start->pc));
  Position here = *start;
  image::LineRange range = *first.range;
  for (;;) {
    if (step.abandoned) co_return Progress::interrupted;
    auto instruction = co_await instruction_at(here.pc, {});
    if (!instruction) co_return pass(instruction);
    auto moved = instruction->flow == image::Flow::call ? co_await enter_call(step, *instruction, into_calls) : co_await step_instruction(step);
    if (!moved || *moved != Progress::stepped) co_return moved;
    auto now_at = co_await position(step);
    if (!now_at) co_return pass(now_at);
    here = *now_at;
    if (here.pc >= range.begin && here.pc < range.end) continue;
    auto look = line_at(here.pc);
    const auto line = co_await with_symbols(std::move(look));
    const bool same_function = first.function && line.function && first.function->begin == line.function->begin;
    if (!line.range) {  // into code without lines, by a jump or a return: out of it
      if (same_function) continue;
      auto out = co_await step_out(step);
      if (!out || *out != Progress::arrived) co_return out;
      auto back = co_await position(step);
      if (!back) co_return pass(back);
      here = *back;
      auto again = line_at(here.pc);
      const auto outside = co_await with_symbols(std::move(again));
      if (outside.range) co_return Progress::arrived;
      continue;
    }
    // In the middle of a line's code the step goes on to the begin of one, unless the function has returned.
    const bool another = line.range->position.line != first.range->position.line || line.range->position.file != first.range->position.file;
    if (!same_function) co_return Progress::arrived;
    if (another && line.range->statement && here.pc == line.range->begin) co_return Progress::arrived;
    range = *line.range;
  }
}

}  // namespace virserver::session
