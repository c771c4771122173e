// The library of built-in board templates (boards/*.yaml, inside the binary).
//
// `targets.qemu` of a node, in a template or in any other board:
//   machine               QEMU's name of the machine
//   preferred_machines    names, newest first: the first that the installed QEMU has is used, else `machine`
//   machine_alternatives  names of other machines that come close; for people
//   cpu, memory           -cpu and -m ("512M"); by default the machine's own
//   reset_address         where the machine jumps by itself after reset; an image with another entry is entered directly
//   vector_table          Cortex-M: address of the vector table at reset
//   load_address          where a raw binary goes that names no address; by default vector_table, reset_address or the lowest memory
//   bios_none             RISC-V: start without the firmware that QEMU brings
//   semihosting           true by default on Arm and RISC-V
//   machine_options       list of "name=value" for -M, names from a short list of harmless ones
// Addresses are integers here, whatever way they were written. `targets.renode` has `platform`, a platform that Renode ships; `{}` means one made of the
// node's processor, memory and peripherals. `targets.skyeye` `cpu` and `mach`.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "board/board.hpp"

namespace virserver::board {

struct Template {
  std::string id;           // [a-z0-9][a-z0-9.:-]*
  std::string name, description;
  std::vector<std::string> tags;
  std::vector<std::string> backends;  // that have a target in it
  std::vector<std::string> findings;  // what is approximated or missing, in sentences; findings_on() tells which concern a backend
  Board config;
};

// Parsed once, sorted by id; a malformed built-in is a failed start (exception).
const std::vector<Template>& builtin_templates();
const Template* find_builtin(std::string_view id);
// A finding that begins with a backend's name and a colon, "QEMU: ", concerns that one only; the name is left out here.
std::vector<std::string> findings_on(std::string_view backend, const std::vector<std::string>& findings);
bool valid_template_id(std::string_view id);

// A template document: {id, name, description, tags, findings, config: BoardConfig}.
Result<Template> parse_template(const boost::json::value& value);
boost::json::object to_json(const Template& value);

}  // namespace virserver::board
