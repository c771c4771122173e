// The processor of a generated platform.
#include <algorithm>
#include <span>

#include "backend/renode/platform_writer.hpp"
#include "base/bytes.hpp"
#include "board/words.hpp"

namespace virserver::backend::renode {
namespace {

constexpr std::string_view extensions[] = {"zicsr", "zifencei", "zba",    "zbb",    "zbc",    "zbs",  "zbkb", "zfh",  "zvfh", "zve32x", "zve32f",
                                           "zve64x", "zve64f",  "zve64d", "zacas",  "zca",    "zcb",  "smepmp", "sscofpmf"};

// "rv32imac" with what Renode wants spelled out; empty where the board wrote no ISA string.
std::string isa_of(PlatformWriter& writer) {
  const auto& written = writer.node.processor.type;
  const std::string prefix = fmt::format("rv{}", writer.processor->isa);
  const std::string text = board::lower(written);
  const std::size_t start = text.find(prefix);
  if (!writer.processor->isa || start == std::string::npos || start + 4 >= text.size()) return {};
  std::string isa = prefix, left_out;
  bool zicsr = false, zifencei = false;
  std::string_view rest = std::string_view(text).substr(start + 4);
  const std::size_t letters = std::min(rest.find('_'), rest.size());
  for (const char c : rest.substr(0, letters)) {
    if (std::string_view("imafdcgv").contains(c)) isa += c;
    else left_out += c;
    zicsr = zicsr || c == 'g';
    zifencei = zifencei || c == 'g';
  }
  for (rest.remove_prefix(letters); !rest.empty();) {
    rest.remove_prefix(1);
    const std::string_view name = rest.substr(0, rest.find('_'));
    rest.remove_prefix(name.size());
    if (std::ranges::find(extensions, name) == std::end(extensions)) {
      left_out += fmt::format("{}{}", left_out.empty() ? "" : "_", name.empty() ? "_" : name);
      continue;
    }
    zicsr = zicsr || name == "zicsr";
    zifencei = zifencei || name == "zifencei";
    isa += fmt::format("_{}", name);
  }
  if (isa.size() <= 4 || !std::string_view("ig").contains(isa[4])) {
    writer.error("/nodes/0/processor/type", "Renode's RISC-V processors have the base set I or G; the board names another");
    return prefix + "i_zicsr_zifencei";
  }
  if (!zicsr) isa += "_zicsr";
  if (!zifencei) isa += "_zifencei";
  if (!left_out.empty())
    writer.add(Severity::approximated, "/nodes/0/processor/type", fmt::format("Renode does not know the extensions {}; they were left out", left_out));
  return isa;
}

std::string core_name(const PlatformWriter& writer, unsigned core) {
  return writer.node.processor.cores == 1 ? "cpu" : fmt::format("cpu{}", core);
}

void write_core(PlatformWriter& writer, const ProcessorModel& model, unsigned core, std::string_view isa) {
  const std::string pointer = "/nodes/0/processor";
  const std::string& name = writer.platform.processors[core];
  const bool has_gic = writer.has_gic;
  writer.line(pointer, "{}: {} @ sysbus", name, model.renode);
  writer.line(pointer + "/type", "    cpuType: \"{}\"", isa.empty() ? std::string_view(model.cpu_type) : isa);
  if (model.family == "cortex-m") writer.line(pointer, "    nvic: nvic");
  if (model.family == "cortex-a" && has_gic) writer.line(pointer, "    genericInterruptController: gic");
  if (model.family == "cortex-a") writer.line(pointer + "/cores", "    cpuId: {}", core);
  if (model.family == "riscv" && model.renode != "CPU.PicoRV32") {
    if (model.renode != "CPU.VexRiscv") writer.line(pointer, "    privilegedArchitecture: PrivilegedArchitecture.Priv1_10");
    if (writer.has_clint) writer.line(pointer, "    timeProvider: clint");
    writer.line(pointer + "/cores", "    hartId: {}", core);
  }
  if (model.generic_timer.empty() || !has_gic) return;
  writer.line(pointer, "generic_timer{}: Timers.ARM_GenericTimer @ {}", core, name);
  writer.line(pointer, "    frequency: 62500000");
  using Output = std::pair<std::string_view, unsigned>;
  static constexpr Output v8[] = {{"EL3PhysicalTimerIRQ", 29}, {"EL1PhysicalTimerIRQ", 30}, {"EL1VirtualTimerIRQ", 27}, {"NonSecureEL2PhysicalTimerIRQ", 26}};
  static constexpr Output v7[] = {{"PL1PhysicalTimerIRQ", 30}, {"VirtualTimerIRQ", 27}, {"PL2PhysicalTimerIRQ", 26}};
  for (const auto& [output, line] : model.generic_timer == "v8" ? std::span<const Output>(v8) : std::span<const Output>(v7))
    writer.line(pointer, "    {} -> gic#{}@{}", output, core, line);
}

}  // namespace

bool choose_processor(PlatformWriter& writer) {
  const auto& wanted = writer.node.processor;
  writer.processor = find_processor_model(wanted.id);
  if (!writer.processor) {
    const auto near = nearest(wanted.id, processor_ids());
    writer.error("/nodes/0/processor/type",
                 wanted.id.empty() ? std::string("a generated platform needs a processor; the board names none")
                                   : fmt::format("no platform can be generated for a {} in Renode; the nearest that can: {}", wanted.id, fmt::join(near, ", ")));
    return false;
  }
  if (wanted.cores > writer.processor->max_cores) {
    writer.error("/nodes/0/processor/cores", fmt::format("a generated platform has at most {} cores of a {}; the board has {}",
                                                         writer.processor->max_cores, wanted.id, wanted.cores));
    return false;
  }
  for (unsigned core = 0; core < wanted.cores; ++core) writer.platform.processors.push_back(core_name(writer, core));
  return true;
}

void write_processor(PlatformWriter& writer) {
  const auto& model = *writer.processor;
  if (model.needs_gic && !writer.has_gic) {
    writer.error("/nodes/0/processor", fmt::format("a {} needs a GIC in Renode; add a peripheral of type interrupt-controller with its address and, in properties, "
                                                   "cpu_interface (GICv1, GICv2) or redistributor (GICv3)", model.id));
    return;
  }
  const std::string isa = isa_of(writer);
  const ProcessorModel* others = model.others.empty() ? &model : find_processor_model(model.others);
  // Renode's debug server takes processors of one instruction set only: the first has that of the others then.
  const bool alike = others != &model && writer.node.processor.cores > 1;
  if (alike) writer.add(Severity::approximated, "/nodes/0/processor", fmt::format("core 0 has the instruction set of the others in Renode, {}", others->cpu_type));
  for (unsigned core = 0; core < writer.node.processor.cores; ++core) write_core(writer, alike ? *others : model, core, isa);
}

}  // namespace virserver::backend::renode
