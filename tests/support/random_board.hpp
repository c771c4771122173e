// Boards as users write them, good and bad, from a seed.
#pragma once
#include <random>
#include <string>

#include "backend/renode/catalogue.hpp"
#include "board/processors.hpp"

namespace virserver::test {

class RandomBoard {
 public:
  explicit RandomBoard(unsigned seed) : random_(seed) {}

  board::Board make() {
    board::Board board;
    board::Node node;
    node.id = "node0";
    node.soc = pick({"", "STM32F407VG", "STM32F072", "STM32H743", "Zynq-7000", "FE310", "nRF52840", "PolarFire SoC MPFS250T", "i.MX RT1064", "SAM E70", "LEON3", "LiteX", "none known"});
    const auto types = board::processor_types();
    const auto& type = types[number(types.size())];
    // Mostly processors that Renode has, or few boards would get further than that.
    const auto* model = backend::renode::find_processor_model(type.id);
    const auto ids = backend::renode::processor_ids();
    const std::string id = model || number(8) == 0 ? std::string(type.id) : ids[number(ids.size())];
    const auto* known = board::find_processor(id);
    node.processor = {std::string(known->name), id, known->architecture, known->profile, number(5) ? 1u : 1 + number(5), std::nullopt, {}};
    if (id == "rv32" || id == "rv64")
      node.processor.type = pick({"RISC-V " + id, id + "imac", id + "gc", id + "imc_zba_zbb", id + "imafdv_zicsr_zfoo", id + "e"});
    if (number(2)) node.processor.frequency_hz = 1 + number(2'000'000'000);
    add_controllers(node, id);
    for (unsigned i = 0, n = number(6); i < n; ++i) node.memory.push_back(memory());
    for (unsigned i = 0, n = number(12); i < n; ++i) node.peripherals.push_back(peripheral());
    for (const auto& part : node.peripherals)
      if (part.type == "uart" && node.consoles.size() < 8) node.consoles.push_back({"c" + std::to_string(node.consoles.size()), part.name, 0});
    board.nodes.push_back(std::move(node));
    return board;
  }

 private:
  unsigned number(std::size_t below) { return static_cast<unsigned>(random_() % below); }
  std::string pick(std::vector<std::string> words) { return words[number(words.size())]; }

  std::string name() {
    static const char* const hostile[] = {"x\n    init: include @/etc/passwd", "a\"b", "sysbus", "using", "cpu", "cpu0", "gic", "1234", "\xc3\xa4", "a;quit", "}{", "   ", "init", "-> nvic@1", "x: CPU.CortexM @ sysbus"};
    return number(3) ? pick({"uart0", "USART1", "ram", "flash", "tim.2", "my-device", "LPUART1", "IWDG", "RCC", "EXTI", "QSPI", "SIC"}) : hostile[number(std::size(hostile))];
  }

  std::uint64_t address() {
    if (number(40) == 0) return UINT64_MAX - number(0x2000);
    if (number(10) == 0) return random_();
    return 0x40000000ull + std::uint64_t{number(0x400)} * 0x4000;
  }

  board::Memory memory() {
    board::Memory region;
    region.type = static_cast<board::MemoryType>(number(3));
    region.name = number(4) ? name() : "";
    region.address = std::uint64_t{number(16)} << 28;
    if (number(20) == 0) region.address += number(0x800);
    region.size = std::uint64_t{1 + number(0x1000)} << (number(4) ? 12 : 10);
    if (number(10) == 0) region.size -= number(0x400);
    return region;
  }

  void add_controllers(board::Node& node, const std::string& id) {
    const auto* model = backend::renode::find_processor_model(id);
    if (!model || number(8) == 0) return;
    const auto add = [&](std::string part, std::uint64_t at, boost::json::object properties) {
      node.peripherals.push_back({"interrupt-controller", std::move(part), at, {}, std::move(properties)});
    };
    if (model->family == "cortex-a") {
      if (number(2)) add("GIC", 0xF0001000, {{"version", 1 + number(2)}, {"cpu_interface", "0xF0010000"}});
      else add("GIC", 0xF0000000, {{"redistributor", "0xF0100000"}});
    }
    if (model->family == "riscv") {
      add("CLINT", 0x02000000, {});
      add("PLIC", 0x0C000000, {});
    }
    if (model->family == "arm") add("VIC", 0x10140000, {{"model", "PL190"}});
    if (model->family == "sparc") add("IRQMP", 0x80000200, {});
    if (model->family == "cortex-m" && number(2)) add("NVIC", 0xE000E000, {});
  }

  board::Peripheral peripheral() {
    const auto& all = backend::renode::models();
    const auto& model = all[number(all.size())];
    board::Peripheral part;
    part.type = number(20) ? model.kind : "other";
    part.name = name() + std::to_string(number(1000));
    if (number(20)) part.address = address();
    for (unsigned i = 0, n = number(4); i < n; ++i) part.irq.push_back(number(30) ? 1 + number(31) : number(1024));
    if (number(2) && model.shape == backend::renode::Shape::plain) part.properties["model"] = model.id;
    if (number(40) == 0) part.properties["model"] = "no\nsuch \"model";
    for (const auto& rule : model.properties) {
      if (number(3)) continue;
      if (number(10) == 0) part.properties[rule.name] = "\"\n    init: quit";
      else if (rule.kind == backend::renode::PropertyRule::Kind::boolean) part.properties[rule.name] = number(2) == 1;
      else part.properties[rule.name] = rule.minimum + number(std::min<std::uint64_t>(rule.maximum - rule.minimum, 1'000'000'000) + 1);
    }
    if (number(10) == 0) part.properties["nonsense\n"] = 1;
    return part;
  }

  std::mt19937_64 random_;
};

}  // namespace virserver::test
