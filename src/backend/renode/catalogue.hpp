// What the parts of a board are in Renode: catalogue/renode/*.yaml, inside the binary. catalogue/renode/README.md explains the keys.
// Read once; a malformed file is a failed start (exception). Everything here is constant afterwards and safe from any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "board/board.hpp"

namespace virserver::backend::renode {

struct PropertyRule {
  enum class Kind { integer, boolean, choice };
  std::string name;  // as in Renode
  Kind kind = Kind::integer;
  std::uint64_t minimum = 0, maximum = INT64_MAX;
  std::vector<std::string> choices;
  std::optional<std::string> value;  // written when the board says nothing
  bool from_frequency = false;       // the default is the processor's frequency where the board gives it, else `value`
};

// Controllers that the generator wires in a way of their own.
enum class Shape { plain, nvic, gic, vic, sic, plic, clint, irqmp };

struct Model {
  std::string id, kind, vendor;
  std::string renode;  // "UART.PL011"
  std::vector<std::string> aliases, socs, names, default_for;
  std::uint64_t size = 0;
  bool ranged = false;
  std::vector<std::string> outputs;  // by position in `irq`; "" is the type's default output
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<PropertyRule> properties;
  std::vector<std::pair<std::string, std::string>> needs;  // property -> Renode type, or "processor"
  Shape shape = Shape::plain;
};

struct ProcessorModel {
  std::string id, renode, cpu_type;
  std::string family;  // cortex-m, cortex-a, arm, riscv, sparc, ppc
  unsigned max_cores = 1;
  std::uint64_t page = 0x400;  // bytes: what the addresses and sizes of memory are multiples of
  unsigned isa = 0;    // 32, 64: the board may write an ISA string of this width
  bool needs_gic = false, big_endian = false;
  bool own_interrupts = false;  // a controller of its own: peripherals connect to the processor
  bool supervisor = false;      // RISC-V: a second PLIC context a core
  std::string others;           // id of every core's model but the first's; empty: the same
  std::string generic_timer;    // "", "v7", "v8"
};

const std::vector<Model>& models();
const ProcessorModel* find_processor_model(std::string_view id);
std::vector<std::string> processor_ids();

// The model of a peripheral in a node with this processor. `guessed`: taken as the family's default, because neither the
// peripheral nor the soc says more. `unknown`: properties.model names none; `nearest` then has
// the nearest of its kind. `absent`: it names one that Renode is known not to have.
struct Choice {
  const Model* model = nullptr;
  bool guessed = false, unknown = false, absent = false;
  std::vector<std::string> nearest;
};
Choice choose_model(const board::Node& node, const board::Peripheral& peripheral, std::string_view family);
std::vector<std::string> models_of(std::string_view kind);

}  // namespace virserver::backend::renode
