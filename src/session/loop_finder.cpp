#include "session/loop_finder.hpp"

#include <algorithm>
#include <charconv>

#include "backend/parts.hpp"
#include "base/bytes.hpp"
#include "image/disassemble.hpp"

namespace virserver::session {

namespace {

constexpr std::size_t max_function = 16u << 10, max_loop_instructions = 64, max_seen = 8;

struct Listing {
  image::Function function;
  std::vector<image::Instruction> instructions;
  const ProgramCode* program = nullptr;
};

// The function at an address, disassembled; nullopt outside of every program.
std::optional<Listing> listing_at(std::uint64_t address, std::span<const ProgramCode> programs, const backend::EnginePlan& plan) {
  for (const auto& program : programs) {
    Listing listing;
    listing.program = &program;
    const auto known = program.debug ? program.debug->function_at(address) : std::nullopt;
    listing.function.begin = known ? known->begin : address;
    listing.function.end = known ? known->end : address + 64;
    if (known) listing.function.name = known->name;
    if (listing.function.end - listing.function.begin > max_function) continue;
    const Bytes bytes = program.bytes(listing.function.begin, listing.function.end - listing.function.begin);
    if (bytes.empty()) continue;
    image::Code code;
    code.architecture = plan.architecture;
    code.cortex_m = code.thumb = plan.profile == 'M';
    code.big_endian = plan.big_endian;
    code.address = listing.function.begin;
    code.bytes = bytes;
    if (program.debug) code.contents = program.debug->contents(code.address, bytes.size());
    listing.instructions = image::disassemble(code, max_function / 2);
    return listing;
  }
  return std::nullopt;
}

struct Range {
  std::uint64_t begin = 0, end = 0;
};

// The smallest loop around an address: from the target of a jump backwards to behind that jump.
std::optional<Range> loop_around(const Listing& listing, std::uint64_t address) {
  std::optional<Range> best;
  for (const auto& each : listing.instructions) {
    const bool jumps = each.flow == image::Flow::jump || each.flow == image::Flow::conditional;
    if (!jumps || !each.target || *each.target > each.address || *each.target < listing.function.begin) continue;
    const Range range{*each.target, each.address + each.bytes.size()};
    if (address < range.begin || address >= range.end) continue;
    if (!best || range.end - range.begin < best->end - best->begin) best = range;
  }
  return best;
}

bool calls(const Listing& listing, const Range& range, std::uint64_t function) {
  return std::ranges::any_of(listing.instructions, [&](const auto& each) {
    return each.flow == image::Flow::call && each.address >= range.begin && each.address < range.end && each.target && *each.target == function;
  });
}

bool is_memory(const backend::EnginePlan& plan, std::uint64_t address) {
  return std::ranges::any_of(plan.memory, [&](const auto& region) { return address >= region.address && address - region.address < region.size; });
}

// Registers are read where they begin; what is not aligned comes from a register of another moment.
bool is_aligned(std::string_view mnemonic, std::uint64_t address) {
  const bool byte = mnemonic.starts_with("ldrb") || mnemonic.starts_with("ldrsb") || mnemonic.starts_with("lb");
  const bool half = mnemonic.starts_with("ldrh") || mnemonic.starts_with("ldrsh") || mnemonic.starts_with("lh");
  return address % (byte ? 1 : half ? 2 : 4) == 0;
}

bool is_wait(std::string_view mnemonic) { return mnemonic == "wfi" || mnemonic == "wfe" || mnemonic == "hlt" || mnemonic == "wait"; }

// Behind a wait as well: there the program counter stands while the processor sleeps.
bool waits_at(std::uint64_t pc, std::span<const ProgramCode> programs, const backend::EnginePlan& plan) {
  for (const unsigned back : {0u, 2u, 4u}) {  // without symbols a listing begins where it is asked for
    const auto listing = listing_at(pc - back, programs, plan);
    if (listing && std::ranges::any_of(listing->instructions, [&](const auto& each) {
          return is_wait(each.mnemonic) && (each.address == pc || each.address + each.bytes.size() == pc);
        }))
      return true;
  }
  return false;
}

Loop describe(const Listing& listing, const Range& range, std::span<const backend::ProcessorSample* const> samples, const backend::EnginePlan& plan) {
  Loop loop;
  loop.begin = range.begin;
  loop.end = range.end;
  loop.function = listing.function.name;
  const backend::ProcessorSample* inside = nullptr;
  for (const auto* sample : samples)
    if (*sample->pc >= range.begin && *sample->pc < range.end) inside = sample;
  std::vector<image::Instruction> code;
  std::ranges::copy_if(listing.instructions, std::back_inserter(code), [&](const auto& each) { return each.address >= range.begin && each.address < range.end; });
  for (const auto& each : code) {
    if (inside)
      if (const auto address = read_address(each.mnemonic, each.operands, inside->registers);
          address && is_aligned(each.mnemonic, *address) && !is_memory(plan, *address) && loop.reads.size() < 8)
        loop.reads.push_back({*address, each.address, awaited(code, each.address, inside->registers, plan.architecture)});
    if (listing.program->debug)
      if (const auto line = listing.program->debug->line_range(each.address); line && line->position.line) {
        if (loop.file.empty()) loop.file = line->position.file;
        if (line->position.file == loop.file) {
          loop.first_line = loop.first_line ? std::min(loop.first_line, line->position.line) : line->position.line;
          loop.last_line = std::max(loop.last_line, line->position.line);
        }
      }
    if (loop.instructions.size() >= max_loop_instructions) continue;
    LoopInstruction& instruction = loop.instructions.emplace_back();
    instruction.address = each.address;
    instruction.text = each.operands.empty() ? each.mnemonic : each.mnemonic + " " + each.operands;
    instruction.samples = static_cast<unsigned>(std::ranges::count_if(samples, [&](const auto* sample) {
      return *sample->pc >= each.address && *sample->pc < each.address + each.bytes.size();
    }));
  }
  return loop;
}

// The innermost loop where it was seen most, or the loop that calls what it was seen in.
std::optional<Loop> find_loop(std::span<const backend::ProcessorSample* const> samples, std::span<const SeenAt> seen, std::span<const ProgramCode> programs,
                              const backend::EnginePlan& plan) {
  if (seen.empty()) return std::nullopt;
  const auto top = listing_at(seen.front().pc, programs, plan);
  if (!top) return std::nullopt;
  std::vector<std::uint64_t> callers;
  for (const auto& other : seen.subspan(1)) callers.push_back(other.pc);
  for (const auto* sample : samples)
    for (const char* name : {"lr", "ra", "x30"})
      if (const auto link = sample->registers.find(name); link != sample->registers.end()) callers.push_back(link->second & ~std::uint64_t{1});
  std::ranges::sort(callers);
  callers.erase(std::unique(callers.begin(), callers.end()), callers.end());
  if (callers.size() > 16) callers.resize(16);
  for (const auto address : callers) {
    const auto outer = listing_at(address, programs, plan);
    if (!outer || outer->function.begin == top->function.begin) continue;
    const auto range = loop_around(*outer, address);
    if (range && calls(*outer, *range, top->function.begin)) return describe(*outer, *range, samples, plan);
  }
  const auto range = loop_around(*top, seen.front().pc);
  if (!range) return std::nullopt;
  return describe(*top, *range, samples, plan);
}

std::optional<std::int64_t> signed_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto value = parse_u64(text);
  if (!value || *value > 1u << 20) return std::nullopt;
  return negative ? -static_cast<std::int64_t>(*value) : static_cast<std::int64_t>(*value);
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<std::uint64_t> read_address(std::string_view mnemonic, std::string_view operands, const std::map<std::string, std::uint64_t>& registers) {
  const bool arm = mnemonic.starts_with("ldr") || mnemonic.starts_with("ldur"), riscv = mnemonic.starts_with("l") || mnemonic.starts_with("c.l");
  std::string_view base, offset = "0";
  if (const auto open = operands.find('['); arm && open != operands.npos) {
    std::string_view inner = operands.substr(open + 1, operands.find(']', open) - open - 1);
    const auto comma = inner.find(',');
    base = trim(inner.substr(0, comma));
    if (comma != inner.npos) {
      offset = trim(inner.substr(comma + 1));
      if (!offset.starts_with('#')) return std::nullopt;  // another register
      offset.remove_prefix(1);
    }
  } else if (const auto paren = operands.find('('); riscv && paren != operands.npos) {
    base = trim(operands.substr(paren + 1, operands.find(')', paren) - paren - 1));
    const auto comma = operands.rfind(',', paren);
    offset = trim(operands.substr(comma == operands.npos ? 0 : comma + 1, paren - (comma == operands.npos ? 0 : comma + 1)));
    if (offset.empty()) offset = "0";
  } else {
    return std::nullopt;
  }
  const auto known = registers.find(std::string(base));
  const auto number = signed_number(offset);
  if (known == registers.end() || base == "pc" || !number) return std::nullopt;
  return known->second + static_cast<std::uint64_t>(*number);
}

std::string place_of(std::uint64_t pc, std::span<const ProgramCode> programs) {
  std::string text;
  for (const auto& program : programs)
    if (program.debug && text.empty()) text = program.debug->describe(pc);
  return text;
}

std::vector<ProcessorState> processor_states(std::span<const backend::ProcessorSample> samples, std::span<const ProgramCode> programs,
                                             const backend::EnginePlan& plan) {
  std::map<unsigned, std::vector<const backend::ProcessorSample*>> by_processor;
  for (const auto& sample : samples)
    if (sample.pc) by_processor[sample.index].push_back(&sample);
  std::vector<ProcessorState> states;
  for (const auto& [index, own] : by_processor) {
    ProcessorState& state = states.emplace_back();
    state.index = index;
    std::map<std::uint64_t, unsigned> counts;
    for (const auto* sample : own) ++counts[*sample->pc];
    for (const auto& [pc, count] : counts) state.seen.push_back(SeenAt{pc, count, place_of(pc, programs)});
    std::ranges::sort(state.seen, [](const SeenAt& a, const SeenAt& b) { return a.samples != b.samples ? a.samples > b.samples : a.pc < b.pc; });
    if (state.seen.size() > max_seen) state.seen.resize(max_seen);
    state.waits = state.seen.front().samples * 2 > own.size() && waits_at(state.seen.front().pc, programs, plan);
    state.loop = find_loop(own, state.seen, programs, plan);
  }
  return states;
}

}  // namespace virserver::session
