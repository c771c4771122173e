// Which registers a machine has, by the stub's own description (target.xml) or, without one, by what gdb assumes.
// Source: gdb's manual, "Target Descriptions". The XML is hostile: sizes, counts and nesting are bounded.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/architecture.hpp"
#include "base/error.hpp"

namespace virserver::gdb {

enum class RegisterGroup { general, special, floating, vector };
std::string_view to_string(RegisterGroup group);  // "general", "special", "float", "vector"

struct Register {
  std::string name;
  int number = 0;      // in `p` and `P`
  unsigned bits = 0;   // a multiple of 8
  // Where it is in the reply to `g`, in bytes, if that reply is long enough: registers in the order of their numbers.
  std::size_t offset = 0;
  RegisterGroup group = RegisterGroup::general;
  std::string type;     // "int", "code_ptr", "data_ptr", "ieee_double", the id of a vector type, ...
  std::string feature;  // "org.gnu.gdb.arm.m-profile"

  std::size_t size() const { return bits / 8; }
};

class TargetDescription {
 public:
  TargetDescription() = default;
  // Keeps the first of two registers with one name or number. Errors: ENGINE_PROTOCOL for a size that cannot be.
  static Result<TargetDescription> make(std::string architecture, std::vector<Register> registers);

  const std::string& architecture() const { return architecture_; }    // gdb's name: "arm", "aarch64", "riscv:rv32"
  const std::vector<Register>& registers() const { return registers_; }  // by number
  const Register* find(std::string_view name) const;  // exact; else the usual second name (r13/sp, r15/pc, x2/sp, ...)
  const Register* find(int number) const;
  const Register* program_counter() const;
  const Register* stack_pointer() const;
  bool empty() const { return registers_.empty(); }

 private:
  std::string architecture_;
  std::vector<Register> registers_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

// `documents` holds target.xml and what it includes, by name. Errors: ENGINE_PROTOCOL with line and what is wrong.
Result<TargetDescription> parse_target_description(const std::map<std::string, std::string, std::less<>>& documents);

// The documents that this one includes (xi:include href), for the one who fetches them. Errors as above.
Result<std::vector<std::string>> included_documents(std::string_view xml);

// What gdb assumes of a stub that has no description; empty for an architecture that is not known here.
TargetDescription default_description(Architecture architecture);

}  // namespace virserver::gdb
