// Disassembly and symbols.
#include <algorithm>

#include "session/debug/debugger_impl.hpp"

namespace virserver::session {
namespace {
constexpr std::size_t usual_count = 16, max_count = 4096;
constexpr std::size_t longest_instruction = 4;  // of the architectures that are decoded; x86 has up to 15
constexpr std::uint64_t max_function = max_count * longest_instruction;
}  // namespace

image::Code Debugger::code_at(std::uint64_t address, std::span<const std::byte> bytes, const Symbols& symbols, bool thumb) const {
  image::Code code;
  code.architecture = host_.plan.architecture;
  code.cortex_m = host_.plan.profile == 'M' && code.architecture == Architecture::arm;
  code.thumb = thumb || code.cortex_m;
  code.big_endian = host_.plan.big_endian;
  code.address = address;
  code.bytes = bytes;
  if (const auto* program = symbols.program_at(address)) {
    code.big_endian = program->info->code_big_endian();
    code.contents = program->info->contents(address, bytes.size());
  }
  return code;
}

Task<Result<std::vector<InstructionView>>> Debugger::disassemble(DisassemblyQuery query) {
  if (auto allowed = may_use(true); !allowed) co_return pass(allowed);
  if (!image::can_disassemble(host_.plan.architecture))
    co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "there is no disassembler for {}", virserver::to_string(host_.plan.architecture));
  // The program counter and the Thumb state, of a processor that stands.
  std::optional<std::uint64_t> pc;
  bool thumb = false;
  auto look = [&](gdb::Client& client) -> Task<Result<void>> {
    auto thread = co_await thread_of(client, query.core);
    if (!thread) co_return pass(thread);
    pc = co_await read_pointer(client, client.description().program_counter(), *thread);
    const auto flags = co_await read_pointer(client, client.description().find("cpsr"), *thread);
    thumb = flags && (*flags & 0x20) != 0;
    co_return Result<void>{};
  };
  auto looked = co_await at_rest(false, std::move(look));
  if (!looked && (!query.location || looked.error().code != ErrorCode::TARGET_RUNNING)) co_return pass(looked);

  std::uint64_t address = pc.value_or(0);
  if (query.location) {
    auto location = parse_location(*query.location);
    if (!location) co_return pass(location);
    // A function from its first instruction on, not behind its prologue.
    auto find = [wanted = *location](const Symbols& symbols) {
      return std::holds_alternative<LineLocation>(wanted) ? symbols.find_code(wanted) : symbols.find_data(wanted);
    };
    auto place = co_await with_symbols(std::move(find));
    if (!place) co_return pass(place);
    address = place->addresses.front();
    if (host_.plan.architecture == Architecture::arm && (place->thumb || host_.plan.profile == 'M')) {
      address &= ~std::uint64_t{1};
      thumb = true;
    } else if (!pc || address != *pc) {
      thumb = host_.plan.architecture == Architecture::arm && (address & 1) != 0;
    }
  } else if (!pc) {
    co_return fail(ErrorCode::REGISTER_UNAVAILABLE, "the emulator does not give the program counter; give an address");
  }

  std::size_t count = query.count.value_or(query.whole_function ? max_count : usual_count);
  std::uint64_t size = count * (host_.plan.architecture == Architecture::x86 || host_.plan.architecture == Architecture::x86_64 ? 15 : longest_instruction);
  if (query.whole_function) {
    auto find = [at = address](const Symbols& symbols) -> std::optional<image::Function> {
      const auto* program = symbols.program_at(at);
      return program ? program->info->function_at(at) : std::nullopt;
    };
    const auto function = co_await with_symbols(std::move(find));
    if (!function) co_return fail(ErrorCode::LOCATION_NOT_FOUND, "no function of the loaded programs is at {}", hex_address(address));
    address = function->begin;
    size = std::min(size, std::min(function->end - function->begin, max_function));
  }
  auto bytes = co_await read_readable(address, size);
  if (!bytes) co_return pass(bytes);
  auto decode = [this, address, count, thumb, pc, code = std::move(*bytes)](const Symbols& symbols) {
    std::vector<InstructionView> views;
    for (auto& instruction : image::disassemble(code_at(address, code, symbols, thumb), count)) {
      InstructionView view;
      view.location = symbols.locate(instruction.address);
      if (instruction.target) {
        CodeLocation target = symbols.locate(*instruction.target);
        target.file.clear();
        target.function.clear();
        if (!target.symbol.empty()) view.target_symbol = to_text(target);
      }
      view.current = pc && instruction.address == *pc;
      view.instruction = std::move(instruction);
      views.push_back(std::move(view));
    }
    return views;
  };
  auto views = co_await with_symbols(std::move(decode));
  for (auto& view : views) view.breakpoints = book_.ids_at(view.instruction.address);
  co_return views;
}

Task<Result<Symbols::Matches>> Debugger::find_symbols(SymbolSearch search) {
  if (search.address) {
    const auto address = parse_u64(*search.address);
    if (!address) co_return fail(ErrorCode::INVALID_REQUEST, "'{}' is no address: a decimal number, or a hexadecimal one with 0x", *search.address);
    auto find = [at = *address](const Symbols& symbols) {
      Symbols::Matches found{symbols.at(at), 0};
      found.total = found.items.size();
      return found;
    };
    co_return co_await with_symbols(std::move(find));
  }
  auto find = [query = std::move(search.query)](const Symbols& symbols) { return symbols.search(query); };
  co_return co_await with_symbols(std::move(find));
}

}  // namespace virserver::session
